// The clock of the service: what it shows, and how to move it. Only the service's own time follows it; the
// machine, tokens and certificates keep real time.

import { el, icon, menuItem, openMenu } from './dom.js';
import { api } from './api.js';
import { toast } from './toast.js';

const TICK_MS = 1000;

/** The button in the bar: the service's time, marked when it is not the real one. */
export function clockButton(session) {
  const button = el('button', { type: 'button', class: 'bar-button clock-button', testid: 'clock-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => open(session, button) },
    icon('clock'), el('span', { class: 'clock-time' }));
  drawClock(session, button);
  return el('span', { class: 'menu-host' }, button);
}

/** Writes the time into the button again. */
export function drawClock(session, place) {
  const button = place.matches('.clock-button') ? place : place.querySelector('.clock-button');
  if (!button) return;
  const moved = isMoved(session);
  const time = format(session, { ...moved ? { weekday: 'short' } : {}, hour: '2-digit', minute: '2-digit' });
  const spoken = `${session.t('clock')}: ${format(session, { dateStyle: 'full', timeStyle: 'short' })}`;
  button.classList.toggle('moved', moved);
  button.querySelector('.clock-time').textContent = time;
  button.title = spoken;
  button.setAttribute('aria-label', spoken);
}

/** Keeps the button at the time of the service. */
export function keepTime(session, place) {
  setInterval(() => drawClock(session, place), TICK_MS);
  session.on('clock', () => drawClock(session, place));
}

const isMoved = ({ clock }) => Math.abs(clock.offsetMs) >= TICK_MS;
const format = (session, how) => new Intl.DateTimeFormat(session.locale, { ...how, timeZone: session.clock.zone }).format(session.now());

function open(session, button) {
  const { t } = session;
  if (button.getAttribute('aria-expanded') === 'true') return;
  const order = (body) => move(session, body);
  const field = el('input', { type: 'datetime-local', class: 'clock-field', testid: 'clock-local', 'aria-label': t('clockSet') });
  const head = el('div', { class: 'clock-head', testid: 'clock-now', role: 'status' });
  const draw = () => {
    head.replaceChildren(el('strong', { text: format(session, { hour: '2-digit', minute: '2-digit' }) }), el('span', { text: format(session, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }) }),
      el('small', { text: `${session.clock.zone} · ${ahead(session)}` }));
    if (document.activeElement !== field) field.value = localTime(session);
  };
  draw();
  const item = (key, iconName, body) => menuItem(t(key), { iconName, testid: `clock-${key}`, onclick: () => order(body) });
  const set = el('button', { type: 'button', class: 'button', testid: 'clock-set', text: t('clockApply'), onclick: () => { set.focus(); if (field.value) order({ local: field.value }); } });
  openMenu(button, {
    label: t('clock'), testid: 'clock-menu', className: 'clock-menu',
    items: [
      head, el('p', { class: 'menu-hint', text: t('clockHint') }),
      item('clockHour', 'forward', { addSeconds: 3600 }), item('clockTomorrow', 'sun', { tomorrow: '08:00' }),
      el('div', { class: 'menu-choice' }, field, set), el('hr'), item('clockReal', 'refresh', { real: true }),
    ],
  });
  session.addEventListener('clock', draw);
  const timer = setInterval(() => {
    if (head.isConnected) return draw();
    clearInterval(timer);
    session.removeEventListener('clock', draw);
    return undefined;
  }, TICK_MS);
}

async function move(session, body) {
  try {
    session.setClock(await api.setClock({ as: session.as, ...body }));
  } catch {
    toast(session, session.t('clockRefused'));
  }
}

// The moment as a field for dates wants it, in the zone of the person.
function localTime(session) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', timeZone: session.clock.zone })
    .formatToParts(session.now()).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

// How far the clock is from real time, in words.
function ahead(session) {
  const { t, clock: { offsetMs } } = session;
  if (!isMoved(session)) return t('clockIsReal');
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const unit = (value, name) => (value ? new Intl.NumberFormat(session.locale, { style: 'unit', unit: name, unitDisplay: 'long' }).format(value) : '');
  const time = [unit(Math.floor(minutes / 1440), 'day'), unit(Math.floor(minutes / 60) % 24, 'hour'), unit(minutes % 60, 'minute')].filter(Boolean).join(' ') || unit(1, 'minute');
  return t(offsetMs > 0 ? 'clockAhead' : 'clockBehind', { time });
}
