// Dialogs (task modules): opened at once, filled when the app answers, sent, refilled or closed as it says.
// The rest of the small Teams rests while one is open; the sandbox's own bar stays usable, so that a fault
// can be set with a dialog in hand.

import { el, icon, iconButton } from './dom.js';
import { CardView } from './cards.js';
import { readInvoke } from './answers.js';
import { linkToast } from './toast.js';

const WIDTHS = { small: 380, medium: 560, large: 760 };
const HEIGHTS = { small: 180, medium: 340, large: 520 };

/**
 * Opens a dialog. `fetch()` asks for its content and `submit(values)` sends it, both giving a raw answer;
 * `onresult(attachments)` gets cards for the compose box, `preview(action, activity)` answers a preview.
 */
export async function runTask(session, task) {
  const dialog = new Dialog(session, task);
  dialog.open();
  dialog.take(readInvoke(await task.fetch()));
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
    for (const child of this.resting) child.inert = false;
    this.shade.remove();
    document.removeEventListener('keydown', this.key);
    this.session.removeEventListener('settings', this.look);
    if (this.opener?.isConnected) this.opener.focus();
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
      case 'auth': case 'config': this.link(outcome.title || this.session.t('signIn'), outcome.url); break;
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
    if (task.url) return this.link(this.session.t('openLink'), task.url);
    this.showCard(task.card.content);
    this.focusFirst();
    return undefined;
  }

  showCard(card) {
    this.view = new CardView(this.session, card, { onaction: (action) => this.send(action), search: (value) => this.session.invoke('application/search', value) });
    this.view.element.classList.add('full');
    this.body.replaceChildren(this.view.element);
  }

  focusFirst() {
    (this.body.querySelector('input, textarea, select') ?? this.body.querySelector('button') ?? this.panel).focus();
  }

  // Only Action.Submit posts the form of a dialog.
  async send(action) {
    if (action.getJsonTypeName() !== 'Action.Submit') return this.fail('wrong');
    this.view.busy(true);
    const outcome = readInvoke(await this.task.submit(action.data ?? {}));
    this.view.busy(false);
    return this.take(outcome);
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
