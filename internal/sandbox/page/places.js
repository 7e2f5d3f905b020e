// The apps of a place: the menu beside the name of a conversation, where they are added, set up and removed.

import { el, iconButton, menuItem, openMenu } from './dom.js';
import { api } from './api.js';
import { runTask } from './dialog.js';
import { toast } from './toast.js';

/** The apps that could be in a conversation; a personal chat belongs to one app. */
export function appsFor({ world, conversation }) {
  return world.apps.filter(({ key }) => conversation.kind !== 'personal' || conversation.id === `personal-${key}`);
}

/** Adds an app to the open conversation. */
export const install = (session, app) => change(session, app, api.install);

/** The button with the menu of the apps of the open conversation. */
export function placeButton(session) {
  const button = iconButton('app', session.t('placeApps'), { testid: 'place-apps', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => open(session, button) });
  return el('span', { class: 'menu-host' }, button);
}

function open(session, button) {
  if (button.getAttribute('aria-expanded') === 'true') return;
  const { t, conversation } = session;
  let close;
  const item = (app, key, iconName, deed) => menuItem(t(key, app), { iconName, testid: `place-${key}-${app.key}`, onclick: () => { close(); button.focus(); deed(); } });
  const items = (app) => (conversation.apps.includes(app.key)
    ? [app.configurable.includes(conversation.kind) ? item(app, 'configure', 'edit', () => configure(session, app)) : null, item(app, 'uninstall', 'bin', () => change(session, app, api.uninstall))]
    : [item(app, 'install', 'check', () => install(session, app))]);
  close = openMenu(button, {
    label: t('placeApps'), testid: 'place-menu',
    items: [el('p', { class: 'menu-hint', text: t(`placeHint_${conversation.kind}`) }), ...appsFor(session).flatMap(items)].filter(Boolean),
  });
}

async function change(session, app, deed) {
  try {
    await deed({ ...session.here(), app: app.key });
    await session.catchUp();
  } catch {
    toast(session, session.t('notOffered'));
  }
}

// The app is asked for its dialog; what it answers stands in its own envelope.
function configure(session, app) {
  const ask = (name, value) => session.invoke(name, { ...value, context: { theme: session.themeName } }, { app: app.key });
  return runTask(session, {
    app,
    fetch: (signedIn) => ask('config/fetch', { ...signedIn }),
    submit: (data, signedIn) => ask('config/submit', { data, ...signedIn }),
  });
}
