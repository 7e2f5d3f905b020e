// The message extensions of the apps: search with its results beside the compose box, and the actions
// that open a dialog from the compose box or from a message.

import { debounce, el, icon, iconButton } from './dom.js';
import { picture } from './cards.js';
import { runTask } from './dialog.js';
import { isListed, readInvoke } from './answers.js';
import { toast } from './toast.js';

const PAGE = 25; // results asked for at a time
const PAUSE_MS = 300; // how long the client waits for the next key

const offered = (command, place) => (command.context ?? ['compose', 'commandBox']).includes(place);
const ofType = (app, type, place) => (app.extension ?? []).filter((command) => (command.type ?? 'query') === type && offered(command, place));

/** The apps with something to offer beside the compose box. */
export const composeApps = (session) => session.appsIn().filter((app) => ofType(app, 'query', 'compose').length || ofType(app, 'action', 'compose').length);

/** The actions that apps offer on a message, each {app, command}. They need no bot in the conversation. */
export const messageCommands = (session) => session.world.apps.flatMap((app) => ofType(app, 'action', 'message').map((command) => ({ app, command })));

/** Opens an action command: from the compose box, or from a message with its content. */
export function openAction(session, { app, command, context, message, compose }) {
  const base = { commandId: command.id, commandContext: context, context: { theme: session.themeName } };
  if (message) base.messagePayload = payloadOf(session, message);
  const place = { app: app.key, messageId: message?.id, thread: message ? undefined : compose.thread };
  const send = (value) => session.invoke('composeExtension/submitAction', { ...base, ...value }, place);
  return runTask(session, {
    fetch: () => session.invoke('composeExtension/fetchTask', base, place),
    submit: (data) => send({ data }),
    preview: (action, activity) => send({ botMessagePreviewAction: action, botActivityPreview: [activity] }),
    onresult: ([attachment]) => attachment && compose.setCard(inserted(attachment)),
  });
}

// The message as Teams hands it to an action: HTML made of its text, and its attachments by id.
function payloadOf(session, message) {
  const body = el('div', { text: message.text ?? '' });
  const attachments = (message.attachments ?? []).map((attachment, i) => ({
    id: `a${i + 1}`, contentType: attachment.contentType, contentUrl: attachment.contentUrl ?? null, name: attachment.name ?? null,
    content: attachment.content ? JSON.stringify(attachment.content) : null, thumbnailUrl: null,
  }));
  for (const { id } of attachments) body.append(el('attachment', { id }));
  return {
    id: message.id, replyToId: message.thread || null, createdDateTime: message.time, subject: null, importance: 'normal', locale: session.locale.toLowerCase(),
    body: { contentType: 'html', content: body.outerHTML }, from: senderOf(session, message), reactions: [], mentions: [], attachments,
  };
}

function senderOf(session, { from, name }) {
  if (from.startsWith('bot:')) return { application: { id: session.world.apps.find(({ key }) => `bot:${key}` === from)?.id, displayName: name } };
  return { user: { userIdentityType: 'aadUser', id: session.person(from)?.objectId ?? from, displayName: name } };
}

/** What goes into the compose box: the card itself, without its preview. */
const inserted = ({ preview: _, ...attachment }) => attachment;

/** The flyout of one app beside the compose box. */
export class ExtensionFlyout {
  constructor(session, { app, button, compose }) {
    Object.assign(this, { session, app, button, compose });
    this.queries = ofType(app, 'query', 'compose');
    this.actions = ofType(app, 'action', 'compose');
    this.later = debounce(() => this.ask(), PAUSE_MS);
    this.asked = 0;
    this.build();
  }

  build() {
    const { t } = this.session;
    this.input = el('input', { type: 'search', class: 'search', testid: 'extension-search', autocomplete: 'off', spellcheck: 'false', oninput: () => this.later() });
    this.results = el('div', { class: 'results', 'aria-live': 'polite', 'aria-label': t('results'), role: 'group' });
    this.tabs = el('div', { class: 'tabs' });
    this.element = el('section', { class: 'flyout', role: 'dialog', 'aria-label': this.app.name, testid: 'extension-flyout', onkeydown: (event) => this.key(event) },
      el('header', {}, el('h2', { text: this.app.name }), iconButton('close', t('close'), { onclick: () => this.close(true) })),
      this.queries.length > 1 ? this.tabs : null,
      this.queries.length ? el('label', { class: 'search-box' }, icon('search'), this.input) : null,
      this.queries.length ? this.results : null,
      this.actions.length ? el('footer', {}, this.actions.map((command) => this.actionButton(command))) : null);
  }

  actionButton(command) {
    return el('button', {
      type: 'button', class: 'button', text: command.title, title: command.description ?? '', testid: `action-${command.id}`,
      onclick: () => { this.close(true); openAction(this.session, { app: this.app, command, context: 'compose', compose: this.compose }); },
    });
  }

