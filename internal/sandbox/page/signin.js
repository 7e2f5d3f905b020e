// Sign-in in a chat: the cards by which an app asks for it, and what is sent when the person has signed in.

import { el, icon } from './dom.js';
import { openPopup } from './popup.js';
import { toast } from './toast.js';

/** The content types of cards that ask for a sign-in. */
export const SIGN_IN = ['application/vnd.microsoft.card.oauth', 'application/vnd.microsoft.card.signin'];

/** Tells whether a message is a sign-in that Teams tries, or has finished, without showing it. */
export const isSilent = ({ signIn, deleted }) => !deleted && (signIn === 'trying' || signIn === 'silent');

/**
 * Lets somebody sign in for a message of an app, which hears the outcome as signin/verifyState. Gives true when the
 * app took it, false when not, null when the person thought better of it.
 */
export async function signInAt(session, message, url) {
  const app = session.appOf(message);
  const outcome = await openPopup(session, app, url);
  if (outcome.kind === 'blocked') return null;
  if (outcome.kind === 'refused') {
    toast(session, session.t('signInRefused', { reason: outcome.reason }));
    return false;
  }
  const closed = outcome.kind === 'closed';
  const answer = await session.invoke('signin/verifyState', { state: closed ? 'CancelledByUser' : outcome.state }, { messageId: message.id, app: app.key });
  if (closed) return null;
  return !answer.problem && answer.status >= 200 && answer.status <= 299;
}

/** A card that asks for a sign-in. */
export function signInCard(session, message, { content }) {
  const { t } = session;
  const foot = el('div', { class: 'card-foot', role: 'status' });
  const buttons = (content.buttons ?? []).filter(({ type }) => type === 'signin' || type === 'openUrl');
  const press = async (button, url) => {
    button.disabled = true;
    foot.replaceChildren();
    const taken = await signInAt(session, message, url);
    button.disabled = false;
    if (taken === false) foot.replaceChildren(el('p', { class: 'card-trouble', role: 'alert', testid: 'card-trouble' }, icon('warning'), el('span', { text: t('signInFailed') })));
  };
  return el('div', { class: 'card', testid: 'card', data: { problems: '0' } },
    el('div', { class: 'plain-card sign-in-card' },
      el('span', { class: 'card-mark', 'aria-hidden': 'true' }, icon('key')),
      el('div', { class: 'plain-words' }, content.title ? el('h3', { text: content.title }) : null, el('p', { text: content.text || t('signInAsk') })),
      message.signIn === 'done' ? el('p', { class: 'settled', testid: 'signed-in' }, icon('check'), el('span', { text: t('signInDone') }))
        : el('div', { class: 'plain-buttons' }, buttons.map(({ title, value }) => el('button', {
          type: 'button', class: 'button primary', text: title || t('signIn'), testid: 'sign-in', onclick: (event) => press(event.currentTarget, String(value)),
        })))),
    foot);
}
