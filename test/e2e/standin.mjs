// A bot of a few lines in place of the real one, for what the small Teams does with answers that the real one seldom
// gives. It speaks to the sandbox as any bot does, with a token of its own. It also serves pages, with Microsoft's TeamsJS.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const WAIT_MS = 15_000; // an activity arrives within this

/** The content types of the attachments that bots send. */
export const TYPES = {
  adaptive: 'application/vnd.microsoft.card.adaptive', oauth: 'application/vnd.microsoft.card.oauth', thumbnail: 'application/vnd.microsoft.card.thumbnail',
  consent: 'application/vnd.microsoft.teams.card.file.consent', info: 'application/vnd.microsoft.teams.card.file.info',
};

/** A card with a text, and whatever more is given. */
export const card = (text, more = {}) => ({ contentType: TYPES.adaptive, content: { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text, wrap: true }], ...more } });

/** A message of attachments. */
export const message = (...attachments) => ({ type: 'message', attachments });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the sandbox alone, and the bot for it; gives {url, bot, stop}. */
export async function startStandIn() {
  assert.ok(process.env.TEAMSPRO_BIN, 'TEAMSPRO_BIN must name the teamspro binary to test, see README.md');
  const data = await mkdtemp(join(tmpdir(), 'teamspro-standin-'));
  const port = await freePort();
  const child = spawn(process.env.TEAMSPRO_BIN, ['sandbox', '--only', '--listen', '127.0.0.1:0', '--bot-listen', `127.0.0.1:${port}`, '--data', data,
    '--packages', join(here, 'node_modules'), '--quiet'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const settings = await settingsOf(child);
  const bot = new StandIn(settings, port);
  await bot.start();
  return {
    url: settings.page, bot,
    stop: async () => {
      await bot.stop();
      child.kill('SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function settingsOf(child) {
  const settings = {};
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    for (const [, name, value] of said.matchAll(/^(?:export )?(\w+)[ =](\S+)$/gm)) settings[name] = value;
    if (settings.page && settings.TEAMSPRO_CA_FILE && settings.TEAMSPRO_LOGIN_URL && settings.TEAMSPRO_IMAGE_APP_SECRET && settings.TEAMSPRO_TENANT_ID && settings.TEAMSPRO_IMAGE_APP_ID) break;
  }
  assert.ok(settings.page, `the sandbox did not start: ${said}`);
  child.stdout.resume();
  return settings;
}

const pageOf = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page of the app</title>
<script>window.fetch = () => Promise.reject(new Error('no network'));</script><script src="/teams.js"></script>
<style>body { font: 16px sans-serif; margin: 2rem; background: #fff; color: #222 }</style><body><h1>A page of the app</h1><p id="who"></p><p id="out"></p>${body}</body></html>`;

// The library asks the host for everything; the host is named, because it is not Teams' own address.
const begin = (host) => `await microsoftTeams.app.initialize([${JSON.stringify(host)}]);
const context = await microsoftTeams.app.getContext();
document.getElementById('who').textContent = [context.user.userPrincipalName, context.app.theme, context.page.frameContext].join(' · ');
microsoftTeams.app.registerOnThemeChangeHandler((theme) => { document.getElementById('out').textContent = 'theme ' + theme; });`;

const press = (name, deed) => `const b${name} = document.createElement('button'); b${name}.textContent = '${name}'; document.body.append(b${name}); b${name}.onclick = async () => { ${deed} };`;

class StandIn {
  constructor(settings, port) {
    Object.assign(this, { settings, port, heard: [], rules: [], hosts: new URL(settings.page).origin });
    this.origin = `http://127.0.0.1:${port}`;
    this.server = createServer((req, res) => this.serve(req, res));
  }

  async start() {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Answers activities of a type, or invokes of a name, from now on: `answer(activity)` gives a body, or {status, body}. */
  on(kind, answer) {
    this.rules.unshift({ kind, answer });
  }

  forget() {
    this.rules = [];
    this.heard = [];
  }

  /** Waits for an activity of a kind that fits; gives it. */
  async hears(kind, fits = () => true) {
    const end = Date.now() + WAIT_MS;
    while (Date.now() < end) {
      const found = this.heard.find((activity) => (activity.name ?? activity.type) === kind && fits(activity));
      if (found) return found;
      await new Promise((resolve) => { setTimeout(resolve, 25); });
    }
    return assert.fail(`the bot never heard ${kind}; it heard ${this.heard.map(({ name, type }) => name ?? type)}`);
  }

  async serve(req, res) {
    const { pathname } = new URL(req.url, this.origin);
    const page = this.pages()[pathname];
    if (req.method === 'POST') return this.take(req, res);
    if (pathname === '/teams.js') return res.setHeader('Content-Type', 'text/javascript').end(await readFile(join(here, 'node_modules/@microsoft/teams-js/dist/umd/MicrosoftTeams.min.js')));
    if (pathname === '/start') return res.writeHead(302, { Location: this.authorize() }).end();
    if (page) return res.setHeader('Content-Type', 'text/html').end(pageOf(`<script type="module">${begin(this.hosts)}${page}</script>`));
    return res.end();
  }

  /** The page where people consent, which comes back to /done. */
  authorize() {
    const { page, TEAMSPRO_TENANT_ID: tenant, TEAMSPRO_IMAGE_APP_ID: id } = this.settings;
    return `${page}login/${tenant}/oauth2/v2.0/authorize?${new URLSearchParams({ client_id: id, response_type: 'code', redirect_uri: `${this.origin}/done`, scope: 'openid offline_access User.Read', state: 's1' })}`;
  }

  pages() {
    return {
      '/done': `const asked = new URLSearchParams(location.search);
        if (asked.has('code')) microsoftTeams.authentication.notifySuccess(asked.get('code')); else microsoftTeams.authentication.notifyFailure(asked.get('error'));`,
      '/signin': press('Finish', "microsoftTeams.authentication.notifySuccess('424242');") + press('Refuse', "microsoftTeams.authentication.notifyFailure('nobody home');"),
      '/dialog': press('Send', "microsoftTeams.dialog.url.submit({ size: '800' });")
        + press('Who', "document.getElementById('out').textContent = await microsoftTeams.authentication.getAuthToken().then((token) => JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).scp, (error) => error.message);"),
    };
  }

  async take(req, res) {
    let raw = '';
    for await (const chunk of req) raw += chunk;
    const activity = JSON.parse(raw);
    this.heard.push(activity);
    const rule = this.rules.find(({ kind }) => kind === (activity.name ?? activity.type));
    const answer = await rule?.answer(activity) ?? {};
    res.statusCode = answer.status ?? 200;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(answer.status ? answer.body ?? null : answer));
  }

  /** Sends a message to a conversation, as Image Pro; gives its id. */
  say(conversation, activity) {
    return this.call('POST', `${conversation}/activities`, activity);
  }

  update(conversation, id, activity) {
    return this.call('PUT', `${conversation}/activities/${id}`, activity);
  }

  remove(conversation, id) {
    return this.call('DELETE', `${conversation}/activities/${id}`);
  }

  async call(method, path, body) {
    const res = await fetch(`${this.settings.page}teams/v3/conversations/${path}`, { method, headers: { Authorization: `Bearer ${await this.token()}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
    assert.ok(res.ok, `${method} ${path}: ${res.status} ${res.ok ? '' : await res.text()}`);
    const text = await res.text();
    return text ? JSON.parse(text).id : undefined;
  }

  /** The bytes of an address that takes the bot's token; the status when it gives none. */
  async fetched(url, { anonymous = false } = {}) {
    const res = await fetch(url, anonymous ? {} : { headers: { Authorization: `Bearer ${await this.token()}` } });
    return res.ok ? Buffer.from(await res.arrayBuffer()) : res.status;
  }

  async token() {
    this.held ??= await this.fetchToken();
    return this.held;
  }

  async fetchToken() {
    const { TEAMSPRO_LOGIN_URL: login, TEAMSPRO_TENANT_ID: tenant, TEAMSPRO_CA_FILE: ca, TEAMSPRO_IMAGE_APP_ID: id, TEAMSPRO_IMAGE_APP_SECRET: secret } = this.settings;
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret, scope: 'https://api.botframework.com/.default' });
    const req = request(`${login}/${tenant}/oauth2/v2.0/token`, { method: 'POST', ca: await readFile(ca), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    req.end(String(form));
    const [res] = await once(req, 'response');
    let raw = '';
    for await (const chunk of res) raw += chunk;
    return JSON.parse(raw).access_token;
  }
}

/** A search of the message extension, and an action on messages, as a manifest names them. */
export const SEARCH = { id: 'searchImages', type: 'query', title: 'Images', description: '', context: ['compose'], initialRun: true, parameters: [{ name: 'q', title: 'Words', description: '' }] };
export const EDIT = { id: 'editImage', type: 'action', title: 'Edit image', description: '', context: ['message', 'compose'], fetchTask: true, parameters: [] };

/** Lets the page see another Image Pro than the manifest makes: `change` works on its view. */
async function asIf(visit, change) {
  await visit.context.route('**/api/world*', async (route) => {
    const answer = await route.fetch();
    const world = await answer.json();
    change(world.apps.find(({ key }) => key === 'image'));
    await route.fulfill({ json: world });
  });
  await visit.page.reload();
  await visit.page.getByTestId('main-compose').waitFor();
}

/** Puts these commands into the message extension of Image Pro in place of its own, as a manifest that has them would. */
export const offer = (visit, commands) => asIf(visit, (image) => { image.extension = commands; });

/** Lets Image Pro be set up in these kinds of conversations, as a manifest with bots.configuration would. */
export const configurable = (visit, kinds) => asIf(visit, (image) => { image.configurable = kinds; });
