// Draws cards: Adaptive Cards through Microsoft's renderer, hero and thumbnail cards and pictures by a
// small renderer of our own. What a press on a button means is decided by whoever shows the card.

import { el, icon } from './dom.js';
import { hostConfig } from './hostconfig.js';
import { markdownHtml } from './prose.js';
import { linkToast } from './toast.js';
import { enlargeable, fileChips, isConsent, isFile, isPicture, picture, pictures, consentCard } from './attach.js';
import { SIGN_IN, signInCard } from './signin.js';
import { ADAPTIVE, readChoices } from './answers.js';

const NEWEST = 1.5; // the newest version of Adaptive Cards that Teams documents for bots

/**
 * One Adaptive Card on screen. `onaction(action, view)` is called for Action.Execute and Action.Submit;
 * the other actions work by themselves. `search(value)` asks the app for choices and gives its raw answer.
 */
export class CardView {
  constructor(session, card, { onaction, search } = {}) {
    Object.assign(this, { session, onaction, search });
    this.box = el('div', { class: 'card-box' });
    this.foot = el('div', { class: 'card-foot', role: 'status' });
    this.element = el('div', { class: 'card', testid: 'card' }, this.box, this.foot);
    this.show(card);
  }

  /** Draws a card in place of the present one. */
  show(card) {
    this.json = card;
    this.foot.replaceChildren();
    this.element.classList.toggle('full', card.msteams?.width === 'Full');
    const { node, problems } = this.draw(card);
    this.element.dataset.problems = String(problems.length);
    this.box.replaceChildren(node, ...problems.length ? [this.problemList(problems)] : []);
  }

  /** Draws the card anew in the present theme; what was typed into it stays. */
  redraw() {
    const typed = new Map((this.drawing?.getAllInputs() ?? []).map(({ id, value }) => [id, value]));
    this.box.replaceChildren(this.draw(this.json, typed).node);
  }

  draw(card, typed = new Map()) {
    if (!(parseFloat(card.version) <= NEWEST)) return { node: el('p', { class: 'card-note', text: card.fallbackText || this.session.t('cardTooNew') }), problems: [`version ${card.version}`] };
    const AC = window.AdaptiveCards;
    const mentions = new Set((card.msteams?.entities ?? []).map(({ text }) => text));
    // The renderer asks this while it draws, so it knows the mentions of the card in hand.
    AC.AdaptiveCard.onProcessMarkdown = (source, result) => {
      result.outputHtml = markdownHtml(source, (tag) => mentions.has(tag));
      result.didProcess = true;
    };
    const drawing = new AC.AdaptiveCard();
    drawing.hostConfig = new AC.HostConfig(hostConfig(this.session.theme));
    const context = new AC.SerializationContext(AC.Versions.v1_6);
    drawing.parse(card, context);
    drawing.onExecuteAction = (action) => this.press(action);
    drawing.onAnchorClicked = (_, anchor) => { linkToast(this.session, anchor.href); return true; };
    drawing.onInputValueChanged = (input) => this.suggest(input);
    for (const input of drawing.getAllInputs()) if (typed.has(input.id)) input.defaultValue = typed.get(input.id);
    this.drawing = drawing;
    const node = drawing.render() ?? el('p', { class: 'card-note', text: card.fallbackText ?? '' });
    for (const image of node.querySelectorAll('img.ac-image')) enlargeable(this.session, image);
    return { node, problems: problemsOf(AC, drawing, context) };
  }

  problemList(problems) {
    return el('details', { class: 'card-problems', testid: 'card-problems' },
      el('summary', {}, icon('warning'), el('span', { text: this.session.t('cardProblems') })),
      el('ul', {}, problems.map((problem) => el('li', { text: problem }))));
  }

  press(action) {
    const kind = action.getJsonTypeName();
    if (kind === 'Action.OpenUrl') linkToast(this.session, action.url);
    if (kind === 'Action.Execute' || kind === 'Action.Submit') this.onaction?.(action, this);
  }

  // Choices that the app looks up while a person types (choices.data).
  async suggest(input) {
    const filter = input.getFilterForDynamicSearch?.();
    if (filter === undefined || !input.choicesData || !this.search) return;
    const { dataset, count = 15, skip = 0 } = input.choicesData;
    const answer = await this.search({ queryText: filter, queryOptions: { skip, top: count }, dataset });
    input.renderChoices(filter, readChoices(answer));
  }

  /** Shows that an answer is awaited; the buttons rest meanwhile. */
  busy(on) {
    this.box.inert = on;
    this.element.setAttribute('aria-busy', String(on));
    if (on) this.foot.replaceChildren(el('span', { class: 'progress' }));
    else this.foot.replaceChildren();
  }

  /** Shows a sentence under the card, as Teams does when something failed. */
  trouble(key) {
    this.foot.replaceChildren(el('p', { class: 'card-trouble', role: 'alert', testid: 'card-trouble' }, icon('warning'), el('span', { text: this.session.t(key) })));
  }

  /** Shows what an app asks for before it goes on: a sign-in. `onpress(url)` opens its page. */
  askSignIn({ text, title, url }, onpress) {
    this.foot.replaceChildren(el('p', { class: 'card-ask', testid: 'card-sign-in' }, el('span', { text: text || this.session.t('signInAsk') }),
      el('button', { type: 'button', class: 'button primary', testid: 'sign-in', text: title || this.session.t('signIn'), onclick: () => onpress(url) })));
  }
}

function problemsOf(AC, drawing, context) {
  const events = [];
  for (let i = 0; i < context.eventCount; i += 1) events.push(context.getEventAt(i));
  events.push(...drawing.validateProperties().validationEvents);
  return events.map(({ event, message }) => `${AC.ValidationEvent[event]}: ${message}`);
}

/**
 * Draws an attachment of a message. `handlers` are those of CardView, and `onbutton(button)` for the
 * buttons of hero and thumbnail cards. Without a message, the card waits in the compose box.
 */
export function attachmentView(session, attachment, handlers = {}, message = {}) {
  const { contentType } = attachment;
  if (contentType === ADAPTIVE) return new CardView(session, attachment.content, handlers).element;
  if (/card\.(hero|thumbnail)$/.test(contentType)) return plainCard(session, attachment, handlers);
  if (SIGN_IN.includes(contentType)) return signInCard(session, message, attachment);
  if (isConsent(attachment)) return consentCard(session, message, attachment);
  if (isPicture(attachment)) return pictures(session, [attachment]);
  if (isFile(attachment)) return fileChips(session, [attachment]);
  return el('div', { class: 'card file' }, icon('app'), el('span', { text: attachment.name || session.t('attachment') }));
}

function plainCard(session, { contentType, content }, { onbutton }) {
  const hero = contentType.endsWith('hero');
  const words = el('div', { class: 'plain-words' },
    content.title ? el('h3', { text: content.title }) : null,
    content.subtitle ? el('p', { class: 'subtle', text: content.subtitle }) : null,
    content.text ? el('p', { text: content.text }) : null);
  const buttons = (content.buttons ?? []).slice(0, 6).map((button) => el('button', {
    type: 'button', class: 'button', text: button.title,
    onclick: () => (button.type === 'openUrl' ? linkToast(session, button.value) : onbutton?.(button)),
  }));
  return el('div', { class: `card plain-card${hero ? ' hero' : ''}`, testid: 'card', data: { problems: '0' } },
    content.images?.[0] ? picture(content.images[0], hero ? 'hero-picture' : 'thumb') : null, words,
    buttons.length ? el('div', { class: 'plain-buttons' }, buttons) : null);
}
