// Dialogs (task modules): opened at once, filled when the app answers, sent, refilled or closed as it says.
// The rest of the small Teams rests while one is open; the sandbox's own bar stays usable, so that a fault
// can be set with a dialog in hand.

import { el, icon, iconButton } from './dom.js';
import { CardView } from './cards.js';
import { Host } from './host.js';
import { openPopup } from './popup.js';
import { readInvoke } from './answers.js';
import { linkToast, toast } from './toast.js';

const WIDTHS = { small: 380, medium: 560, large: 760 };
const HEIGHTS = { small: 180, medium: 340, large: 520 };

/**
 * Opens a dialog of `app`. `fetch(signedIn)` asks for its content and `submit(values, signedIn)` sends it, both giving
 * a raw answer, with {state} in signedIn after a sign-in; `onresult(attachments)` gets cards for the compose box,
 * `preview(action, activity)` answers a preview.
 */
export async function runTask(session, task) {
  const dialog = new Dialog(session, task);
  dialog.open();
  await dialog.ask(task.fetch);
}

class Dialog {
  constructor(session, task) {
    Object.assign(this, { session, task });
    this.title = el('h2', { id: 'dialog-title', text: session.t('loading') });
    this.body = el('div', { class: 'dialog-body' }, el('span', { class: 'progress' }));
    this.bar = el('div', { class: 'dialog-trouble', role: 'alert' });
    this.panel = el('section', { class: 'dialog', role: 'dialog', 'aria-labelledby': 'dialog-title', testid: 'dialog', tabindex: '-1' },
      el('header', {}, this.title, iconButton('close', session.t('close'), { testid: 'dialog-close', onclick: () => this.close() })),
      this.bar, this.body);
    this.shade = el('div', { class: 'shade' }, this.panel);
    this.key = (event) => { if (event.key === 'Escape') this.close(); };
    this.look = ({ detail }) => { if (detail === 'theme') this.view?.redraw(); };
  }

  open() {
    this.opener = document.activeElement;
    this.frame = document.getElementById('frame');
    this.resting = [...this.frame.children];
    for (const child of this.resting) child.inert = true;
    this.frame.append(this.shade);
    document.addEventListener('keydown', this.key);
    this.session.addEventListener('settings', this.look);
    this.panel.focus();
  }

  close() {
    this.host?.stop();
    for (const child of this.resting) child.inert = false;
    this.shade.remove();
    document.removeEventListener('keydown', this.key);
    this.session.removeEventListener('settings', this.look);
    if (this.opener?.isConnected) this.opener.focus();
  }

  /** Asks the app; `request` is asked again when a sign-in comes between. */
  async ask(request, signedIn) {
    this.again = request;
    this.take(readInvoke(await request(signedIn)));
  }

  /** Does what an answer says. */
  take(outcome) {
    if (!this.shade.isConnected) return;
    this.bar.replaceChildren();
    switch (outcome.kind) {
      case 'task': this.fill(outcome.task); break;
      case 'message': this.say(outcome.text); break;
      case 'result': this.close(); this.task.onresult?.(outcome.attachments); break;
      case 'preview': this.preview(outcome.activity); break;
      case 'auth': case 'config': this.signIn(outcome); break;
      case 'nothing': this.close(); break;
      default: this.fail(outcome.key);
    }
  }

  fill(task) {
    this.title.textContent = task.title || this.session.t('dialog');
    const width = WIDTHS[task.width] ?? Number(task.width);
    const height = HEIGHTS[task.height] ?? Number(task.height);
    this.panel.style.width = `${width || WIDTHS.medium}px`;
    this.body.style.minHeight = height ? `min(${height}px, 60vh)` : '';
    this.host?.stop();
    if (task.url) return this.showPage(task.url, height || HEIGHTS.medium);
    this.showCard(task.card.content);
    this.focusFirst();
    return undefined;
  }

