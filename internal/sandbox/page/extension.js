// The message extensions of the apps: search with its results beside the compose box, and the actions
// that open a dialog from the compose box or from a message.

import { debounce, el, icon, iconButton, moveWithArrows } from './dom.js';
import { picture } from './attach.js';
import { runTask } from './dialog.js';
import { isListed, readInvoke } from './answers.js';
import { openPopup } from './popup.js';
import { toast } from './toast.js';

const PAGE = 25; // results asked for at a time
const PAUSE_MS = 300; // how long the client waits for the next key

const offered = (command, place) => (command.context ?? ['compose', 'commandBox']).includes(place);
const ofType = (app, type, place) => (app.extension ?? []).filter((command) => (command.type ?? 'query') === type && offered(command, place));

/** The apps with something to offer beside the compose box. */
export const composeApps = (session) => session.appsIn().filter((app) => ofType(app, 'query', 'compose').length || ofType(app, 'action', 'compose').length);

/** The apps with something to offer in the command box, which people open from anywhere. */
export const boxApps = (session) => session.world.apps.filter((app) => ofType(app, 'query', 'commandBox').length || ofType(app, 'action', 'commandBox').length);

/** The actions that apps offer on a message, each {app, command}. They need no bot in the conversation. */
export const messageCommands = (session) => session.world.apps.flatMap((app) => ofType(app, 'action', 'message').map((command) => ({ app, command })));

/** Opens an action command: from the compose box, or from a message with its content. */
export function openAction(session, { app, command, context, message, compose }) {
  const base = { commandId: command.id, commandContext: context, context: { theme: session.themeName } };
  // The server adds the message as Teams hands it over.
  const place = { app: app.key, messageId: message?.id, thread: message ? undefined : compose.thread };
  const send = (value) => session.invoke('composeExtension/submitAction', { ...base, ...value }, place);
  return runTask(session, {
    app,
    fetch: (signedIn) => session.invoke('composeExtension/fetchTask', { ...base, ...signedIn }, place),
    submit: (data, signedIn) => send({ data, ...signedIn }),
    preview: (action, activity) => send({ botMessagePreviewAction: action, botActivityPreview: [activity] }),
    onresult: ([attachment]) => attachment && compose.setCard(inserted(attachment)),
  });
}

/** What goes into the compose box: the card itself, without its preview. */
const inserted = ({ preview: _, ...attachment }) => attachment;

/** The flyout of one app beside the compose box, or below the command box. */
export class ExtensionFlyout {
  constructor(session, { app, button, compose, place = 'compose' }) {
    Object.assign(this, { session, app, button, compose, context: place });
    this.queries = ofType(app, 'query', place);
    this.actions = ofType(app, 'action', place);
    this.later = debounce(() => this.ask(), PAUSE_MS);
    this.asked = 0;
    this.build();
  }

  build() {
    const { t } = this.session;
    this.input = el('input', { type: 'search', class: 'search', testid: 'extension-search', autocomplete: 'off', spellcheck: 'false', oninput: () => this.later() });
    this.results = el('div', { class: 'results', 'aria-live': 'polite', 'aria-label': t('results'), role: 'group' });
    this.tabs = el('div', { class: 'tabs' });
    this.element = el('section', { class: `flyout ${this.context}`, role: 'dialog', 'aria-label': this.app.name, testid: 'extension-flyout', onkeydown: (event) => this.key(event) },
      el('header', {}, el('h2', { text: this.app.name }), iconButton('close', t('close'), { onclick: () => this.close(true) })),
      this.queries.length > 1 ? this.tabs : null,
      this.queries.length ? el('label', { class: 'search-box' }, icon('search'), this.input) : null,
      this.queries.length ? this.results : null,
      this.actions.length ? el('footer', {}, this.actions.map((command) => this.actionButton(command))) : null);
  }

