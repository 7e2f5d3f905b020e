// The connector's own record: what the apps sent to each conversation, and how often; what they edited and
// deleted. A doublet is seen at once.

import { el } from './dom.js';
import { api } from './api.js';

const LAST = 100; // messages of a conversation that are listed

export class Record {
  constructor(session) {
    this.session = session;
    this.open = new Set();
    this.element = el('div', { class: 'record', testid: 'record' });
  }

  /** Reads the record and draws it. */
  async load() {
    const { conversations } = await api.record(LAST);
    const { t } = this.session;
    this.element.replaceChildren(...conversations.length ? conversations.map((page) => this.page(page)) : [el('p', { class: 'subtle', text: t('recordEmpty') })]);
  }

  page(page) {
    const key = `${page.conversation} ${page.who ?? ''}`;
    const details = el('details', { testid: `record-${page.conversation}`, data: { sent: String(page.sent), repeated: String(page.repeated) }, ontoggle: () => (details.open ? this.open.add(key) : this.open.delete(key)) },
      el('summary', {}, el('strong', { text: this.name(page) }), el('span', { class: 'record-counts' }, this.counts(page))),
      el('ol', {}, (page.messages ?? []).map((message) => this.message(message)).reverse()));
    details.open = this.open.has(key);
    return details;
  }

  name({ conversation, who }) {
    const { session } = this;
    const known = session.world.conversations.find(({ id }) => id === conversation);
    if (who) return `${session.person(who)?.name ?? who} · ${known?.name ?? conversation}`;
    if (!known) return conversation;
    return known.team ? `${known.team} › ${known.name}` : known.name;
  }

  counts({ sent, edits, deletions, repeated, unheard }) {
    const { t } = this.session;
    const mark = (key, count, tone = '') => (count ? el('span', { class: `mark-word ${tone}`, text: t(key, { count }) }) : null);
    return [el('span', { class: 'mark-word', text: t('recordSent', { count: sent }) }), mark('recordEdited', edits), mark('recordDeleted', deletions), mark('recordRepeated', repeated, 'bad'), mark('recordUnheard', unheard, 'warn')];
  }

  message({ id, app, at, text, times, edits, deleted, unheard }) {
    const { session } = this;
    const { t } = session;
    const mark = (shown, key, tone = '', args = {}) => (shown ? el('span', { class: `mark-word ${tone}`, text: t(key, args) }) : null);
    return el('li', { class: 'posting', data: { id } },
      el('span', { class: `posting-text${deleted ? ' struck' : ''}`, text: text || '…' }),
      el('small', { text: `${session.moment(at)} · ${session.world.apps.find(({ key }) => key === app)?.name ?? app} · ${id}` }),
      el('span', { class: 'record-counts' }, mark(times > 1, 'recordTimes', 'bad', { count: times }), mark(edits, 'recordEdited', '', { count: edits }), mark(deleted, 'recordGone'), mark(unheard, 'recordNotHeard', 'warn')));
  }
}