  // A page of the app stands in the dialog; Teams shows none of another domain.
  showPage(url, height) {
    const { app } = this.task;
    if (!app || !URL.canParse(url) || new URL(url).origin !== app.origin) return this.link(this.session.t('openLink'), url);
    const frame = el('iframe', { class: 'dialog-page', testid: 'dialog-page', title: this.title.textContent, src: url, allow: 'clipboard-read; clipboard-write', referrerpolicy: 'no-referrer' });
    frame.style.height = `min(${height}px, 60vh)`;
    const submit = ([result]) => (result === undefined || result === null ? this.close() : this.ask((signedIn) => this.task.submit(result, signedIn)));
    this.host = new Host(this.session, {
      app, guest: () => frame.contentWindow, frameContext: 'task',
      answers: { 'tasks.submitTask': submit, 'tasks.completeTask': submit, 'tasks.updateTask': ([info], reply) => reply(this.resize(frame, info ?? {})) },
    });
    this.body.replaceChildren(frame);
    frame.focus();
    return undefined;
  }

  resize(frame, { width, height }) {
    if (Number(width)) this.panel.style.width = `${Number(width)}px`;
    if (Number(height)) frame.style.height = `min(${Number(height)}px, 60vh)`;
    return true;
  }

  // The app wants a sign-in first; what was asked is repeated with what the page gave.
  signIn({ title, url }) {
    const { t } = this.session;
    this.title.textContent = t('signIn');
    this.body.style.minHeight = '';
    const press = async () => {
      const outcome = await openPopup(this.session, this.task.app, url);
      if (outcome.kind === 'refused') toast(this.session, t('signInRefused', { reason: outcome.reason }));
      if (outcome.kind === 'done') await this.ask(this.again, { state: outcome.state });
    };
    const button = el('button', { type: 'button', class: 'button primary', text: title || t('signIn'), testid: 'sign-in', onclick: press });
    this.body.replaceChildren(el('p', { class: 'dialog-message', text: t('signInAsk') }), el('div', { class: 'dialog-buttons' }, button));
    button.focus();
  }

  showCard(card) {
    this.view = new CardView(this.session, card, { onaction: (action) => this.send(action), search: (value) => this.session.invoke('application/search', value, { app: this.task.app?.key }) });
    this.view.element.classList.add('full');
    this.body.replaceChildren(this.view.element);
  }

  focusFirst() {
    (this.body.querySelector('input, textarea, select') ?? this.body.querySelector('button') ?? this.panel).focus();
  }

  // Only Action.Submit posts the form of a dialog.
  async send(action) {
    if (action.getJsonTypeName() !== 'Action.Submit') return this.fail('wrong');
    const { view } = this;
    view.busy(true);
    await this.ask((signedIn) => this.task.submit(action.data ?? {}, signedIn));
    view.busy(false);
    return undefined;
  }

  fail(key) {
    if (!this.view) this.title.textContent = this.session.t('dialog');
    this.body.querySelector(':scope > .progress')?.remove();
    this.bar.replaceChildren(icon('warning'), el('span', { text: this.session.t(key), testid: 'dialog-trouble' }));
  }

  say(text) {
    if (!this.view) this.title.textContent = this.session.t('dialog');
    this.body.style.minHeight = '';
    const button = el('button', { type: 'button', class: 'button primary', text: this.session.t('close'), onclick: () => this.close() });
    this.body.replaceChildren(el('p', { class: 'dialog-message', text }), el('div', { class: 'dialog-buttons' }, button));
    button.focus();
  }

  link(title, url) {
    this.body.replaceChildren(el('p', { class: 'dialog-message', text: this.session.t('dialogPage') }), el('p', { class: 'address', text: url }),
      el('div', { class: 'dialog-buttons' }, el('button', { type: 'button', class: 'button primary', text: title, onclick: () => linkToast(this.session, url) })));
  }

  preview(activity) {
    const card = activity?.attachments?.[0]?.content;
    if (!card) return this.fail('wrong');
    this.title.textContent = this.session.t('preview');
    const view = new CardView(this.session, card);
    view.element.inert = true;
    const button = (key, action, primary) => el('button', {
      type: 'button', class: `button${primary ? ' primary' : ''}`, text: this.session.t(key),
      onclick: async () => this.take(readInvoke(await this.task.preview(action, activity))),
    });
    this.body.replaceChildren(view.element, el('div', { class: 'dialog-buttons' }, button('edit', 'edit'), button('send', 'send', true)));
    return undefined;
  }
}
