// What the browser tests share: the real program on ports of its own, a browser that reaches nothing else,
// and a few words to tell a story with. Each story fails when a card had a problem, the page wrote an error
// or asked for anything outside this machine, and leaves a picture in out/ then.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const START_MS = 30_000; // the program prints its address within this
const STEP_MS = 15_000; // every step of a story takes less
const LATER_MS = 60_000; // what the app does of its own accord comes within this, also on a busy machine
const LOOK_MS = 100; // how often it is looked for
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Starts a browser: Debian's chromium, or what CHROMIUM names. */
export const browse = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });

/** Starts the program named by TEAMSPRO_BIN with a folder of its own; gives {url, stop}. */
export async function startProgram(extra = []) {
  const binary = process.env.TEAMSPRO_BIN;
  assert.ok(binary, 'TEAMSPRO_BIN must name the teamspro binary to test, see README.md');
  const data = await mkdtemp(join(tmpdir(), 'teamspro-e2e-'));
  const child = spawn(binary, ['sandbox', '--listen', '127.0.0.1:0', '--bot-listen', '127.0.0.1:0', '--data', data,
    '--packages', join(here, 'node_modules'), '--quiet', ...extra], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => { child.once('close', resolve); });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  try {
    return { url: await addressOf(child, ended), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// The program says "page http://127.0.0.1:PORT/" once it is ready.
async function addressOf(child, ended) {
  let said = '';
  let wrote = '';
  child.stderr.on('data', (chunk) => { wrote = (wrote + chunk).slice(-4000); });
  const found = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const line = /^page (http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(said);
      if (line) resolve(line[1]);
    });
  });
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, START_MS); });
  const url = await Promise.race([found, ended, late]);
  clearTimeout(timer);
  assert.equal(typeof url, 'string', `the program did not print its page within ${START_MS / 1000} s. It said:\n${said}\n${wrote}`);
  return url;
}

/**
 * A file of stories against one program: `story(name, tell)` hands `tell` a function that opens pages, and the program.
 * `start` gives {url, stop}.
 */
export function stories(start = startProgram) {
  const stage = {};
  test.before(async () => {
    stage.program = await start();
    stage.browser = await browse();
  });
  test.after(async () => {
    await stage.browser?.close();
    await stage.program?.stop();
  });
  return (name, tell) => test(name, { timeout: 120_000 }, async () => {
    const visits = [];
    try {
      await tell(async (who) => {
        const visit = await Visit.begin(stage.browser, stage.program.url, who);
        visits.push(visit);
        return visit;
      }, stage.program);
      for (const visit of visits) await visit.check();
    } catch (error) {
      for (const [i, visit] of visits.entries()) await visit.picture(`${name}-${i + 1}`);
      throw error;
    } finally {
      for (const visit of visits) await visit.context.close();
    }
  });
}

/** One person at the page. */
export class Visit {
  /** Opens the page as somebody: {as, chat, lang, theme, width}. */
  static async begin(browser, url, { as = 'ana', chat = 'personal-contact', lang = 'en', theme = 'light', width = 'wide', viewport = { width: 1280, height: 860 } } = {}) {
    const visit = new Visit();
    visit.context = await browser.newContext({ viewport, locale: 'en-GB', timezoneId: 'Europe/London' });
    visit.context.setDefaultTimeout(STEP_MS);
    visit.as = as;
    visit.errors = [];
    visit.outside = [];
    await visit.context.route('**/*', (route) => visit.gate(route));
    visit.page = await visit.context.newPage();
    visit.page.on('pageerror', (error) => visit.errors.push(error.message));
    visit.page.on('console', (message) => { if (message.type() === 'error') visit.errors.push(message.text()); });
    const address = new URL(url);
    for (const [key, value] of Object.entries({ as, chat, lang, theme, width })) address.searchParams.set(key, value);
    await visit.page.goto(address.href);
    await visit.page.getByTestId('main-compose').waitFor();
    return visit;
  }

  gate(route) {
    const { protocol, hostname, href } = new URL(route.request().url());
    if (protocol === 'data:' || hostname === '127.0.0.1') return route.continue();
    this.outside.push(href);
    return route.abort();
  }

