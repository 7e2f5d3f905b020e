// The session is what the page knows: who is looking, in which language, theme and width, the world as
// the server tells it, the messages of the open conversation, and the cards that an app's answer
// replaced for one person only. It draws nothing; parts of the page listen to its events:
//   world · conversation · messages (detail {change, message}) · unread · typing · activity · clock · faults · settings
// The address keeps person, language, theme, width and conversation, so a reload stays where it was.

import { api } from './api.js';
import { languages, text } from './texts.js';

const HISTORY = 200; // activity entries kept
const TYPING_MS = 8000; // how long "is typing" stays without another sign

// A change of reactions alone leaves a card as each person sees it.
const isReaction = (known, now) => JSON.stringify(known.reactions ?? []) !== JSON.stringify(now.reactions ?? []);

// What a message is about, in a line: its summary, its text, or the first text of its card.
function snippet({ summary, text, attachments = [] }) {
  const first = (elements = []) => elements.map((one) => one.text || first([...one.items ?? [], ...one.columns ?? []])).find(Boolean);
  return (summary || text?.replace(/<[^>]*>/g, '') || attachments.map(({ content, name }) => first(content?.body) || name).find(Boolean) || '').slice(0, 120);
}

// A server that does not answer counts as an app out of reach.
const orUnreachable = (asked) => asked.catch(() => ({ status: 0, problem: 'unreachable' }));

export class Session extends EventTarget {
  constructor(address = new URL(window.location.href)) {
    super();
    const asked = address.searchParams;
    this.as = asked.get('as') ?? 'ana';
    this.lang = languages.some(({ code }) => code === asked.get('lang')) ? asked.get('lang') : 'en';
    this.theme = asked.get('theme') === 'dark' ? 'dark' : 'light';
    this.width = asked.get('width') === 'phone' ? 'phone' : 'wide';
    this.chat = asked.get('chat') ?? '';
    this.world = { people: [], conversations: [], apps: [] };
    this.messages = [];
    this.unread = new Map(); // conversation → {id, count, name, text} of what came last
    this.clock = { offsetMs: 0, zone: 'UTC' };
    this.faults = { orders: [], downSeconds: 0, limits: false, throttled: 0 };
    this.entries = [];
    this.views = new Map();
    this.refreshed = new Set();
    this.typists = new Map();
    this.id = crypto.randomUUID();
  }

  /** Loads the world and begins to listen. */
  async start() {
    await this.loadWorld();
    await Promise.all([this.listen(), this.loadClock(), this.loadFaults()]);
    const { entries } = await api.activity();
    this.entries = entries.slice(-HISTORY);
    this.emit('activity');
    await this.open(this.chat || (this.width === 'wide' ? this.world.conversations[0]?.id : ''));
  }

  /** The page's text of a key. */
  t = (key, args) => text(this.lang, key, args);

  get locale() {
    return languages.find(({ code }) => code === this.lang).locale;
  }

  get me() {
    return this.world.people.find(({ id }) => id === this.as);
  }

  get conversation() {
    return this.world.conversations.find(({ id }) => id === this.chat);
  }

  /** The apps that are installed in a conversation. */
  appsIn(conversation = this.conversation) {
    return this.world.apps.filter(({ key }) => conversation?.apps.includes(key));
  }

  /** The app that sent a message, or whose extension made the card in it. */
  appOf({ from = '', via }) {
    return this.world.apps.find(({ key }) => from === `bot:${key}` || via === key);
  }

  person(id) {
    return this.world.people.find((one) => one.id === id);
  }

  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  on(name, listener) {
    this.addEventListener(name, (event) => listener(event.detail));
  }

  async loadWorld() {
    this.world = await api.world(this.as, this.locale);
    this.as = this.world.me ?? this.as;
    if (this.chat && !this.conversation) this.chat = '';
    this.emit('world');
  }

  async loadClock() {
    this.setClock(await api.clock(this.as));
  }

  setClock({ offsetMs, zone }) {
    this.clock = { offsetMs, zone };
    this.emit('clock');
  }

  async loadFaults() {
    this.faults = await api.trouble();
    this.emit('faults');
  }

  /** The time of the service. */
  now() {
    return new Date(Date.now() + this.clock.offsetMs);
  }