  actionButton(command) {
    return el('button', {
      type: 'button', class: 'button', text: command.title, title: command.description ?? '', testid: `action-${command.id}`,
      onclick: () => { this.close(true); openAction(this.session, { app: this.app, command, context: this.context.toLowerCase(), compose: this.compose }); },
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
    this.sight?.disconnect();
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

  /** Asks the app, after a sign-in with what its page gave; only the answer to the newest question is shown. */
  async ask(skip = 0, signedIn = {}) {
    const parameters = this.parameters();
    this.asked += 1;
    const mine = this.asked;
    if (!parameters) return this.say('searchStart');
    if (skip === 0) this.say('searching');
    const outcome = readInvoke(await this.session.invoke('composeExtension/query', {
      commandId: this.command.id, parameters, queryOptions: { skip, count: PAGE }, ...signedIn,
    }, this.place()));
    if (mine === this.asked) this.take(outcome, skip);
    return undefined;
  }

  take(outcome, skip) {
    if (outcome.kind === 'result') return this.list(outcome, skip);
    if (outcome.kind === 'auth') return this.askSignIn(outcome, (signedIn) => this.ask(skip, signedIn));
    if (outcome.kind === 'config') return this.askSettings(outcome);
    if (skip > 0) return this.endPages(outcome.kind === 'failure' ? this.session.t(outcome.key) : outcome.text);
    if (outcome.kind === 'message') return this.sayText(outcome.text);
    return outcome.kind === 'failure' ? this.sayText(this.session.t(outcome.key), true) : this.say('noResults');
  }

  say(key) {
    this.sayText(this.session.t(key));
  }

  sayText(text, alarm = false) {
    this.results.replaceChildren(el('p', { class: `result-note${alarm ? ' alarm' : ''}`, testid: 'extension-note', text }));
  }

  // The app wants a sign-in first; what was asked is asked again with what its page gave.
  askSignIn({ title, url }, again) {
    this.askPage(title || this.session.t('signIn'), this.session.t('signInAsk'), async () => {
      const outcome = await openPopup(this.session, this.app, url);
      if (outcome.kind === 'done') again({ state: outcome.state });
      if (outcome.kind === 'refused') toast(this.session, this.session.t('signInRefused', { reason: outcome.reason }));
    });
  }

  // The app wants settings first; it hears what its page gave, or that the page was closed.
  askSettings({ title, url }) {
    this.askPage(title || this.session.t('openSettings', this.app), '', async () => {
      const outcome = await openPopup(this.session, this.app, url);
      if (outcome.kind === 'blocked') return;
      await this.session.invoke('composeExtension/setting', { state: outcome.kind === 'done' ? outcome.state : 'CancelledByUser' }, this.place());
      if (outcome.kind === 'done') this.ask();
    });
  }

  askPage(title, text, onclick) {
    const button = el('button', { type: 'button', class: 'button primary', text: title, testid: 'extension-link', onclick });
    this.results.replaceChildren(el('div', { class: 'result-note' }, text ? el('p', { text }) : null, button));
  }

  list({ layout, attachments }, skip) {
    this.endPages();
    if (skip === 0) {
      this.items = el('div', { class: `result-items ${layout}`, testid: `results-${layout}`, onkeydown: (event) => moveWithArrows(event, [...this.items.children]) });
      this.results.replaceChildren(this.items);
      this.results.scrollTop = 0;
    }
    const listed = attachments.filter(isListed);
    if (skip === 0 && !listed.length) return this.say('noResults');
    this.items.append(...listed.map((attachment) => this.result(attachment, layout)));
    if (skip > 0 && this.resume) this.items.children[skip]?.focus();
    if (attachments.length >= PAGE) this.offerMore(skip + PAGE);
    return undefined;
  }

  // The next page comes when the end is scrolled into sight, or the button is pressed.
  offerMore(skip) {
    const more = () => {
      this.resume = document.activeElement === this.more;
      this.endPages(this.session.t('searching'));
      this.ask(skip);
    };
    this.more = el('button', { type: 'button', class: 'button more', text: this.session.t('moreResults'), testid: 'extension-more', onclick: more });
    this.results.append(this.more);
    this.sight = new IntersectionObserver(([{ isIntersecting }]) => { if (isIntersecting) more(); }, { root: this.results });
    this.sight.observe(this.more);
  }

  // What stands below the results: nothing, or why there is no more.
  endPages(text = '') {
    this.sight?.disconnect();
    this.more?.remove();
    this.more = text ? el('p', { class: 'result-note', testid: 'extension-note', text }) : null;
    if (this.more) this.results.append(this.more);
  }

  result(attachment, layout) {
    const { title = '', subtitle, text, images } = attachment.preview?.content ?? attachment.content ?? {};
    const image = images?.[0] ?? (layout === 'grid' ? { alt: '' } : null);
    return el('button', { type: 'button', class: 'result', testid: 'extension-result', title: layout === 'grid' ? title : undefined, onclick: () => this.pick(attachment) },
      image ? picture(image, 'thumb') : null,
      el('span', { class: 'result-words' }, el('strong', { text: title }), subtitle ? el('span', { text: subtitle }) : null, text ? el('span', { class: 'subtle', text }) : null));
  }

  // A preview with a tap asks the app for the card that goes into the box.
  async pick(attachment, signedIn = {}) {
    const tap = attachment.preview?.content?.tap;
    if (tap?.type !== 'invoke') return this.insert(attachment);
    this.results.inert = true;
    const outcome = readInvoke(await this.session.invoke('composeExtension/selectItem', { ...tap.value, ...signedIn }, this.place()));
    this.results.inert = false;
    if (outcome.kind === 'result' && outcome.attachments.length) return this.insert(outcome.attachments[0]);
    if (outcome.kind === 'auth') return this.askSignIn(outcome, (again) => this.pick(attachment, again));
    if (outcome.kind === 'failure') return this.sayText(this.session.t(outcome.key), true);
    return toast(this.session, outcome.text ?? this.session.t('noResults'));
  }

  insert(attachment) {
    this.close();
    this.compose.setCard(inserted(attachment));
  }
}