  /** Everything that must hold at the end of every story. */
  async check() {
    assert.deepEqual(this.outside, [], 'the page asked for something outside this machine');
    assert.deepEqual(this.errors, [], 'the page wrote errors to the console');
    const problems = await this.page.getByTestId('card-problems').allTextContents();
    assert.deepEqual(problems, [], 'the renderer found problems in a card');
  }

  async picture(name) {
    const folder = join(here, 'out');
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name.replace(/[^\p{L}\d]+/gu, '-')}.png`) });
  }

  /** Writes into the main box and sends with Enter. */
  async say(text) {
    const box = this.page.getByTestId('main-compose').getByTestId('compose');
    await box.fill(text);
    await box.press('Enter');
  }

  /** Waits for the next message of the app, which begins to count now; gives its locator. */
  async answerTo(deed) {
    const fromApp = this.page.locator('[data-testid="message"][data-from^="bot:"]');
    const before = await fromApp.count();
    await deed();
    const answer = fromApp.nth(before);
    await answer.waitFor();
    return answer;
  }

  /** Says something and gives the app's answer. */
  ask(text) {
    return this.answerTo(() => this.say(text));
  }

  /** The open dialog. */
  get dialog() {
    return this.page.getByTestId('dialog');
  }

  /** An input of the open dialog by its label. */
  field(label) {
    return this.dialog.getByRole('textbox', { name: label });
  }

  /** Waits until a text is seen in a place (the whole page when none is named). */
  async sees(text, place = this.page) {
    await place.getByText(text).first().waitFor();
  }

  /** Presses a button by its name in a place. */
  async press(name, place = this.page) {
    await place.getByRole('button', { name, exact: typeof name === 'string' }).first().click();
  }

  /** Presses a button that may be folded away behind "More". */
  async pressDeep(name, place, more = 'More') {
    const button = place.getByRole('button', { name, exact: true }).first();
    if (!await button.isVisible()) await this.press(more, place);
    await button.click();
  }

  /** Asserts that no button of this name can be pressed in a place, not even behind "More". */
  async lacks(name, place) {
    assert.equal(await place.getByRole('button', { name, exact: true, includeHidden: true }).count(), 0, `“${String(name)}” is offered where it must not be`);
  }

  /** Does what opens a window of an app, and gives the page in that. */
  async opens(deed) {
    const [popup] = await Promise.all([this.context.waitForEvent('page'), deed()]);
    popup.on('pageerror', (error) => this.errors.push(`in a window: ${error.message}`));
    await popup.waitForLoadState();
    return popup;
  }

  /**
   * Signs in through the window that `deed` opens: on the sandbox's consent page the person is chosen and allows (or
   * whatever `decision` says), and the window closes. `person` is who signs in, by the name of the page ("ana").
   */
  async signIn(deed, { person = this.as, decision = 'Allow' } = {}) {
    const popup = await this.opens(deed);
    const closed = popup.waitForEvent('close');
    await popup.locator(`input[name="person"][value="${person}"]`).check();
    await popup.getByRole('button', { name: decision, exact: true }).click();
    await closed;
  }

  /** Picks an entry of the trouble menu, like "silentFails", or a kind of fault, like "fault429", for an operation and a place. */
  async trouble(entry, { op, where } = {}) {
    await this.page.getByTestId('trouble-button').click();
    const kinds = this.page.getByTestId('fault-kind');
    const isKind = await kinds.locator(`option[value="${entry}"]`).count() > 0;
    if (op) await this.page.getByTestId('fault-op').selectOption(op);
    if (where) await this.page.getByTestId('fault-where').selectOption(where);
    if (isKind) await kinds.selectOption(entry);
    if (!isKind) {
      await this.page.getByTestId(`trouble-${entry}`).click();
      await this.page.getByTestId('toast').last().waitFor();
      return;
    }
    const ordered = this.page.waitForResponse((response) => response.url().endsWith('/api/faults') && response.request().method() === 'POST');
    await this.page.getByTestId('trouble-begin').click();
    await ordered;
    await this.page.keyboard.press('Escape');
  }

  /** Moves the service's clock by an entry of its menu, "clockHour", "clockTomorrow" or "clockReal", or to "2026-11-23T08:00". */
  async setClock(entry) {
    await this.page.getByTestId('clock-button').click();
    if (/^\d/.test(entry)) await this.page.getByTestId('clock-local').fill(entry);
    const moved = this.page.waitForResponse((response) => response.url().endsWith('/api/clock') && response.request().method() === 'POST');
    await this.page.getByTestId(/^\d/.test(entry) ? 'clock-set' : `clock-${entry}`).click();
    await moved;
    await this.page.keyboard.press('Escape');
  }

  /** Adds, sets up or removes an app in the open conversation: deed is "install", "configure" or "uninstall". */
  async place(deed, app) {
    await this.page.getByTestId('place-apps').click();
    await this.page.getByTestId(`place-${deed}-${app}`).click();
  }

  /** The connector's record of a conversation: {sent, edits, deletions, repeated, unheard, messages}. */
  async record(conversation) {
    const { conversations } = await (await this.context.request.get(new URL(`/api/record?conversation=${conversation}`, this.page.url()).href)).json();
    return conversations[0] ?? { sent: 0, edits: 0, deletions: 0, repeated: 0, unheard: 0, messages: [] };
  }

  /** What the connector's record has of a text in a conversation, once it is there and `enough` says so. */
  recorded(conversation, text, enough = () => true) {
    return eventually(async () => {
      const found = (await this.record(conversation)).messages.filter((one) => text.test(one.text));
      return found.length && enough(found) ? found : null;
    }, `${text} is not in ${conversation} as it should be`);
  }

  /** Opens the settings of the open conversation from the app's own menu. */
  async configure(app = 'contact') {
    await this.place('configure', app);
    await this.dialog.getByRole('button', { name: /^(Save|Enregistrer)$/ }).waitFor();
  }

  /** Chooses in the open dialog of settings when the conversation hears of what, and from when to when it is quiet. */
  async choose({ when, kinds = [], at, workdays = false, quiet = ['', ''] }) {
    await this.dialog.getByLabel('When to tell').selectOption({ label: when });
    for (const box of await this.dialog.getByRole('checkbox', { name: /Contacts|Imports|Pictures|New pictures/ }).all()) await box.setChecked(false);
    for (const kind of kinds) await this.dialog.getByRole('checkbox', { name: kind }).check();
    if (at) await this.dialog.getByLabel('Once a day at').fill(at);
    await this.dialog.getByRole('checkbox', { name: 'Monday to Friday only' }).setChecked(workdays);
    await this.dialog.getByLabel('Quiet from').fill(quiet[0]);
    await this.dialog.getByLabel('Quiet until').fill(quiet[1]);
  }

  /** Presses a button of the open dialog, reads what the app says to it, and closes it. */
  async finish(button, said) {
    await this.press(button, this.dialog);
    await this.sees(said, this.dialog);
    await this.dialog.getByTestId('dialog-close').click();
    await this.dialog.waitFor({ state: 'detached' });
  }

  /** Opens another conversation. */
  async go(conversation) {
    await this.page.getByTestId(`chat-${conversation}`).click();
    await this.page.locator(`[data-testid="chat-head"][data-chat="${conversation}"]`).waitFor();
  }

  /** Opens the search extension of an app from the main box, types into it, and waits for the answer to that. */
  async search(text, app = this.page.url().includes('chat=personal-image') ? 'image' : 'contact') {
    await this.page.getByTestId('main-compose').locator(`[data-testid="extension-button"][data-app="${app}"]`).click();
    const answered = this.page.waitForResponse((response) => response.url().endsWith('/api/invoke') && response.request().postDataJSON().value.parameters?.[0].value === text);
    await this.page.getByTestId('extension-search').fill(text);
    await answered;
  }
}

/** Asks again and again until the answer is true, and gives that. */
export async function eventually(ask, otherwise) {
  for (const end = Date.now() + LATER_MS; ;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() < end, `${otherwise} (after ${LATER_MS / 1000} s)`);
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
  }
}

/** A name that no other story uses. */
export const inventName = (first) => `${first} Zwiebel${Math.random().toString(36).slice(2, 8).replace(/\d/g, 'q')}`;
