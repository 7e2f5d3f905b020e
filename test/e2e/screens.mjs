// Walks the sandbox and writes the pictures of the docs: each card and dialog, wide in the light theme and on a phone of
// 320 px in the dark one, and a few views of the whole page. Run: TEAMSPRO_BIN=… node screens.mjs FOLDER
// With the beginning of a name behind the folder, only the cards of that name are taken, and the other pictures stay.

import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { browse, startProgram, Visit } from './helper.mjs';
import { reduced } from './png.mjs';

const [folder, only = ''] = process.argv.slice(2);
if (!folder) throw new Error('usage: node screens.mjs FOLDER [NAME]');

const WIDE_LIGHT = { theme: 'light', width: 'wide' };
const PHONE_DARK = { theme: 'dark', width: 'phone' };
const TALL = { width: 1000, height: 2600 }; // every card fits, so that none is cut
const WINDOW = { width: 1200, height: 760 };
const PHONE = { width: 800, height: 760 };

const cardOf = (place) => place.getByTestId('card').first();

/** Opens the row of Marta in a list and waits for her card. */
async function openRow(visit, list) {
  await list.getByRole('button', { name: /Marta/ }).first().click();
  await visit.sees('Mobile', list);
  return list;
}

/** Says something and presses a button of the answer, which opens a dialog. */
async function opened(visit, words, button) {
  await visit.press(button, await visit.ask(words));
  await visit.dialog.getByRole('button').nth(1).waitFor();
}

/** Adds Wilma, whom every look has to itself. */
const addWilma = (visit) => visit.ask('add Wilma Sample, wilma@fabrikam.example, +44 7700 900321');

const IMAGE = { chat: 'personal-image' };

/** Hands a sample picture to Image Pro with some words. */
async function handed(visit, name, words) {
  await visit.page.getByTestId('main-compose').getByTestId('attach').click();
  await visit.page.getByTestId(`sample-${name}`).click();
  await visit.page.getByTestId('file-chip').waitFor();
  const card = cardOf(await visit.ask(words));
  await card.locator('img.ac-image').scrollIntoViewIfNeeded();
  return card;
}

/** What is pictured, in an order in which each scene finds what the ones before it left. Each gives the element to picture. */
const scenes = [
  ['welcome', {}, async (visit) => {
    await visit.sees('Hello from Contact Pro');
    return cardOf(visit.page);
  }],
  ['welcome-group', { chat: 'group' }, async (visit) => {
    await visit.sees('Hello from Contact Pro');
    return cardOf(visit.page);
  }],
  ...[['help', 'help'], ['list', 'find marta'], ['nobody', 'find qqxyzzyqq'], ['unknown', 'water the plants']]
    .map(([name, words]) => [name, {}, async (visit) => cardOf(await visit.ask(words))]),
  ['help-french', { lang: 'fr' }, async (visit) => cardOf(await visit.ask('aide'))],
  ['contact', {}, async (visit) => cardOf(await openRow(visit, await visit.ask('find marta')))],
  ['contact-group', { chat: 'group' }, async (visit) => cardOf(await openRow(visit, await visit.ask('find marta')))],
  ['add', {}, async (visit) => cardOf(await visit.ask('add'))],
  ['form', {}, async (visit) => {
    await opened(visit, 'add', 'Add contact');
    await visit.field('Name').waitFor();
    return visit.dialog;
  }],
  ['form-problems', {}, async (visit) => {
    await opened(visit, 'add', 'Add contact');
    await visit.field('Mobile phone').fill('call me');
    await visit.press('Add', visit.dialog);
    await visit.sees('Please give a name.', visit.dialog);
    return visit.dialog;
  }],
  ['added', {}, async (visit) => cardOf(await addWilma(visit))],
  ['edited', {}, async (visit) => {
    const offer = await visit.ask('edit wilma sample');
    await visit.press('Edit', offer);
    await visit.field('Job title').fill('Harbour master');
    await visit.press('Save', visit.dialog);
    await visit.dialog.waitFor({ state: 'detached' });
    await visit.sees('You changed: Job title.', offer);
    return cardOf(offer);
  }],
  ['history', {}, async (visit) => cardOf(await visit.ask('history wilma sample'))],
  ['confirm', {}, async (visit) => cardOf(await visit.ask('delete wilma sample'))],
  ['deleted', {}, async (visit) => {
    const answer = await visit.ask('delete wilma sample');
    await visit.press('Delete', answer);
    await visit.sees('Wilma Sample was deleted.', answer);
    return cardOf(answer);
  }],
  ['trash', {}, async (visit) => cardOf(await visit.ask('trash'))],
  ['undone', {}, async (visit) => cardOf(await visit.ask('undo'))],
  ['favourites', {}, async (visit) => {
    const list = await openRow(visit, await visit.ask('find marta'));
    await visit.press(/Favourite/, list);
    await visit.sees(/Unfavourite/, list);
    return cardOf(await visit.ask('favourites'));
  }],
  ...[['tags'], ['books'], ['settings', 'group'], ['privacy']].map(([words, chat]) => [words, { chat }, async (visit) => cardOf(await visit.ask(words))]),
  ['settings-dialog', { chat: 'group' }, async (visit) => {
    await opened(visit, 'settings', 'Change');
    return visit.dialog;
  }],
  ['book-dialog', {}, async (visit) => {
    await opened(visit, 'books', 'New book');
    return visit.dialog;
  }],
  ['denied', { as: 'chloe', chat: 'leads' }, async (visit) => cardOf(await visit.ask('add Eve Sample, eve@fabrikam.example'))],
  ['picture-resized', IMAGE, (visit) => handed(visit, 'harbour.jpg', 'resize 800 | webp')],
  ['picture-redacted', IMAGE, (visit) => handed(visit, 'settings.png', 'redact 490,578 700x64')],
  ['picture-info', IMAGE, (visit) => handed(visit, 'lighthouse.jpg', 'info')],
  ['picture-refused', IMAGE, async (visit) => cardOf(await visit.ask('resise 50%'))],
  ['picture-samples', IMAGE, async (visit) => {
    await visit.page.getByTestId('main-compose').getByTestId('attach').click();
    await visit.page.getByTestId('samples').waitFor();
    return visit.page.getByTestId('attach-menu');
  }],
].filter(([name]) => name.startsWith(only));

