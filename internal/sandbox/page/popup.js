// A page of an app in a window of its own, as Teams opens one for a sign-in or for settings: it ends when the page
// says so through TeamsJS, or when the person closes it.

import { Host } from './host.js';
import { linkToast, toast } from './toast.js';

const LOOK_MS = 250; // how often it is seen whether the window is still open
const SIZE = { width: [600, 320, 1200], height: [640, 320, 1000] }; // usual, least, most

let present; // one at a time

/** Width or height that an address asks for, within bounds. */
function measure(address, name) {
  const [usual, least, most] = SIZE[name];
  return Math.min(most, Math.max(least, Number(address.searchParams.get(name)) || usual));
}

function webAddress(url) {
  try {
    const address = new URL(url);
    return ['https:', 'http:'].includes(address.protocol) ? address : null;
  } catch {
    return null;
  }
}

/**
 * Opens an address for an app. The outcome is {kind}: done (with `state`, what the page gave), refused (with
 * `reason`), closed by the person, or blocked when no window could be opened. Call it while a press is handled,
 * or the browser blocks it.
 */
export function openPopup(session, app, url) {
  const address = webAddress(url);
  if (!address) {
    linkToast(session, String(url));
    return Promise.resolve({ kind: 'blocked' });
  }
  present?.();
  const features = `popup,width=${measure(address, 'width')},height=${measure(address, 'height')}`;
  const popup = window.open(address.href, '_blank', features);
  if (!popup) {
    toast(session, session.t('popupBlocked'));
    return Promise.resolve({ kind: 'blocked' });
  }
  return watch(session, app, popup);
}

function watch(session, app, popup) {
  return new Promise((resolve) => {
    const end = (outcome) => {
      clearInterval(timer);
      host.stop();
      popup.close();
      present = undefined;
      resolve(outcome);
    };
    const timer = setInterval(() => { if (popup.closed) end({ kind: 'closed' }); }, LOOK_MS);
    present = () => end({ kind: 'closed' });
    const host = new Host(session, {
      app, guest: () => popup, frameContext: 'authentication',
      answers: {
        'authentication.authenticate.success': ([state]) => end({ kind: 'done', state: String(state ?? '') }),
        'authentication.authenticate.failure': ([reason]) => end({ kind: 'refused', reason: String(reason ?? '') }),
      },
    });
  });
}
