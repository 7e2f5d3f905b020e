// The panel that shows every activity between the small Teams and the apps, both ways, newest first; and, behind
// its second tab, the connector's record.

import { debounce, el, icon, iconButton, segmented } from './dom.js';
import { Record } from './record.js';

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

const RECORD_MS = 250; // how long the record waits for more to happen

export class ActivityPanel {
  constructor(session, panel) {
    Object.assign(this, { session, panel, wanted: '', tab: 'activity', record: new Record(session) });
    this.readRecord = debounce(() => { if (this.record.element.isConnected) this.record.load(); }, RECORD_MS);
    this.draw();
  }

  draw() {
    const { t } = this.session;
    this.panel.hidden = !this.session.showActivity;
    this.panel.dataset.testid = 'activity-panel';
    this.panel.setAttribute('aria-label', t('activity'));
    const tab = (value) => ({ value, label: t(value), content: t(value), testid: `tab-${value}` });
    this.list = el('ol', { class: 'entries' });
    this.panel.replaceChildren(
      el('header', {}, segmented({ label: t('activity'), testid: 'activity-tabs', value: this.tab, choices: [tab('activity'), tab('record')], onchoose: (value) => { this.tab = value; this.draw(); } }),
        iconButton('close', t('hideActivity'), { onclick: () => this.session.set('showActivity', false) })),
      ...this.tab === 'record' ? [el('p', { class: 'subtle', text: t('recordHint') }), this.record.element] : [el('p', { class: 'subtle', text: t('activityHint') }), this.filter(), this.list]);
    this.readRecord();
    this.drawEntries();
  }

  filter() {
    const { t } = this.session;
    const filter = el('input', { type: 'search', class: 'search', placeholder: t('activityFilter'), 'aria-label': t('activityFilter'), testid: 'activity-filter', oninput: () => { this.wanted = filter.value.toLowerCase(); this.drawEntries(); } });
    filter.value = this.wanted;
    return filter;
  }

  drawEntries() {
    if (this.panel.hidden) return;
    const shown = this.session.entries.filter((entry) => this.matches(entry));
    this.list.replaceChildren(...shown.length ? shown.map((entry) => this.entry(entry)).reverse() : [el('li', { class: 'subtle', text: this.session.t('activityEmpty') })]);
  }

  /** Adds one entry on top without closing those that are open. */
  add(entry) {
    this.readRecord();
    if (this.panel.hidden || !this.matches(entry)) return;
    if (!this.list.querySelector('.entry')) this.list.replaceChildren();
    this.list.prepend(this.entry(entry));
  }

  matches({ name = '', path = '', method = '', status = '' }) {
    return `${name} ${method} ${path} ${status}`.toLowerCase().includes(this.wanted);
  }

  entry(entry) {
    const { t } = this.session;
    const inward = entry.direction === 'in';
    const bodies = el('div', { class: 'entry-bodies' });
    const details = el('details', { ontoggle: () => { if (details.open && !bodies.hasChildNodes()) bodies.append(...this.bodies(entry)); } },
      el('summary', {},
        el('span', { class: `way ${inward ? 'in' : 'out'}`, title: t(inward ? 'toApp' : 'fromApp'), role: 'img', 'aria-label': t(inward ? 'toApp' : 'fromApp') }, icon(inward ? 'arrowOut' : 'arrowIn')),
        el('span', { class: 'entry-words' }, el('strong', { text: entry.name || entry.path }), el('small', { text: `${entry.method} ${entry.path}` })),
        el('span', { class: 'entry-figures' }, el('span', { class: `status s${String(entry.status)[0]}`, text: String(entry.status || '–') }), el('small', { text: `${Math.round(entry.ms)} ms` }))),
      bodies);
    return el('li', { class: 'entry', testid: 'activity-entry' }, details);
  }

  bodies(entry) {
    return [['request', entry.request], ['response', entry.response]]
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .flatMap(([key, value]) => [el('h3', { text: this.session.t(key) }), jsonView(value)]);
  }
}

/** JSON as text with its parts coloured. */
function jsonView(value) {
  const source = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  const block = el('pre', { tabindex: '0' });
  let at = 0;
  for (const found of source.matchAll(TOKENS)) {
    const [whole, string, colon, word] = found;
    const kind = string ? (colon ? 'key' : 'string') : word ? 'word' : 'number';
    block.append(source.slice(at, found.index), el('span', { class: `j-${kind}`, text: string ?? whole }), colon ?? '');
    at = found.index + whole.length;
  }
  block.append(source.slice(at));
  return block;
}