/** Views of the whole page, as somebody would see it. */
const views = {
  sandbox: async (visit) => {
    await openRow(visit, await visit.ask('find marta'));
  },
  search: async (visit) => {
    await visit.search('marta');
    await visit.page.getByTestId('extension-result').first().waitFor();
  },
  ready: async (visit) => {
    await visit.search('marta');
    await visit.page.getByTestId('extension-result').first().click();
    await visit.page.getByTestId('compose-card').waitFor();
  },
};

async function settled(visit) {
  await visit.page.waitForFunction(() => [...document.images].every((image) => image.complete));
  await visit.page.mouse.move(0, 0);
  await visit.page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
}

/** Writes a picture of an element. */
async function picture(element, name, { theme, width }) {
  await writeFile(join(folder, `${name}-${theme}${width === 'phone' ? '-phone' : ''}.png`), reduced(await element.screenshot()));
}

/** Pictures each card of one look, with a program of its own, so that each look shows the same. */
async function pictureScenes(browser, look) {
  const program = await startProgram();
  try {
    for (const [name, who, play] of scenes) {
      const visit = await Visit.begin(browser, program.url, { ...look, ...who, viewport: TALL });
      await visit.page.evaluate(() => { document.getElementById('frame').style.height = '100%'; }); // a phone as tall as its longest card
      const element = await play(visit);
      await settled(visit);
      if (await visit.dialog.count()) await visit.page.evaluate(() => { document.getElementById('conversation').style.visibility = 'hidden'; }); // it would look out behind the corners
      await picture(element, name, look);
      await visit.check();
      await visit.context.close();
    }
  } finally {
    await program.stop();
  }
}

async function pictureView(browser, name, look, play, chat) {
  const program = await startProgram();
  try {
    const visit = await Visit.begin(browser, program.url, { ...look, chat, viewport: look.width === 'phone' ? PHONE : WINDOW });
    await play(visit);
    await settled(visit);
    await picture(visit.page.locator(look.width === 'phone' ? '#frame' : 'body'), name, look);
    await visit.check();
    await visit.context.close();
  } finally {
    await program.stop();
  }
}

async function pictureViews(browser) {
  for (const look of [WIDE_LIGHT, { theme: 'dark', width: 'wide' }, { theme: 'light', width: 'phone' }]) await pictureView(browser, 'sandbox', look, views.sandbox, 'personal-contact');
  await pictureView(browser, 'channel', WIDE_LIGHT, views.sandbox, 'general');
  await pictureView(browser, 'search', WIDE_LIGHT, views.search, 'group');
  await pictureView(browser, 'search', PHONE_DARK, views.search, 'group');
  await pictureView(browser, 'ready', { theme: 'dark', width: 'wide' }, views.ready, 'group');
}

await mkdir(folder, { recursive: true });
for (const old of await readdir(folder)) if (old.endsWith('.png') && !only) await rm(join(folder, old));
const browser = await browse();
try {
  for (const look of [WIDE_LIGHT, PHONE_DARK]) await pictureScenes(browser, look);
  if (!only) await pictureViews(browser);
} finally {
  await browser.close();
}
const written = (await readdir(folder)).filter((name) => name.endsWith('.png'));
assert.ok(only || written.length === 2 * scenes.length + 7, 'a picture is missing');