  open() {
    this.outside = (event) => { if (!this.element.contains(event.target) && !this.button.contains(event.target)) this.close(); };
    document.addEventListener('pointerdown', this.outside, true);
    if (this.queries.length) this.choose(this.queries[0]);
    else this.element.querySelector('footer button')?.focus();
  }

  close(back = false) {
    document.removeEventListener('pointerdown', this.outside, true);
    this.later.cancel();
    this.asked += 1;
    this.element.remove();
    if (back) this.button.focus();
  }

  key(event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.close(true);
  }

  choose(command) {
    this.command = command;
    this.later.cancel();
    const [parameter] = command.parameters ?? [];
    this.input.placeholder = parameter?.description || parameter?.title || this.session.t('search');
    this.input.setAttribute('aria-label', parameter?.title || this.session.t('search'));
    this.input.value = '';
    this.tabs.replaceChildren(...this.queries.map((one) => el('button', { type: 'button', class: 'tab', 'aria-pressed': String(one === command), text: one.title, onclick: () => this.choose(one) })));
    this.input.focus();
    this.ask();
  }

  place() {
    return { app: this.app.key, thread: this.compose.thread };
  }

  parameters() {
    const text = this.input.value.trim();
    if (!text) return this.command.initialRun ? [{ name: 'initialRun', value: 'true' }] : null;
    return [{ name: this.command.parameters?.[0]?.name ?? 'query', value: text }];
  }

  /** Asks the app; only the answer to the newest question is shown. */
  async ask(skip = 0) {
    const parameters = this.parameters();
    this.asked += 1;
    const mine = this.asked;
    if (!parameters) return this.say('searchStart');
    if (skip === 0) this.say('searching');
    const outcome = readInvoke(await this.session.invoke('composeExtension/query', {
      commandId: this.command.id, parameters, queryOptions: { skip, count: PAGE },
    }, this.place()));
    if (mine === this.asked) this.take(outcome, skip);
    return undefined;
  }

  take(outcome, skip) {
    switch (outcome.kind) {
      case 'result': return this.list(outcome, skip);
      case 'message': return this.sayText(outcome.text);
      case 'auth': return this.askLink(outcome, this.session.t('signIn'), 'signedIn');
      case 'config': return this.askLink(outcome, this.session.t('openSettings', this.app), 'setUp');
      case 'failure': return this.sayText(this.session.t(outcome.key), true);
      default: return this.say('noResults');
    }
  }

  say(key) {
    this.sayText(this.session.t(key));
  }

  sayText(text, alarm = false) {
    this.results.replaceChildren(el('p', { class: `result-note${alarm ? ' alarm' : ''}`, testid: 'extension-note', text }));
  }

  // The app wants a sign-in or settings first; its page opens in a tab, and the query is asked again after.
  askLink({ title, url }, fallback, again) {
    this.results.replaceChildren(el('div', { class: 'result-note' },
      el('a', { class: 'button primary', href: url, target: '_blank', rel: 'noopener noreferrer', text: title || fallback, testid: 'extension-link' }),
      el('button', { type: 'button', class: 'button', text: this.session.t(again), onclick: () => this.ask() })));
  }

  list({ layout, attachments }, skip) {
    this.more?.remove();
    if (skip === 0) {
      this.items = el('div', { class: `result-items ${layout}` });
      this.results.replaceChildren(this.items);
    }
    const listed = attachments.filter(isListed);
    if (skip === 0 && !listed.length) return this.say('noResults');
    this.items.append(...listed.map((attachment) => this.result(attachment)));
    if (attachments.length < PAGE) return undefined;
    this.more = el('button', { type: 'button', class: 'button more', text: this.session.t('moreResults'), testid: 'extension-more', onclick: () => this.ask(skip + PAGE) });
    this.results.append(this.more);
    return undefined;
  }

  result(attachment) {
    const { title = '', subtitle, text, images } = attachment.preview?.content ?? attachment.content ?? {};
    return el('button', { type: 'button', class: 'result', testid: 'extension-result', onclick: () => this.pick(attachment) },
      images?.[0] ? picture(images[0], 'thumb') : null,
      el('span', { class: 'result-words' }, el('strong', { text: title }), subtitle ? el('span', { text: subtitle }) : null, text ? el('span', { class: 'subtle', text }) : null));
  }

  // A preview with a tap asks the app for the card that goes into the box.
  async pick(attachment) {
    const tap = attachment.preview?.content?.tap;
    if (tap?.type !== 'invoke') return this.insert(attachment);
    this.results.inert = true;
    const outcome = readInvoke(await this.session.invoke('composeExtension/selectItem', tap.value, this.place()));
    this.results.inert = false;
    if (outcome.kind === 'result' && outcome.attachments.length) return this.insert(outcome.attachments[0]);
    if (outcome.kind === 'failure') return this.sayText(this.session.t(outcome.key), true);
    return toast(this.session, outcome.text ?? this.session.t('noResults'));
  }

  insert(attachment) {
    this.close();
    this.compose.setCard(inserted(attachment));
  }
}
