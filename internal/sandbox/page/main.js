// The small Teams of the sandbox: a page in which the apps of this service can be used without Teams.
// It is for developing, testing and looking around; it is not a Teams client and keeps nothing.
// This file joins the parts: each draws one region from the session and is drawn again when that changes.

import { el, iconButton, menuItem, openMenu } from './dom.js';
import { Session } from './session.js';
import { drawBar } from './bar.js';
import { about, chatMark, drawChats } from './chats.js';
import { keepTime } from './clock.js';
import { placeButton } from './places.js';
import { drawBadge } from './trouble.js';
import { Compose } from './compose.js';
import { Messages } from './messages.js';
import { ActivityPanel } from './activity.js';
import { boxApps, ExtensionFlyout } from './extension.js';
import { toast } from './toast.js';

const regions = Object.fromEntries(['bar', 'frame', 'chats', 'conversation', 'activity'].map((id) => [id, document.getElementById(id)]));

class Page {
  constructor(session) {
    this.session = session;
    this.activity = new ActivityPanel(session, regions.activity);
    session.on('world', () => { this.drawLook(); this.drawTop(); });
    session.on('conversation', () => { this.drawTop(); this.drawConversation(); });
    session.on('messages', (news) => this.messages?.hear(news));
    session.on('typing', () => this.messages?.drawTyping());
    session.on('activity', (entry) => (entry ? this.activity.add(entry) : this.activity.drawEntries()));
    session.on('unread', () => drawChats(session, regions.chats));
    session.on('faults', () => drawBadge(session, regions.bar));
    session.on('clock', () => { this.messages?.drawTimes(); this.activity.readRecord(); });
    keepTime(session, regions.bar);
    session.on('settings', (name) => this.change(name));
    this.drawLook();
    this.drawConversation();
  }

  change(name) {
    this.drawLook();
    drawBar(this.session, regions.bar);
    if (name === 'showActivity' || name === 'lang') this.activity.draw();
    if (name !== 'lang' && name !== 'theme') return;
    drawChats(this.session, regions.chats);
    this.drawConversation();
  }

  drawLook() {
    const { lang, theme, width, chat, t } = this.session;
    const root = document.documentElement;
    root.lang = lang;
    root.dataset.theme = theme;
    root.dataset.width = width;
    regions.frame.dataset.open = chat ? 'chat' : 'list';
    document.title = `${this.session.conversation?.name ?? t('title')} · ${t('subtitle')}`;
  }

  drawTop() {
    this.drawLook();
    drawBar(this.session, regions.bar);
    drawChats(this.session, regions.chats);
  }

  drawConversation() {
    const { session } = this;
    const draft = this.compose && this.place === `${session.as} ${session.chat}` ? { text: this.compose.text.value, card: this.compose.card } : null;
    this.place = `${session.as} ${session.chat}`;
    this.messages = null;
    this.compose = null;
    if (!session.conversation) {
      regions.conversation.replaceChildren(el('p', { class: 'empty', text: session.t('emptyHint') }));
      return;
    }
    this.compose = new Compose(session);
    this.messages = new Messages(session, this.compose);
    regions.conversation.replaceChildren(this.head(), this.messages.element, this.compose.element);
    if (draft) this.restore(draft);
    this.messages.toEnd();
  }

  // A change of language or theme draws the box anew; what was being written stays.
  restore({ text, card }) {
    this.compose.text.value = text;
    if (card) this.compose.setCard(card);
    this.compose.draw();
  }

  head() {
    const { session } = this;
    const chat = session.conversation;
    return el('header', { class: 'chat-head', testid: 'chat-head', data: { chat: chat.id } },
      iconButton('back', session.t('back'), { class: 'icon-button back', testid: 'back', onclick: () => session.open('') }),
      chatMark(chat),
      el('div', { class: 'chat-words' }, el('h2', { text: chat.kind === 'channel' ? `${chat.team} › ${chat.name}` : chat.name }), el('small', { text: about(session, chat) })),
      placeButton(session), this.commandBox());
  }

  // What apps offer from anywhere: in Teams the box on top of everything, here a button beside the name of the chat.
  commandBox() {
    const { session } = this;
    const apps = boxApps(session);
    if (!apps.length) return null;
    const button = iconButton('search', session.t('commandBox'), { testid: 'command-box', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => choose() });
    const host = el('span', { class: 'menu-host' }, button);
    const open = (app) => {
      this.flyout?.close();
      this.flyout = new ExtensionFlyout(session, { app, button, compose: this.compose, place: 'commandBox' });
      host.append(this.flyout.element);
      this.flyout.open();
    };
    const choose = () => {
      if (button.getAttribute('aria-expanded') === 'true') return;
      const close = openMenu(button, { label: session.t('commandBox'), testid: 'command-box-menu', items: apps.map((app) => menuItem(app.name, { iconName: 'app', testid: `command-box-${app.key}`, onclick: () => { close(); open(app); } })) });
    };
    return host;
  }
}

async function begin() {
  const session = new Session();
  new Page(session).drawTop();
  try {
    await session.start();
  } catch (error) {
    toast(session, session.t('serverGone'));
    throw error;
  }
}

begin();
