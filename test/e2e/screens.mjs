// Walks the sandbox and writes a picture of each card and view, light and dark, wide and on a phone of
// 320 px, for the docs. Run: TEAMSPRO_BIN=… node screens.mjs FOLDER

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { browse, startProgram, Visit } from './helper.mjs';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node screens.mjs FOLDER');

const looks = ['light', 'dark'].flatMap((theme) => ['wide', 'phone'].map((width) => ({ theme, width })));

/** Opens the first row of a list and waits for the contact's card. */
async function openRow(visit, list) {
  await list.getByRole('button', { name: /Marta/ }).first().click();
  await visit.sees('Mobile', list);
}

/** What is pictured: each scene leaves the view as it is to be seen; it may give the card alone. */
const scenes = {
  welcome: async (visit) => visit.sees('Hello from Contact Pro'),
  list: async (visit) => visit.ask('find marta'),
  contact: async (visit) => {
    const list = await visit.ask('find marta');
    await openRow(visit, list);
    return list;
  },
  confirm: async (visit) => {
    const list = await visit.ask('find marta');
    await openRow(visit, list);
    await visit.press(/Favourite/, list);
    const own = await visit.ask('add Wilma Sample, wilma@fabrikam.example, +44 7700 900321');
    await visit.pressDeep('Delete', own);
    await visit.sees(/Delete Wilma Sample/, own);
    return own;
  },
  history: async (visit) => {
    const own = await visit.ask('find wilma sample');
    await own.getByRole('button', { name: /Wilma/ }).first().click({ timeout: 2000 }).catch(() => {}); // one hit shows its card at once
    await visit.pressDeep('History', own);
    await visit.sees('History of Wilma Sample', own);
    return own;
  },
  nobody: async (visit) => visit.ask('find qqxyzzyqq'),
  ...Object.fromEntries(['help', 'favourites', 'tags', 'books', 'trash', 'settings', 'privacy'].map((command) => [command, (visit) => visit.ask(command)])),
  form: async (visit) => {
    const offer = await visit.ask('add');
    await visit.press('Add contact', offer);
    await visit.field('Name').waitFor();
    await visit.press('Add', visit.dialog);
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

const channelScenes = {
  channel: async (visit) => {
    const answer = await visit.ask('find marta');
    await openRow(visit, answer);
  },
};

async function walk(browser, url, look, chat, steps) {
  const viewport = look.width === 'phone' ? { width: 800, height: 760 } : { width: 1200, height: 760 };
  for (const [name, play] of Object.entries(steps)) {
    const visit = await Visit.begin(browser, url, { ...look, chat, viewport });
    const card = await play(visit);
    await visit.page.waitForFunction(() => [...document.images].every((image) => image.complete));
    const place = [folder, `${name}-${look.theme}-${look.width}`];
    await visit.page.locator(look.width === 'phone' ? '#frame' : 'body').screenshot({ path: `${join(...place)}.png` });
    await card?.getByTestId('card').first().screenshot({ path: `${join(...place)}-card.png` });
    await visit.context.close();
  }
}

await mkdir(folder, { recursive: true });
const browser = await browse();
try {
  for (const look of looks) {
    const program = await startProgram(); // afresh, so that each look shows the same
    try {
      await walk(browser, program.url, look, 'personal-contact', scenes);
      await walk(browser, program.url, look, 'general', channelScenes);
    } finally {
      await program.stop();
    }
  }
} finally {
  await browser.close();
}
