// The box to write in, with everything around it: the mention, the commands, the search buttons of the
// apps and a card that waits to be sent.

import { el, icon, iconButton, menuItem, openMenu } from './dom.js';
import { attachmentView } from './cards.js';
import { composeApps, ExtensionFlyout } from './extension.js';
import { Files } from './files.js';
import { api } from './api.js';

const LONGEST = 4000; // characters of a message
const SCOPES = { personal: 'personal', groupChat: 'groupChat', channel: 'team' };

export class Compose {
  /** `thread` is the root message of a reply box, empty for the main box. */
  constructor(session, { thread = '' } = {}) {
    Object.assign(this, { session, thread, card: null, editing: '' });
    [this.app] = session.appsIn();
    this.needsMention = session.conversation.kind !== 'personal' && Boolean(this.app);
    this.mention = this.needsMention;
    this.build();
    this.draw();
  }

  build() {
    const { t } = this.session;
    const label = this.thread ? t('composeReply') : t(this.session.conversation.kind === 'channel' ? 'composePost' : 'compose');
    this.text = el('textarea', {
      rows: '1', maxlength: String(LONGEST), placeholder: label, 'aria-label': label, testid: 'compose', autocomplete: 'off',
      oninput: () => this.typed(), onkeydown: (event) => this.key(event), onpaste: (event) => this.pasted(event),
    });
    this.chips = el('div', { class: 'compose-chips' });
    this.slot = el('div', { class: 'compose-card' });
    this.strip = el('div', { class: 'command-strip', testid: 'commands', role: 'group', 'aria-label': t('commands') });
    this.note = el('p', { class: 'compose-note', role: 'alert' });
    this.sendButton = iconButton('send', t('send'), { class: 'icon-button send', testid: 'send', onclick: () => this.send() });
    this.files = new Files(this.session, { changed: () => this.draw(), refused: (key) => { this.note.textContent = t(key); } });
    this.tools = el('div', { class: 'compose-tools' }, this.commandButton(), this.files.button, composeApps(this.session).map((app) => this.appButton(app)), el('span', { class: 'spring' }), this.sendButton);
    this.anchor = el('div', { class: 'compose-anchor' });
    this.element = el('div', { class: `compose${this.thread ? ' reply' : ''}`, testid: this.thread ? 'reply-compose' : 'main-compose' },
      this.strip, this.note, this.anchor, el('div', { class: 'compose-box', ondragover: (event) => event.preventDefault(), ondrop: (event) => this.dropped(event) },
        this.chips, this.slot, this.files.element, this.text, this.tools));
  }

  draw() {
    this.drawChips();
    this.drawStrip();
    this.sendButton.disabled = !this.text.value.trim() && !this.card && !this.files.length;
    this.fit();
  }

  // The box grows with its text; before it is on the page it has no height to measure.
  fit() {
    this.text.style.height = '';
    if (this.text.scrollHeight > this.text.clientHeight) this.text.style.height = `${this.text.scrollHeight}px`;
  }

  drawChips() {
    const { t } = this.session;
    const chip = () => el('button', {
      type: 'button', class: 'chip', testid: 'mention', title: t('mentionOn', this.app), 'aria-label': t('mentionOn', this.app),
      onclick: () => this.setMention(false),
    }, el('span', { text: `@${this.app.name}` }), icon('close'));
    this.chips.replaceChildren(...this.mention ? [chip()] : []);
  }

  // The commands stand ready while the box is empty.
  drawStrip() {
    const idle = !this.text.value && !this.card && !this.thread;
    const commands = this.commands();
    const several = new Set(commands.map(({ app }) => app)).size > 1;
    this.strip.replaceChildren(...idle ? commands.flatMap(({ app, command }, i) => [
      several && commands[i - 1]?.app !== app ? el('span', { class: 'command-app', text: app.name }) : null,
      el('button', { type: 'button', class: 'command', text: command.title, title: command.description ?? '', onclick: () => this.insert(command, app) }),
    ]).filter(Boolean) : []);
  }

  // Those of the app that is addressed stand first.
  commands() {
    const scope = SCOPES[this.session.conversation.kind];
    return this.session.appsIn().toSorted((one, other) => (other === this.app) - (one === this.app)).flatMap((app) => (app.commands ?? [])
      .filter(({ scopes }) => !scopes?.length || scopes.includes(scope))
      .map((command) => ({ app, command })));
  }

  // Where there are several apps, the command goes to its own.
  insert(command, app) {
    this.app = app;
    this.text.value = `${command.title} `;
    this.focus();
    this.typed();
  }