  /** A moment as people read it: the time of today, with the day on others. */
  moment(time) {
    const { zone: timeZone } = this.clock;
    const day = (date) => new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeZone }).format(date);
    const date = new Date(time);
    const today = day(date) === day(this.now());
    return new Intl.DateTimeFormat(this.locale, { ...today ? {} : { weekday: 'short', day: 'numeric', month: 'short' }, hour: '2-digit', minute: '2-digit', timeZone }).format(date);
  }

  /** Opens a conversation; an empty id shows the list alone (on the phone). */
  async open(id) {
    this.chat = this.world.conversations.some((one) => one.id === id) ? id : '';
    this.unread.delete(id);
    this.messages = [];
    this.remember();
    if (this.chat) await this.loadMessages();
    this.emit('conversation');
  }

  async loadMessages() {
    const chat = this.chat;
    const meanwhile = [];
    this.meanwhile = meanwhile;
    const { messages } = await api.messages(this.as, chat);
    if (chat !== this.chat) return;
    this.messages = messages;
    // What was heard while the list was under way may be missing in it.
    for (const event of meanwhile) this.place(event);
    if (this.meanwhile === meanwhile) this.meanwhile = null;
    // A conversation that is opened draws its cards anew, so they refresh again, as in Teams.
    this.refreshed.clear();
  }

  /** Becomes another person. */
  async become(person) {
    this.as = person;
    this.unread.clear();
    await this.loadWorld();
    await Promise.all([this.listen(), this.loadClock()]);
    await this.open(this.chat);
  }

  /** Changes lang, theme, width or showActivity. Apps have names and commands in each language. */
  async set(name, value) {
    this[name] = value;
    this.remember();
    if (name === 'lang') await this.loadWorld();
    this.emit('settings', name);
  }

  remember() {
    const address = new URL(window.location.href);
    const { as, lang, theme, width, chat } = this;
    for (const [name, value] of Object.entries({ as, lang, theme, width, chat })) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    window.history.replaceState(null, '', address);
  }

  // Resolves once the stream is open (or has failed and tries again), so that nothing said from then on is missed.
  listen() {
    this.events?.close();
    this.events = api.events(this.as);
    let lost = false;
    this.events.addEventListener('message', ({ data }) => this.hear(JSON.parse(data)));
    this.events.addEventListener('error', () => { lost = true; });
    this.events.addEventListener('open', () => {
      if (lost) this.catchUp();
      lost = false;
    });
    return new Promise((resolve) => {
      for (const name of ['open', 'error']) this.events.addEventListener(name, resolve, { once: true });
    });
  }

  // After a broken connection nobody knows what was missed: read it all again.
  async catchUp() {
    await this.loadWorld();
    if (!this.chat) return;
    await this.loadMessages();
    this.emit('conversation');
  }

  hear(event) {
    switch (event.type) {
      case 'message': case 'update': case 'delete': return this.hearMessage(event);
      case 'typing': return this.hearTyping(event);
      case 'activity': return this.hearActivity(event.entry);
      case 'world': return this.catchUp();
      case 'clock': return this.loadClock();
      case 'faults': return this.loadFaults();
      default: return undefined;
    }
  }

  hearMessage({ type, conversation, message }) {
    if (type === 'message') this.stopTyping(conversation);
    const at = this.messages.findIndex(({ id }) => id === message.id);
    const known = at >= 0 ? this.messages[at] : {};
    if (type !== 'message' && !isReaction(known, message)) this.forgetViews(conversation, message.id);
    if (conversation !== this.chat) {
      this.hearElsewhere({ type, conversation, message });
      return;
    }
    this.meanwhile?.push({ type, message });
    this.emit('messages', { change: at >= 0 ? 'changed' : 'added', message: this.place({ type, message }) });
  }

  // What came to another conversation is told in the list, by its summary, until that is opened.
  hearElsewhere({ type, conversation, message }) {
    const news = this.unread.get(conversation);
    if (type !== 'message' && news?.id !== message.id) return;
    const text = type === 'delete' ? this.t('deleted') : snippet(message) || this.t('newMessage');
    this.unread.set(conversation, { id: message.id, count: (news?.count ?? 0) + (type === 'message' ? 1 : 0), name: message.name, text });
    this.emit('unread');
  }

  // Puts a message into the list, in place of its earlier state.
  place({ type, message }) {
    const at = this.messages.findIndex(({ id }) => id === message.id);
    const now = type === 'delete' ? { ...this.messages[at], ...message, deleted: true } : message;
    if (at >= 0) this.messages[at] = now;
    else this.messages.push(now);
    return now;
  }

  /** Draws a message anew, when it is still there. */
  redraw(id) {
    const message = this.messages.find((one) => one.id === id);
    if (message) this.emit('messages', { change: 'changed', message });
  }

  hearTyping({ conversation, message }) {
    this.stopTyping(conversation);
    const app = this.world.apps.find(({ key }) => `bot:${key}` === message?.from);
    this.typists.set(conversation, { name: app?.name ?? '…', timer: setTimeout(() => this.stopTyping(conversation), TYPING_MS) });
    this.emit('typing');
  }

  stopTyping(conversation) {
    clearTimeout(this.typists.get(conversation)?.timer);
    this.typists.delete(conversation);
    this.emit('typing');
  }

  hearActivity(entry) {
    this.entries = [...this.entries.slice(1 - HISTORY), entry];
    this.emit('activity', entry);
  }

  /** Sends an invoke and gives the raw answer. Place may name {messageId, thread, app}. */
  invoke(name, value, place = {}) {
    return orUnreachable(api.invoke({ ...this.here(), name, value, ...place }));
  }

  /** Runs an Action.Execute of a message's card; trigger is manual or automatic, state what a sign-in gave. */
  act(messageId, action, trigger, state) {
    return orUnreachable(api.action({ ...this.here(), messageId, action, trigger, state }));
  }

  /** Who does something, where and in which language. */
  here() {
    return { as: this.as, conversation: this.chat, locale: this.locale };
  }

  /** The name of the theme as apps hear it. */
  get themeName() {
    return this.theme === 'dark' ? 'dark' : 'default';
  }

  // A card that an answer replaced is seen by one person, until the app updates the message.
  viewKey(conversation, message, index) {
    return [this.as, conversation, message, index].join('\n');
  }

  forgetViews(conversation, message) {
    const middle = `\n${conversation}\n${message}\n`;
    for (const kept of [this.views, this.refreshed]) {
      for (const key of kept.keys()) if (key.includes(middle)) kept.delete(key);
    }
  }
}
