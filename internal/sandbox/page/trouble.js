// The menu that makes things go wrong: faults of the connector, sign-on that fails, a new signing
// key, an app removed, a world begun anew.

import { el, icon, menuItem, openMenu } from './dom.js';
import { api } from './api.js';
import { toast } from './toast.js';

const faults = [
  { key: 'fault429', body: { status: 429, retryAfter: 2 } },
  { key: 'fault503', body: { status: 503 } },
  { key: 'faultDrop', body: { drop: true } },
];

export function troubleButton(session) {
  const button = el('button', { type: 'button', class: 'bar-button', testid: 'trouble-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => open(session, button) },
    icon('bolt'), el('span', { text: session.t('trouble') }));
  return el('span', { class: 'menu-host' }, button);
}

function open(session, button) {
  const { t } = session;
  if (button.getAttribute('aria-expanded') === 'true') return;
  const what = choice(t('faultWhat'), 'fault-op', [['any', t('faultAny')], ['send', t('faultSend')], ['update', t('faultUpdate')], ['members', t('faultMembers')]]);
  const times = choice(t('faultTimes'), 'fault-count', [1, 3, 10].map((count) => [String(count), t('times', { count })]));
  const fault = (body, count) => api.faults({ op: what.select.value, count, ...body });
  let close;
  const item = (key, iconName, deed, args) => menuItem(t(key, args), {
    iconName, testid: `trouble-${key}${args?.key ? `-${args.key}` : ''}`,
    onclick: () => { close(); button.focus(); carryOut(session, t(key, args), deed); },
  });
  close = openMenu(button, {
    label: t('trouble'), testid: 'trouble-menu', className: 'trouble-menu',
    items: [
      el('p', { class: 'menu-hint', text: t('troubleHint') }), what.row, times.row,
      ...faults.map(({ key, body }) => item(key, 'warning', () => fault(body, Number(times.select.value)))),
      item('faultDown', 'warning', () => api.faults({ op: 'any', downSeconds: 60 })),
      item('faultClear', 'check', api.clearFaults),
      el('hr'), ...signOnItems(session, item), item('rotate', 'refresh', api.rotate), ...installItems(session, item),
      el('hr'), item('reset', 'close', () => startOver(session)),
    ],
  });
}

function choice(label, testid, options) {
  const select = el('select', { testid }, options.map(([value, text]) => el('option', { value, text })));
  return { select, row: el('label', { class: 'menu-choice' }, el('span', { text: label }), select) };
}

// Without single sign-on, and without what people allowed before, apps send them to a page to sign in.
function signOnItems({ world }, item) {
  return [
    world.silentFails ? item('silentWorks', 'check', () => api.signOn({ fails: false })) : item('silentFails', 'key', () => api.signOn({ fails: true })),
    item('forgetConsents', 'key', api.forgetConsents),
  ];
}

function installItems(session, item) {
  const place = session.conversation;
  if (!place) return [];
  const body = (app) => ({ ...session.here(), app: app.key });
  return session.world.apps.map((app) => (place.apps.includes(app.key)
    ? item('uninstall', 'close', () => api.uninstall(body(app)), app)
    : item('install', 'check', () => api.install(body(app)), app)));
}

async function startOver(session) {
  await api.reset();
  session.views.clear();
}

async function carryOut(session, name, deed) {
  try {
    await deed();
    await session.catchUp();
    toast(session, session.t('faultSet', { what: name }));
  } catch {
    toast(session, session.t('notOffered'));
  }
}