  commandButton() {
    const button = iconButton('slash', this.session.t('commands'), { testid: 'command-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => this.openCommands() });
    this.slash = button;
    return this.commands().length ? button : null;
  }

  openCommands() {
    this.closeMenu?.();
    const commands = this.commands();
    const apps = [...new Set(commands.map(({ app }) => app))];
    const items = apps.flatMap((app) => [
      apps.length > 1 ? el('p', { class: 'menu-title', text: app.name }) : null,
      ...commands.filter((one) => one.app === app).map(({ command }) => menuItem(command.title, { hint: command.description, onclick: () => { this.closeMenu(); this.insert(command, app); } })),
    ]).filter(Boolean);
    this.closeMenu = openMenu(this.slash, { label: this.session.t('commandsOf', { name: apps.map(({ name }) => name).join(', ') }), testid: 'command-list', className: 'up', items });
  }

  appButton(app) {
    return el('button', {
      type: 'button', class: 'icon-button app-button', title: this.session.t('openApp', app), 'aria-label': this.session.t('openApp', app),
      testid: 'extension-button', data: { app: app.key }, 'aria-haspopup': 'dialog', onclick: (event) => this.openExtension(app, event.currentTarget),
    }, icon('search'), el('span', { text: app.name }));
  }

  openExtension(app, button) {
    this.flyout?.close();
    this.flyout = new ExtensionFlyout(this.session, { app, button, compose: this });
    this.anchor.append(this.flyout.element);
    this.flyout.open();
  }

  typed() {
    this.note.replaceChildren();
    this.draw();
    if (this.text.value === '/') return this.askCommand();
    if (/(^|\s)@$/.test(this.text.value)) this.askMention();
    this.takeMention();
    return undefined;
  }

  /** A mention that was written out to its end, or pasted, becomes the mention of the message, as in Teams. */
  takeMention() {
    const spelled = (app) => this.text.value.toLowerCase().startsWith(`@${app.name.toLowerCase()} `);
    const app = this.session.appsIn().find(spelled);
    if (!app) return;
    this.closeMenu?.();
    this.app = app;
    this.text.value = this.text.value.slice(app.name.length + 2);
    this.setMention(this.needsMention);
  }

  askCommand() {
    this.text.value = '';
    this.draw();
    if (this.commands().length) this.openCommands();
  }

  askMention() {
    const apps = this.session.appsIn();
    if (!apps.length) return;
    this.closeMenu?.();
    const items = apps.map((app) => menuItem(app.name, { iconName: 'app', testid: `mention-${app.key}`, onclick: () => this.choseMention(app) }));
    this.closeMenu = openMenu(this.text, { label: this.session.t('mentions'), testid: 'mention-list', className: 'up at-start', items });
  }

  choseMention(app) {
    this.closeMenu();
    this.app = app;
    this.text.value = this.text.value.replace(/@$/, '');
    this.setMention(this.needsMention);
    this.focus();
  }

  setMention(on) {
    this.mention = on;
    this.draw();
    this.text.focus();
  }

  key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  // A pasted picture goes along as a picture; pasted words go where the cursor is.
  pasted(event) {
    if (this.files.take(event.clipboardData, { attached: false })) event.preventDefault();
  }

  dropped(event) {
    event.preventDefault();
    this.files.take(event.dataTransfer, { attached: true });
  }

  focus() {
    this.text.focus();
  }

  /** Puts a card into the box, where it can be sent or removed. */
  setCard(attachment) {
    this.card = attachment;
    this.slot.replaceChildren();
    if (attachment) {
      const view = attachmentView(this.session, attachment);
      // Buttons of a card in the compose box do nothing until it is sent.
      view.inert = true;
      const remove = iconButton('close', this.session.t('removeCard'), { class: 'icon-button remove', testid: 'remove-card', onclick: () => this.setCard(null) });
      this.slot.append(el('div', { class: 'waiting', testid: 'compose-card' }, el('p', { class: 'subtle', text: this.session.t('cardReady') }), remove, view));
    }
    this.draw();
    this.focus();
  }

  /** Takes back a message into the box; sending it changes it. */
  edit({ id, text }) {
    this.editing = id;
    this.text.value = text.replace(/<at>.*?<\/at>\s*/, '');
    this.typed();
    this.focus();
  }

  /** Says something at once, as a press on a suggestion does. */
  say(text) {
    this.text.value = text;
    return this.send();
  }

  async send() {
    const text = this.text.value.trim();
    if ((!text && !this.card && !this.files.length) || this.sending) return;
    this.sending = true;
    try {
      await this.post(text);
      this.text.value = '';
      this.editing = '';
      if (this.card) this.setCard(null);
      this.files.clear();
    } catch {
      this.note.textContent = this.session.t('sendFailed');
    } finally {
      this.sending = false;
      this.draw();
    }
  }

  post(text) {
    const { session, thread } = this;
    const here = session.here();
    if (this.editing) return api.edit({ ...here, messageId: this.editing, text });
    if (this.card) return api.compose({ ...here, attachment: this.card, text, thread });
    return api.send({ ...here, app: this.app?.key, text, mention: this.mention, thread, theme: session.themeName, files: this.files.toSend() });
  }
}
