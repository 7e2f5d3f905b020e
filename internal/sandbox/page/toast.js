// Short notices at the foot of the page, read out politely. They go by themselves or when dismissed.

import { el, iconButton } from './dom.js';
import { isOpenable } from './answers.js';

const STAY_MS = 9000;

function show(session, children, testid) {
  const toast = el('div', { class: 'toast', testid }, el('div', { class: 'toast-body' }, children),
    iconButton('close', session.t('dismiss'), { onclick: () => toast.remove() }));
  document.getElementById('toasts').append(toast);
  setTimeout(() => toast.remove(), STAY_MS);
}

/** Shows a sentence. */
export const toast = (session, text) => show(session, [el('p', { text })], 'toast');

/** Shows where a button leads, instead of leaving the page. */
export function linkToast(session, url) {
  const ok = isOpenable(url);
  show(session, [
    el('p', { text: session.t(ok ? 'leads' : 'badLink') }),
    el('p', { class: 'address', text: url }),
    ok ? el('a', { href: url, target: '_blank', rel: 'noopener noreferrer', text: session.t('openLink') }) : null,
  ], 'link-toast');
}
