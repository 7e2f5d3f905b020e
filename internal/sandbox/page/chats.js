// The list of conversations: chats first, then teams with their channels.

import { avatar, el, icon } from './dom.js';

export function drawChats(session, nav) {
  const { t } = session;
  nav.setAttribute('aria-label', t('conversations'));
  const chats = session.world.conversations.filter(({ kind }) => kind !== 'channel');
  const channels = session.world.conversations.filter(({ kind }) => kind === 'channel');
  const teams = Map.groupBy ? Map.groupBy(channels, ({ team }) => team) : groupByTeam(channels);
  const focused = nav.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  nav.replaceChildren(
    el('h2', { text: t('chats') }), el('ul', {}, chats.map((chat) => chatItem(session, chat))),
    ...teams.size ? [el('h2', { text: t('teams') })] : [],
    ...[...teams].map(([name, members]) => team(session, name ?? '', members)),
  );
  if (focused) nav.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
}

function groupByTeam(channels) {
  const teams = new Map();
  for (const channel of channels) teams.set(channel.team, [...teams.get(channel.team) ?? [], channel]);
  return teams;
}

function team(session, name, channels) {
  return el('div', { class: 'team' }, el('p', { class: 'team-name' }, avatar(name, { bot: true, small: true }), el('span', { text: name })),
    el('ul', {}, channels.map((channel) => chatItem(session, channel))));
}

function chatItem(session, chat) {
  const news = session.unread.get(chat.id);
  const current = chat.id === session.chat;
  return el('li', {}, el('button', {
    type: 'button', class: `chat${news ? ' unread' : ''}`, testid: `chat-${chat.id}`, 'aria-current': current ? 'true' : undefined,
    onclick: () => session.open(chat.id),
  }, chatMark(chat), el('span', { class: 'chat-words' }, el('span', { class: 'chat-name', text: chat.name }), news ? el('small', { class: 'news', testid: 'news', text: `${news.name}: ${news.text}` }) : el('small', { text: about(session, chat) })),
  news ? el('span', { class: 'count', role: 'img', 'aria-label': session.t('unreadCount', { count: news.count }), text: String(news.count) }) : null));
}

/** The picture of a conversation: an app, a group or a channel. */
export function chatMark({ kind, name }) {
  if (kind === 'personal') return avatar(name, { bot: true });
  return el('span', { class: 'avatar mark', 'aria-hidden': 'true' }, icon(kind === 'channel' ? 'hash' : 'group'));
}

/** A line that says who and what is in a conversation. */
export function about(session, chat) {
  const apps = session.appsIn(chat).map(({ name }) => name).join(', ') || session.t('noApp');
  return chat.kind === 'personal' ? session.t('justYou') : `${session.t('members', { count: chat.members.length })} · ${apps}`;
}
