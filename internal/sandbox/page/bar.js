// The sandbox's own bar above the small Teams: who looks, in which language, theme and width, what goes
// wrong, and what goes over the wire.

import { avatar, el, icon, segmented } from './dom.js';
import { languages } from './texts.js';
import { clockButton } from './clock.js';
import { troubleButton } from './trouble.js';

export function drawBar(session, bar) {
  const { t } = session;
  const focused = bar.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  bar.replaceChildren(
    el('div', { class: 'brand' }, el('span', { class: 'brand-mark', 'aria-hidden': 'true' }, icon('reply')), el('h1', { text: t('title') }), el('span', { class: 'tag', text: t('subtitle') })),
    el('span', { class: 'spring' }),
    segmented({ label: t('person'), testid: 'person-switch', value: session.as, choices: session.world.people.map((person) => personChoice(session, person)), onchoose: (id) => session.become(id) }),
    segmented({ label: t('language'), testid: 'language-switch', value: session.lang, choices: languages.map(({ code, name }) => ({ value: code, label: name, content: code.toUpperCase(), testid: `language-${code}` })), onchoose: (code) => session.set('lang', code) }),
    segmented({ label: t('theme'), testid: 'theme-switch', value: session.theme, choices: [iconChoice('light', t('themeLight'), 'sun'), iconChoice('dark', t('themeDark'), 'moon')], onchoose: (theme) => session.set('theme', theme) }),
    segmented({ label: t('width'), testid: 'width-switch', value: session.width, choices: [iconChoice('wide', t('widthWide'), 'wide'), iconChoice('phone', t('widthPhone'), 'phone')], onchoose: (width) => session.set('width', width) }),
    el('span', { class: 'bar-buttons' }, clockButton(session), troubleButton(session), activityButton(session)),
  );
  if (focused) bar.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
}

const iconChoice = (value, label, name) => ({ value, label, content: icon(name), testid: `switch-${value}` });

function personChoice(session, { id, name, role, initials }) {
  const first = name.split(' ')[0];
  const here = session.t(session.conversation?.roles?.[id] ?? role); // in the team that is open
  return {
    value: id, label: `${name}, ${here}`, testid: `person-${id}`,
    content: el('span', { class: 'person' }, avatar(name, { small: true, letters: initials }), el('span', { class: 'person-words' }, el('span', { text: first }), el('small', { text: here }))),
  };
}

function activityButton(session) {
  return el('button', {
    type: 'button', class: 'bar-button', testid: 'activity-button', 'aria-expanded': String(Boolean(session.showActivity)), 'aria-controls': 'activity',
    onclick: () => session.set('showActivity', !session.showActivity),
  }, icon('pulse'), el('span', { text: session.t('activity') }));
}
