// What people do with cards in messages: run an action, send a form, open a dialog. Each asks the server,
// reads the answer and shows it where Teams would.

import { api } from './api.js';
import { readAction, readInvoke } from './answers.js';
import { runTask } from './dialog.js';
import { openPopup } from './popup.js';
import { signInAt } from './signin.js';
import { toast } from './toast.js';

const AUTOMATIC = 60; // with more members than this, cards refresh only by hand

/** The handlers of the card at `index` of a message. */
export function messageHandlers(session, message, index) {
  return {
    onaction: (action, view) => {
      const place = { message, index, view };
      return action.getJsonTypeName() === 'Action.Execute' ? execute(session, place, action, 'manual') : submit(session, place, action.data ?? {});
    },
    onbutton: (button) => pressButton(session, message, button),
    search: (value) => session.invoke('application/search', value, { messageId: message.id }),
  };
}

/** Runs an Action.Execute and shows its answer in place, for this person only. `state` is what a sign-in page gave. */
export async function execute(session, place, action, trigger, state) {
  const { message, index, view } = place;
  const manual = trigger === 'manual';
  const key = session.viewKey(session.chat, message.id, index);
  if (manual) view.busy(true);
  const outcome = readAction(await session.act(message.id, { type: 'Action.Execute', id: action.id, verb: action.verb, data: action.data ?? {} }, trigger, state));
  if (manual) view.busy(false);
  if (outcome.kind === 'card') {
    session.views.set(key, outcome.card);
    // Meanwhile the app may have updated the message, which then stands there in a new view.
    if (view.element.isConnected) view.show(outcome.card);
    else session.redraw(message.id);
  }
  if (manual) showOutcome(session, place, action, outcome);
}

function showOutcome(session, place, action, outcome) {
  const { view } = place;
  if (outcome.kind === 'toast') toast(session, outcome.text);
  if (outcome.kind === 'failure') view.trouble(outcome.key);
  if (outcome.kind === 'signIn') view.askSignIn(outcome, (url) => signInFor(session, place, action, url));
}

// After the sign-in the action is repeated with what the page gave.
async function signInFor(session, place, action, url) {
  const outcome = await openPopup(session, session.appOf(place.message), url);
  if (outcome.kind === 'refused') toast(session, session.t('signInRefused', { reason: outcome.reason }));
  if (outcome.kind === 'done') await execute(session, place, action, 'manual', outcome.state);
}

/** The refresh action of a card when the client runs it by itself for this person, else null. */
export function automaticRefresh(session, card) {
  const { action, userIds } = card.refresh ?? {};
  if (action?.type !== 'Action.Execute' || session.conversation.members.length > AUTOMATIC) return null;
  if (userIds === undefined) return action;
  return userIds.length <= AUTOMATIC && userIds.includes(session.me?.mri) ? action : null;
}

/** Sends the refresh of a card once for each time it is drawn anew. */
export function refreshOnce(session, place) {
  const key = session.viewKey(session.chat, place.message.id, place.index);
  const action = automaticRefresh(session, place.view.json);
  if (!action || session.refreshed.has(key)) return;
  session.refreshed.add(key);
  execute(session, place, action, 'automatic');
}

async function submit(session, place, data) {
  const hint = data.msteams ?? {};
  switch (hint.type) {
    case 'task/fetch': return openTask(session, place.message, data);
    case 'imBack': return say(session, place.message, String(hint.value));
    case 'messageBack': return tell(session, place, hint.value ?? data);
    case 'signin': return signInAt(session, place.message, String(hint.value));
    case 'invoke': return tellByInvoke(session, place, hint.value ?? {});
    default: return tell(session, place, data);
  }
}

async function tell(session, { message, view }, value) {
  view?.busy(true);
  const sent = await api.submit({ ...session.here(), messageId: message.id, value }).then(() => true, () => false);
  view?.busy(false);
  if (!sent) view?.trouble('wrong');
}

async function tellByInvoke(session, { message, view }, value) {
  if (value.type === 'task/fetch') return openTask(session, message, value);
  view?.busy(true);
  const outcome = readInvoke(await session.invoke(value.type === 'task/submit' ? 'task/submit' : '', value, { messageId: message.id }));
  view?.busy(false);
  if (outcome.kind === 'failure') view?.trouble(outcome.key);
  return undefined;
}

async function say(session, message, text) {
  await api.send({ ...session.here(), text, mention: session.conversation.kind !== 'personal', thread: threadOf(session, message), theme: session.themeName })
    .catch(() => toast(session, session.t('sendFailed')));
}

// The thread that an answer to a message belongs to; only channels have threads.
const threadOf = (session, message) => (session.conversation.kind === 'channel' ? message.thread || message.id : '');

function openTask(session, message, data) {
  const send = (name, values, signedIn) => session.invoke(name, { data: values, context: { theme: session.themeName }, ...signedIn }, { messageId: message.id });
  return runTask(session, {
    app: session.appOf(message),
    fetch: (signedIn) => send('task/fetch', data, signedIn),
    submit: (values, signedIn) => send('task/submit', values, signedIn),
  });
}

function pressButton(session, message, { type, value, text, title }) {
  const place = { message };
  switch (type) {
    case 'imBack': return say(session, message, String(value));
    case 'messageBack': return tell(session, place, value ?? text ?? title);
    case 'invoke': return tellByInvoke(session, place, value ?? {});
    case 'signin': return signInAt(session, message, String(value));
    default: return undefined;
  }
}
