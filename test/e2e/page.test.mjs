// Parts of the page that need no browser: how answers are read, the two languages, the colours of cards.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const load = (name) => import(`data:text/javascript,${encodeURIComponent(readFileSync(new URL(`../../internal/sandbox/page/${name}`, import.meta.url), 'utf8'))}`);
const { readAction, readInvoke, isListed, isOpenable, ADAPTIVE } = await load('answers.js');
const { text, languages } = await load('texts.js');
const { hostConfig } = await load('hostconfig.js');

const ok = (body) => ({ status: 200, body });
const card = { type: 'AdaptiveCard', version: '1.5', body: [] };

const actions = [
  ['a card', ok({ statusCode: 200, type: ADAPTIVE, value: card }), { kind: 'card', card }],
  ['a card without statusCode', ok({ type: ADAPTIVE, value: card }), { kind: 'card', card }],
  ['a sentence', ok({ statusCode: 200, type: 'application/vnd.microsoft.activity.message', value: 'Saved.' }), { kind: 'toast', text: 'Saved.' }],
  ['an error in the body', ok({ statusCode: 400, type: 'application/vnd.microsoft.error', value: { code: 'BadRequest' } }), { kind: 'failure', key: 'wrong' }],
  ['a sign-in', ok({ statusCode: 401, type: 'application/vnd.microsoft.activity.loginRequest', value: { text: 'Please', buttons: [{ title: 'Go', value: 'https://a.example' }] } }), { kind: 'signIn', text: 'Please', title: 'Go', url: 'https://a.example' }],
  ['nothing', ok({}), { kind: 'nothing' }],
  ['a type nobody knows', ok({ type: 'x', value: 1 }), { kind: 'failure', key: 'wrong' }],
  ['501', { status: 501, body: null }, { kind: 'failure', key: 'unreachable' }],
  ['403', { status: 403, body: null }, { kind: 'failure', key: 'wrong' }],
  ['no answer', { status: 0, problem: 'timeout' }, { kind: 'failure', key: 'unreachable' }],
];
for (const [name, answer, want] of actions) test(`card action answered with ${name}`, () => assert.deepEqual(readAction(answer), want));

const task = (value) => ok({ task: { type: 'continue', value } });
const attached = { contentType: ADAPTIVE, content: card };
const previewed = { ...attached, preview: { contentType: 'application/vnd.microsoft.card.thumbnail', content: { title: 'T' } } };
const link = { actions: [{ type: 'openUrl', title: 'Go', value: 'https://a.example' }] };
const invokes = [
  ['a dialog', task({ title: 'T', card: attached }), { kind: 'task', task: { title: 'T', card: attached } }],
  ['a bare card as dialog', task({ title: 'T', card }), { kind: 'failure', key: 'wrong' }],
  ['a message', ok({ task: { type: 'message', value: 'Done' } }), { kind: 'message', text: 'Done' }],
  ['results', ok({ composeExtension: { type: 'result', attachmentLayout: 'grid', attachments: [attached, previewed] } }), { kind: 'result', layout: 'grid', attachments: [attached, previewed] }],
  ['a line instead of results', ok({ composeExtension: { type: 'message', text: 'Nobody' } }), { kind: 'message', text: 'Nobody' }],
  ['a sign-in', ok({ composeExtension: { type: 'auth', suggestedActions: link } }), { kind: 'auth', title: 'Go', url: 'https://a.example' }],
  ['settings', ok({ composeExtension: { type: 'config', suggestedActions: link } }), { kind: 'config', title: 'Go', url: 'https://a.example' }],
  ['settings of a place', ok({ responseType: 'config', config: { type: 'continue', value: { title: 'T', card: attached } } }), { kind: 'task', task: { title: 'T', card: attached } }],
  ['settings that are saved', ok({ responseType: 'config', config: { type: 'message', value: 'Saved' } }), { kind: 'message', text: 'Saved' }],
  ['settings after a sign-in', ok({ responseType: 'config', config: { type: 'auth', suggestedActions: link } }), { kind: 'auth', title: 'Go', url: 'https://a.example' }],
  ['settings in a task’s envelope', ok({ responseType: 'config', config: { task: {} } }), { kind: 'failure', key: 'wrong' }],
  ['a sign-in without a link', ok({ composeExtension: { type: 'auth' } }), { kind: 'failure', key: 'wrong' }],
  ['nothing', ok(null), { kind: 'nothing' }],
  ['something else', ok({ hello: 1 }), { kind: 'failure', key: 'wrong' }],
  ['500', { status: 500, body: {} }, { kind: 'failure', key: 'unreachable' }],
];
for (const [name, answer, want] of invokes) test(`invoke answered with ${name}`, () => assert.deepEqual(readInvoke(answer), want));

test('a search lists no adaptive card without a preview', () => assert.deepEqual([attached, previewed].map(isListed), [false, true]));

for (const [url, want] of [['https://a.example', true], ['mailto:a@b.example', true], ['tel:+447700900001', true], ['javascript:alert(1)', false], ['data:text/html,x', false], ['no address', false]]) {
  test(`a button may ${want ? '' : 'not '}open ${url}`, () => assert.equal(isOpenable(url), want));
}

test('the page has the same texts, with the same parts, in both languages', () => {
  const source = readFileSync(new URL('../../internal/sandbox/page/texts.js', import.meta.url), 'utf8');
  const keys = [...new Set([...source.matchAll(/(?:^ {2}|, )(\w+): '/gm)].map(([, key]) => key))].filter((key) => key !== 'locale' && key !== 'name');
  assert.ok(keys.length > 80, 'the keys were not found');
  for (const key of keys) {
    const [one, other] = languages.map(({ code }) => [...text(code, key, Object.fromEntries(['name', 'count', 'what', 'how', 'place', 'time', 'reason'].map((part) => [part, `{${part}}`]))).matchAll(/\{\w+\}/g)].map(String).sort());
    assert.deepEqual(one, other, key);
  }
});

for (const theme of ['light', 'dark']) {
  test(`text on every kind of container can be read in the ${theme} theme`, () => {
    const luminance = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    for (const [style, { backgroundColor, foregroundColors }] of Object.entries(hostConfig(theme).containerStyles)) {
      for (const [name, { default: strong, subtle }] of Object.entries(foregroundColors)) {
        if (name === 'light' || name === 'dark') continue; // chosen by cards for pictures behind them
        for (const colour of [strong, subtle]) {
          const [high, low] = [colour, backgroundColor].map(luminance).sort((a, b) => b - a);
          assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${name} ${colour} on ${style} ${backgroundColor}: ${((high + 0.05) / (low + 0.05)).toFixed(2)}`);
        }
      }
    }
  });
}
