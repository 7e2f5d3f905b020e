// The menu that makes things go wrong: faults of the connector, what of them is in force, sign-on that fails, a
// new signing key, a world begun anew.

import { el, icon, menuItem, openMenu } from './dom.js';
import { api } from './api.js';
import { toast } from './toast.js';

// What fails, by the names of the server.
const ops = { any: 'faultAny', say: 'faultSay', send: 'faultSend', update: 'faultUpdate', delete: 'faultDelete', members: 'faultMembers', conversations: 'faultConversations', graph: 'faultGraph' };

// How it fails, and what the server is asked for.
const kinds = {
  fault429: { status: 429, retryAfter: '2' },
  fault429fraction: { status: 429, retryAfter: '1.5' },
  fault429date: { status: 429, retryAfterDate: 5 },
  fault412: { status: 412 },
  fault500: { status: 500 },
  fault502: { status: 502 },
  fault503: { status: 503 },
  fault504: { status: 504 },
  fault504done: { status: 504, done: true },
  faultDrop: { drop: true },
  faultLost: { lost: true },
  faultRemoved: { status: 403, code: 'BotNotInConversationRoster' },
  faultBlocked: { status: 403, code: 'ConversationBlockedByUser' },
  fault404: { status: 404 },
  faultSlow: { hangMs: 3000 },
  faultSlower: { hangMs: 20_000 },
};
const TIMES = [1, 3, 10, 100];
const DOWN_SECONDS = 60;
const LOOK_MS = 1000; // how often an open menu looks what is left

export function troubleButton(session) {
  const badge = el('span', { class: 'badge', testid: 'trouble-badge', hidden: true });
  const button = el('button', { type: 'button', class: 'bar-button', testid: 'trouble-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => open(session, button) },
    icon('bolt'), el('span', { text: session.t('trouble') }), badge);
  drawBadge(session, button);
  return el('span', { class: 'menu-host' }, button);
}

/** Writes into the button how much trouble is in force. */
export function drawBadge(session, place) {
  const badge = place.querySelector('[data-testid="trouble-badge"]');
  if (!badge) return;
  const { orders, downSeconds, limits } = session.faults;
  const count = orders.reduce((sum, one) => sum + one.count, 0);
  badge.hidden = !count && !downSeconds && !limits;
  badge.textContent = count ? String(count) : '!';
  badge.title = session.t('troubleForce');
}

function open(session, button) {
  const { t, conversation } = session;
  if (button.getAttribute('aria-expanded') === 'true') return;
  const texts = (keys) => Object.entries(keys).map(([value, key]) => [value, t(key)]);
  const what = choice(t('faultWhat'), 'fault-op', texts(ops));
  const how = choice(t('faultHow'), 'fault-kind', Object.keys(kinds).map((key) => [key, t(key)]));
  const where = choice(t('faultWhere'), 'fault-where', [['', t('faultEverywhere')], ...conversation ? [[conversation.id, placeName(session, conversation.id)]] : []]);
  const times = choice(t('faultTimes'), 'fault-count', TIMES.map((count) => [String(count), t('times', { count })]));
  const order = () => ({ op: what.select.value, count: Number(times.select.value), as: session.as, where: where.select.value, ...kinds[how.select.value] });
  let close;
  const item = (key, iconName, deed) => menuItem(t(key), { iconName, testid: `trouble-${key}`, onclick: () => { close(); button.focus(); carryOut(session, t(key), deed).then(() => session.catchUp()); } });
  const begin = el('button', { type: 'button', class: 'button primary wide', testid: 'trouble-begin', text: t('faultBegin'), onclick: () => ask(session, order()) });
  close = openMenu(button, {
    label: t('trouble'), testid: 'trouble-menu', className: 'trouble-menu',
    items: [
      el('p', { class: 'menu-hint', text: t('troubleHint') }), what.row, how.row, where.row, times.row, begin, force(session),
      item('faultDown', 'warning', () => api.faults({ op: 'any', downSeconds: DOWN_SECONDS })),
      session.faults.limits ? item('limitsOff', 'check', () => api.faults({ limits: false })) : item('limitsOn', 'warning', () => api.faults({ limits: true })),
      item('faultClear', 'check', api.clearFaults),
      el('hr'), ...signOnItems(session, item), item('rotate', 'refresh', api.rotate),
      el('hr'), item('reset', 'close', () => startOver(session)),
    ],
  });
}

function choice(label, testid, options) {
  const select = el('select', { testid }, options.map(([value, text]) => el('option', { value, text })));
  return { select, row: el('label', { class: 'menu-choice' }, el('span', { text: label }), select) };
}

// What is in force, and how many requests it still concerns. It is read anew while the menu is open.
function force(session) {
  const list = el('ul', { class: 'force', testid: 'trouble-force', 'aria-label': session.t('troubleForce') });
  const draw = () => {
    const all = lines(session);
    list.classList.toggle('calm', !all.length);
    list.replaceChildren(...(all.length ? all : [session.t('forceNone')]).map((text) => el('li', { text })));
  };
  draw();
  session.addEventListener('faults', draw);
  session.loadFaults();
  const timer = setInterval(() => {
    if (list.isConnected) return session.loadFaults();
    clearInterval(timer);
    session.removeEventListener('faults', draw);
    return undefined;
  }, LOOK_MS);
  return list;
}

function lines(session) {
  const { t, faults: { orders, downSeconds, limits, throttled } } = session;
  const all = orders.map((one) => t(one.where ? 'forceThere' : 'forceOne', {
    what: ops[one.op] ? t(ops[one.op]) : one.op, how: kindOf(session, one), count: one.count, place: placeName(session, one.where),
  }));
  if (downSeconds) all.push(t('forceDown', { count: downSeconds }));
  if (limits) all.push(t('forceLimits', { count: throttled }));
  return all;
}

// The name of a kind of trouble; what a test asked for may have none.
function kindOf(session, one) {
  const same = ([, body]) => ['status', 'code', 'retryAfter', 'retryAfterDate', 'done', 'drop', 'lost', 'hangMs'].every((field) => (body[field] || '') === (one[field] || ''));
  const [key] = Object.entries(kinds).find(same) ?? [];
  return key ? session.t(key) : String(one.status || '–');
}

function placeName(session, id) {
  const known = session.world.conversations.find((one) => one.id === id);
  if (!known) return id ?? '';
  return known.team ? `${known.team} › ${known.name}` : known.name;
}

// Without single sign-on, and without what people allowed before, apps send them to a page to sign in.
function signOnItems({ world }, item) {
  return [
    world.silentFails ? item('silentWorks', 'check', () => api.signOn({ fails: false })) : item('silentFails', 'key', () => api.signOn({ fails: true })),
    item('forgetConsents', 'key', api.forgetConsents),
  ];
}

// The list of what is in force shows that it worked.
async function ask(session, order) {
  try {
    await api.faults(order);
    await session.loadFaults();
  } catch {
    toast(session, session.t('notOffered'));
  }
}

async function startOver(session) {
  await api.reset();
  session.views.clear();
}

async function carryOut(session, name, deed) {
  try {
    await deed();
    await session.loadFaults();
    toast(session, session.t('faultSet', { what: name }));
  } catch {
    toast(session, session.t('notOffered'));
  }
}
