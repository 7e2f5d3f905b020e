// The column of messages. A message keeps its element until it changes, so that what someone is typing
// into a card, and where they look, survives the arrival of others.

import { avatar, el, icon, iconButton, menuItem, openMenu } from './dom.js';
import { attachmentView, CardView } from './cards.js';
import { fileChips, isFile, isPicture, pictures } from './attach.js';
import { isSilent } from './signin.js';
import { automaticRefresh, execute, messageHandlers, refreshOnce } from './acts.js';
import { ADAPTIVE } from './answers.js';
import { messageText } from './prose.js';
import { Compose } from './compose.js';
import { messageCommands, openAction } from './extension.js';
import { appsFor, install } from './places.js';
import { api } from './api.js';
import { toast } from './toast.js';

const REACTIONS = ['like', 'heart', 'laugh', 'surprised', 'sad', 'angry'];
const NEAR_END = 160; // px from the end within which new messages are followed

// Who stood on a button of a message that the app replaced stands on the one of the same name, or on the first.
function refocus(node, name) {
  const buttons = [...node.querySelectorAll('.card button')];
  (buttons.find(({ textContent }) => textContent === name) ?? buttons[0])?.focus({ preventScroll: true });
}

export class Messages {
  /** `compose` is the main box, where results of message actions go. */
  constructor(session, compose) {
    Object.assign(this, { session, compose });
    this.posts = new Map();
    this.nodes = new Map();
    this.list = el('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': session.t('messages'), tabindex: '0', testid: 'messages' });
    this.list.addEventListener('scroll', () => this.scrolled());
    this.growth = new ResizeObserver(() => { if (this.following) this.list.scrollTop = this.list.scrollHeight; });
    this.growth.observe(this.list);
    this.typing = el('p', { class: 'typing', role: 'status', testid: 'typing' });
    this.element = el('div', { class: 'log-column' }, this.list, this.typing);
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.session.messages.length ? [] : [this.emptyNote()]);
    for (const message of this.session.messages) this.add(message);
    this.drawTyping();
    this.toEnd();
  }

  emptyNote() {
    const { session } = this;
    const { t } = session;
    const missing = session.appsIn().length ? [] : appsFor(session);
    return el('div', { class: 'empty' }, icon('app'), el('p', { class: 'empty-title', text: t('empty') }), el('p', { text: t(missing.length ? 'installHint' : 'emptyHint') }),
      missing.map((app) => el('button', { type: 'button', class: 'button primary', testid: `install-${app.key}`, text: t('install', app), onclick: () => install(session, app) })));
  }

  drawTyping() {
    const typist = this.session.typists.get(this.session.chat);
    this.typing.replaceChildren(...typist ? [el('span', { class: 'dots', 'aria-hidden': 'true' }), el('span', { text: this.session.t('typing', typist) })] : []);
  }

  /** Shows a message that is new or has changed. */
  hear({ change, message }) {
    if (change === 'changed') {
      this.replace(message);
      return;
    }
    const follow = this.isNearEnd() || message.from === this.session.as;
    for (const old of this.list.querySelectorAll('.empty, .suggestions')) old.remove();
    this.add(message);
    if (follow) this.toEnd(message);
  }

  // Who scrolls up wants to stay there. A message that grows, as its picture arrives, moves nobody.
  scrolled() {
    const { scrollTop } = this.list;
    if (this.isNearEnd()) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
  }

  isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  // In a channel a reply may stand far above the end: go where it is.
  toEnd(message) {
    const node = message?.thread ? this.nodes.get(message.id) : null;
    if (node && !this.list.lastElementChild.contains(node)) node.scrollIntoView({ block: 'nearest' });
    else {
      this.following = true; // also while pictures and drawings make the messages grow
      this.list.scrollTop = this.list.scrollHeight;
    }
  }

  add(message) {
    const node = this.messageNode(message);
    this.nodes.set(message.id, node);
    this.growth.observe(node);
    const post = message.thread && this.posts.get(message.thread);
    if (post) post.append(node);
    else this.list.append(this.session.conversation.kind === 'channel' ? this.post(message, node) : node);
    this.refreshCards(message, node);
  }

  replace(message) {
    const node = this.messageNode(message);
    const old = this.nodes.get(message.id);
    if (old) {
      this.growth.unobserve(old);
      const focused = old.contains(document.activeElement) ? document.activeElement.textContent : '';
      old.replaceWith(node);
      if (focused) refocus(node, focused);
    }
    this.nodes.set(message.id, node);
    this.growth.observe(node);
    this.refreshCards(message, node);
  }

  // A post of a channel: its first message, the replies, and a place to reply.
  post(message, node) {
    const replies = el('div', { class: 'replies' });
    this.posts.set(message.id, replies);
    const open = el('button', { type: 'button', class: 'reply-open', testid: 'reply' }, icon('reply'), el('span', { text: this.session.t('composeReply') }));
    const post = el('section', { class: 'post', testid: `thread-${message.id}` }, node, replies, open);
    open.addEventListener('click', () => {
      const compose = new Compose(this.session, { thread: message.id });
      open.replaceWith(compose.element);
      compose.focus();
    });
    return post;
  }

  messageNode(message) {
    const { session } = this;
    if (isSilent(message)) return el('div', { hidden: true, data: { id: message.id } }); // keeps its place
    const mine = message.from === session.as;
    const bot = message.from.startsWith('bot:');
    const name = message.name || session.person(message.from)?.name || message.from;
    const head = this.head(message, name);
    if (!message.deleted) head.append(this.tools(message, head));
    const content = el('div', { class: 'message-content' }, head, message.deleted ? el('p', { class: 'gone', text: session.t('deleted') }) : this.parts(message));
    return el('article', { class: `message${mine ? ' mine' : ''}${bot ? ' from-bot' : ''}`, testid: 'message', data: { id: message.id, from: message.from }, 'aria-label': `${name}, ${this.time(message)}` },
      avatar(name, { bot }), content);
  }

  head(message, name) {
    return el('header', {}, el('span', { class: 'who', text: name }), el('time', { datetime: message.time, text: this.time(message) }),
      message.edited && !message.deleted ? el('span', { class: 'edited', text: this.session.t('edited') }) : null);
  }

  time({ time }) {
    return this.session.moment(time);
  }

  /** Writes the times again: what was said today was said yesterday once the clock is set to tomorrow. */
  drawTimes() {
    for (const time of this.list.querySelectorAll('time')) time.textContent = this.time({ time: time.dateTime });
  }

  parts(message) {
    const format = message.textFormat || (message.from.startsWith('bot:') ? 'markdown' : 'plain');
    const shown = (message.attachments ?? []).filter(({ contentType }) => contentType !== 'text/html');
    const [inline, files] = [shown.filter(isPicture), shown.filter(isFile)];
    const cards = shown.map((attachment, index) => (isPicture(attachment) || isFile(attachment) ? null : this.attachment(message, attachment, index))).filter(Boolean);
    return [
      message.text ? el('div', { class: 'bubble' }, messageText(message.text, format)) : null,
      inline.length ? pictures(this.session, inline) : null,
      files.length ? fileChips(this.session, files) : null,
      ...message.attachmentLayout === 'carousel' ? [el('div', { class: 'carousel' }, cards)] : cards,
      this.reactions(message), this.suggestions(message),
    ];
  }

  reactions({ reactions }) {
    if (!reactions?.length) return null;
    const counts = new Map();
    for (const { type } of reactions) counts.set(type, (counts.get(type) ?? 0) + 1);
    return el('div', { class: 'reactions' }, [...counts].filter(([type]) => REACTIONS.includes(type)).map(([type, count]) => el('span', {
      class: 'reaction', role: 'img', 'aria-label': `${this.session.t(type)} ${count}`, testid: 'reaction',
    }, icon(type), count > 1 ? String(count) : null)));
  }

  // Suggested actions stand under the newest message of a personal chat, and go with the next.
  suggestions({ id, suggestedActions }) {
    const actions = (suggestedActions?.actions ?? []).filter(({ type }) => type === 'imBack');
    if (!actions.length || this.session.messages.at(-1)?.id !== id) return null;
    return el('div', { class: 'suggestions' }, actions.map(({ title, value }) => el('button', {
      type: 'button', class: 'command', text: title, onclick: () => this.compose.say(String(value)),
    })));
  }

  attachment(message, attachment, index) {
    const { session } = this;
    const handlers = messageHandlers(session, message, index);
    if (attachment.contentType !== ADAPTIVE) return attachmentView(session, attachment, handlers, message);
    const shown = session.views.get(session.viewKey(session.chat, message.id, index)) ?? attachment.content;
    const view = new CardView(session, shown, handlers);
    view.element.cardView = { view, index };
    return view.element;
  }

  cardsOf(node) {
    return [...node.querySelectorAll('.card')].map((card) => card.cardView).filter(Boolean);
  }

  refreshCards(message, node) {
    for (const { view, index } of this.cardsOf(node)) refreshOnce(this.session, { message, view, index });
  }

  tools(message, head) {
    const { t } = this.session;
    const button = iconButton('more', t('messageActions'), {
      testid: 'message-menu', 'aria-haspopup': 'menu', 'aria-expanded': 'false',
      onclick: () => this.openMenu(message, button, head.parentElement),
    });
    return el('span', { class: 'tools' }, button);
  }

  openMenu(message, button, content) {
    const { session } = this;
    let close;
    const after = (deed) => () => { close(); button.focus(); deed(); };
    const refreshable = this.cardsOf(content).filter(({ view }) => view.json.refresh && !automaticRefresh(session, view.json));
    close = openMenu(button, {
      label: session.t('messageActions'), testid: 'message-menu-list',
      className: button.getBoundingClientRect().top > window.innerHeight / 2 ? 'up' : '',
      items: [
        el('div', { class: 'reactions-row', role: 'group', 'aria-label': session.t('react') },
          REACTIONS.map((name) => iconButton(name, session.t(name), { testid: `react-${name}`, onclick: after(() => this.react(message, name)) }))),
        ...refreshable.map(({ view, index }) => menuItem(session.t('refreshCard'), {
          iconName: 'refresh', onclick: after(() => execute(session, { message, view, index }, view.json.refresh.action, 'manual')),
        })),
        ...message.from === session.as ? this.ownItems(message, after) : [],
        ...messageCommands(session).map(({ app, command }) => menuItem(command.title, {
          iconName: 'app', hint: app.name, testid: `message-action-${command.id}`,
          onclick: after(() => openAction(session, { app, command, context: 'message', message, compose: this.compose })),
        })),
      ],
    });
  }

  // What people may do with what they said themselves.
  ownItems(message, after) {
    const { session } = this;
    const remove = () => api.remove({ ...session.here(), messageId: message.id }).catch(() => toast(session, session.t('notOffered')));
    return [
      message.text ? menuItem(session.t('edit'), { iconName: 'edit', testid: 'edit-message', onclick: after(() => this.compose.edit(message)) }) : null,
      menuItem(session.t('remove'), { iconName: 'bin', testid: 'delete-message', onclick: after(remove) }),
    ].filter(Boolean);
  }

  react(message, name) {
    const { session } = this;
    const remove = (message.reactions ?? []).some(({ from, type }) => from === session.as && type === name);
    api.react({ ...session.here(), messageId: message.id, reaction: name, remove })
      .catch(() => toast(session, session.t('notOffered')));
  }
}
