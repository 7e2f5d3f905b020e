// Walks the sandbox and writes the pictures of the docs: each card and dialog, wide in the light theme and on a phone of
// 320 px in the dark one, and a few views of the whole page. Run: TEAMSPRO_BIN=… node screens.mjs FOLDER
// With beginnings of names behind the folder (settings,notice), only the cards of those names are taken, and the other
// pictures stay.

import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { browse, startProgram, Visit } from './helper.mjs';
import { reduced } from './png.mjs';

const [folder, only = ''] = process.argv.slice(2);
const wanted = ([name]) => only.split(',').some((beginning) => name.startsWith(beginning));
if (!folder) throw new Error('usage: node screens.mjs FOLDER [NAME,…]');

const WIDE_LIGHT = { theme: 'light', width: 'wide' };
const WIDE_DARK = { theme: 'dark', width: 'wide' };
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

/** Lets Image Pro in, in its own chat: from then on nobody is asked. */
async function signIn(visit) {
  const card = await visit.ask('sign in');
  return visit.answerTo(() => visit.signIn(() => card.getByTestId('sign-in').click()));
}

const CHANNEL = { chat: 'general' };

/** Says something to Image Pro in a channel, and gives its answer. */
function tell(visit, words) {
  return visit.answerTo(async () => {
    const box = visit.page.getByTestId('main-compose').getByTestId('compose');
    await box.fill('');
    await box.pressSequentially('@');
    await visit.page.getByTestId('mention-image').click();
    await box.pressSequentially(words);
    await box.press('Enter');
  });
}

/** The address in SharePoint of a file or folder of the team. */
async function addressOf(program, path) {
  const { drives } = await (await fetch(new URL('api/drive?as=ana', program.url))).json();
  return drives.find(({ key }) => key === 'team').items.find((item) => item.path === path).webUrl;
}

/** Somebody changes a file of the team behind everybody's back. */
async function meddle(program, path) {
  const done = await fetch(new URL('api/drive', program.url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ do: 'change', path }) });
  assert.equal(done.status, 200);
}

/** Opens the dialog in which the library of the channel is chosen. */
async function libraryDialog(visit) {
  const answer = await tell(visit, 'library');
  await visit.press('Change', answer);
  await visit.dialog.getByRole('button', { name: 'Next' }).waitFor();
  return answer;
}

/** Chooses the Photographs as the library of the channel. */
async function choosePhotographs(visit, program) {
  const answer = await libraryDialog(visit);
  await visit.dialog.getByRole('textbox').first().fill(await addressOf(program, 'Photographs'));
  await visit.press('Next', visit.dialog);
  await visit.dialog.waitFor({ state: 'detached' });
  return answer;
}

/** Opens a picture of the Photographs from the list that a search gave. */
async function openFound(visit, name) {
  const list = await tell(visit, 'images harbour');
  await list.getByRole('button', { name }).first().click();
  await visit.sees('Changed', list);
  return list;
}

/** Takes a found picture onto the desk. */
async function edited(visit, name) {
  const list = await openFound(visit, name);
  await visit.press('Edit', list);
  await list.getByRole('button', { name: 'Resize…' }).waitFor();
  return list;
}

/** Opens a dialog of a screenshot, fills it in and looks at its preview. */
async function tool(visit, name, fill) {
  await handed(visit, 'settings.png', 'rotate right | rotate left');
  const card = visit.page.locator('[data-testid="message"][data-from^="bot:"]').last();
  await visit.pressDeep(name, card);
  await visit.dialog.getByRole('button', { name: 'Preview' }).waitFor();
  await fill(visit.dialog);
  const image = visit.dialog.locator('img.ac-image');
  const before = await image.getAttribute('src');
  await visit.press('Preview', visit.dialog);
  await visit.page.waitForFunction((old) => ![undefined, old].includes(document.querySelector('[data-testid="dialog"] img.ac-image')?.getAttribute('src')), before);
  return visit.dialog;
}

/** The message in which the app told something of its own accord, once it has come. */
async function told(visit, conversation, text) {
  const [{ id }] = await visit.recorded(conversation, text);
  return cardOf(visit.page.locator(`[data-testid="message"][data-id="${id}"]`));
}

const TELLING = ['Contacts that were added', 'Contacts that were changed', 'Contacts that were deleted'];

/** Decides what the open channel hears of its contacts, and when. */
async function hearing(visit, what) {
  await visit.configure();
  await visit.choose({ kinds: TELLING, ...what });
  await visit.finish('Save', 'The settings are saved.');
}

/** Writes an announcement to all channels, up to the page that says whom it reaches. */
async function announced(visit) {
  await opened(visit, 'announce The canteen is closed on Friday because of the regatta. Sandwiches are at the reception from eleven.', 'Write it');
  await visit.field('Title').fill('Canteen closed on Friday');
  for (const box of await visit.dialog.getByRole('checkbox').all()) await box.check();
  await visit.press('Continue', visit.dialog);
  await visit.sees(/This goes to/, visit.dialog);
}

const MORNING = /morning/;

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
  ['settings-organisation', {}, async (visit) => {
    await visit.pressDeep('Organisation', await visit.ask('settings'));
    await visit.dialog.getByLabel('When to tell').waitFor();
    return visit.dialog;
  }],
  ['welcome-back', { chat: 'logistics' }, async (visit) => {
    await visit.place('install', 'contact');
    await visit.sees('Hello from Contact Pro');
    await addWilma(visit);
    await visit.place('uninstall', 'contact');
    await visit.page.getByTestId('extension-button').waitFor({ state: 'detached' });
    await visit.place('install', 'contact');
    await visit.sees(/is back/);
    return cardOf(visit.page.locator('[data-testid="message"]').filter({ hasText: 'is back' }));
  }],
  ['notice-digest', { chat: 'leads' }, async (visit) => {
    await visit.setClock('2027-03-01T17:00');
    for (const name of ['Otto Sample', 'Nora Sample']) await visit.ask(`add ${name}, someone@fabrikam.example, +44 7700 900321`);
    await hearing(visit, { when: 'Once a day, all together', at: '08:00' });
    for (const name of ['Wilma Sample', 'Kofi Sample']) await visit.ask(`add ${name}, someone@fabrikam.example, +44 7700 900321`);
    await visit.press('Edit', await visit.ask('edit otto sample'));
    await visit.field('Job title').fill('Harbour master');
    await visit.press('Save', visit.dialog);
    await visit.dialog.waitFor({ state: 'detached' });
    await visit.press('Delete', await visit.ask('delete nora sample'));
    await visit.setClock('2027-03-02T08:00');
    return told(visit, 'leads', /^2 contacts added/);
  }],
  ['notice-single', { chat: 'leads' }, async (visit) => {
    await hearing(visit, { when: 'At once' });
    await visit.ask('add Zadie Sample, zadie@fabrikam.example, +44 7700 900322');
    const card = await told(visit, 'leads', /added Zadie Sample/);
    await visit.setClock('clockReal');
    return card;
  }],
  ['announce', {}, async (visit) => cardOf(await visit.ask('announce The canteen is closed on Friday'))],
  ['announce-form', {}, async (visit) => {
    await opened(visit, 'announce The canteen is closed on Friday', 'Write it');
    return visit.dialog;
  }],
  ['announce-confirm', {}, async (visit) => {
    await announced(visit);
    return visit.dialog;
  }],
  ['announce-sent', { chat: 'general' }, async (visit) => {
    await announced(visit);
    await visit.finish('Send', /On its way/);
    const card = await told(visit, 'general', /Canteen closed/);
    await visit.press('I have seen it', card);
    await visit.sees('You have seen it.', card);
    return card;
  }],
  ['announce-list', {}, async (visit) => cardOf(await visit.ask('announcements'))],
  ['announce-recall', {}, async (visit) => cardOf(await visit.ask('recall'))],
  ['announce-recalled', {}, async (visit) => {
    const answer = await visit.ask('recall');
    await visit.press('Recall it', answer);
    await visit.sees(/is recalled/, answer);
    return cardOf(answer);
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
  ['image-signin', IMAGE, async (visit) => cardOf(await visit.ask('images harbour'))],
  ['image-me', IMAGE, async (visit) => cardOf(await signIn(visit))],
  ['image-help', IMAGE, async (visit) => cardOf(await visit.ask('help'))],
  ['image-help-french', { ...IMAGE, lang: 'fr' }, async (visit) => cardOf(await visit.ask('aide'))],
  ['image-library-dialog', CHANNEL, async (visit) => {
    await libraryDialog(visit);
    return visit.dialog;
  }],
  ['image-library', CHANNEL, async (visit, program) => cardOf(await choosePhotographs(visit, program))],
  ['image-list', CHANNEL, async (visit) => cardOf(await tell(visit, 'images harbour'))],
  ['image-item', CHANNEL, async (visit) => cardOf(await openFound(visit, MORNING))],
  ['image-before', CHANNEL, async (visit) => cardOf(await edited(visit, MORNING))],
  ['image-after', CHANNEL, async (visit) => cardOf(await tell(visit, 'crop 16:9 | resize 1200 | text "Regatta, 12 June" bottom white | webp'))],
  ['image-save', CHANNEL, async (visit) => cardOf(await tell(visit, 'save'))],
  ['image-save-dialog', CHANNEL, async (visit) => {
    await visit.press('Save as…', await tell(visit, 'save'));
    await visit.dialog.getByRole('textbox').nth(3).waitFor();
    return visit.dialog;
  }],
  ['image-saved', CHANNEL, async (visit) => cardOf(await tell(visit, 'save as Regatta poster.webp'))],
  ['image-clash', CHANNEL, async (visit) => cardOf(await tell(visit, 'save as Regatta poster.webp'))],
  ['image-changed', CHANNEL, async (visit, program) => {
    await edited(visit, MORNING);
    await tell(visit, 'grey');
    await meddle(program, 'Photographs/Harbour in the morning.jpg');
    return cardOf(await tell(visit, 'save version'));
  }],
  ['image-share', CHANNEL, async (visit) => {
    const list = await openFound(visit, /noon/);
    await visit.press('Share', list);
    await visit.sees('The link shows the picture', list);
    return cardOf(list);
  }],
  ['image-pins', CHANNEL, async (visit) => {
    await edited(visit, MORNING);
    await tell(visit, 'pin Harbour at dawn');
    await edited(visit, /night/);
    await tell(visit, 'pin For the invitation');
    return cardOf(await tell(visit, 'pins'));
  }],
  ['image-presets', CHANNEL, async (visit) => {
    await tell(visit, 'preset save banner = crop 3:1 | resize 1200 | webp');
    return cardOf(await tell(visit, 'presets'));
  }],
  ['image-batch', CHANNEL, async (visit) => cardOf(await tell(visit, 'batch harbour: resize 800 | grey'))],
  ['image-batched', CHANNEL, async (visit) => {
    const card = await tell(visit, 'batch harbour: resize 800 | webp');
    await visit.press('Start', card);
    await visit.sees(/pictures made/, card);
    return cardOf(card);
  }],
  ['image-exposed', IMAGE, async (visit, program) => {
    await visit.ask(`redact 20%,56% 45%x6% ${await addressOf(program, 'Screenshots/Printer settings.png')}`);
    return cardOf(await visit.ask('save version'));
  }],
  ['image-file', IMAGE, async (visit) => (await visit.ask('get file')).getByTestId('file-consent')],
  ['image-several', IMAGE, async (visit) => {
    const compose = visit.page.getByTestId('main-compose');
    for (const [i, name] of ['harbour.jpg', 'settings.png', 'boat.gif'].entries()) {
      await compose.getByTestId('attach').click();
      await visit.page.getByTestId(`sample-${name}`).click();
      await compose.getByTestId('file-chip').nth(i).waitFor();
    }
    const card = await visit.ask('resize 400');
    await visit.sees('3 pictures', card);
    return cardOf(card);
  }],
  ['image-dialog', IMAGE, async (visit) => {
    await handed(visit, 'settings.png', 'info');
    await visit.page.locator('[data-testid=main-compose] [data-testid=extension-button][data-app=image]').click();
    await visit.press('Edit image');
    await visit.dialog.getByRole('button', { name: 'Next' }).waitFor();
    return visit.dialog;
  }],
  ['image-dialog-resize', IMAGE, (visit) => tool(visit, 'Resize…', async (dialog) => {
    await dialog.getByLabel('How').selectOption({ label: 'By percent' });
    await dialog.getByLabel('Width, per cent or longest side').fill('50');
  })],
  ['image-dialog-crop', IMAGE, (visit) => tool(visit, 'Crop…', (dialog) => dialog.getByLabel('Ratio').fill('4:3'))],
  ['image-dialog-redact', IMAGE, (visit) => tool(visit, 'Redact…', (dialog) => dialog.getByLabel('What to cover, a line each').fill('30%,57% 45%x7%'))],
  ['image-dialog-annotate', IMAGE, (visit) => tool(visit, 'Annotate…', async (dialog) => {
    await dialog.getByLabel('What to add').selectOption({ label: 'An arrow' });
    await dialog.getByLabel('Where', { exact: true }).fill('85%,85%');
    await dialog.getByLabel('Where the arrow points').fill('75%,65%');
  })],
  ['image-dialog-convert', IMAGE, (visit) => tool(visit, 'Convert…', (dialog) => dialog.getByLabel('At most so many bytes').fill('60 KB'))],
].filter(wanted);

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
  picture: async (visit) => {
    await edited(visit, MORNING);
    await tell(visit, 'crop 16:9 | resize 800 | webp');
  },
  pictures: async (visit) => {
    await visit.page.locator('[data-testid=main-compose] [data-testid=extension-button][data-app=image]').click();
    await visit.page.getByTestId('extension-search').fill('harbour');
    await visit.page.getByTestId('extension-result').nth(2).waitFor();
  },
};

async function settled(visit) {
  await visit.page.waitForFunction(() => [...document.images].every((image) => image.complete || image.loading === 'lazy')); // those out of sight wait
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
      const element = await play(visit, program);
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
    if (name.startsWith('image-')) await prepare(browser, program);
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

/** Signs Ana in to Image Pro and gives the channel its library. */
async function prepare(browser, program) {
  for (const [who, play] of [[IMAGE, signIn], [CHANNEL, choosePhotographs]]) {
    const visit = await Visit.begin(browser, program.url, who);
    await play(visit, program);
    await visit.context.close();
  }
}

/** Each view of the page: its name, look, what is done, and where. */
const pages = [
  ...[WIDE_LIGHT, WIDE_DARK, { theme: 'light', width: 'phone' }].map((look) => ['sandbox', look, views.sandbox, 'personal-contact']),
  ['channel', WIDE_LIGHT, views.sandbox, 'general'],
  ['search', WIDE_LIGHT, views.search, 'group'],
  ['search', PHONE_DARK, views.search, 'group'],
  ['ready', WIDE_DARK, views.ready, 'group'],
  ['image-sandbox', WIDE_LIGHT, views.picture, 'general'],
  ['image-sandbox', WIDE_DARK, views.picture, 'general'],
  ['image-search', WIDE_LIGHT, views.pictures, 'general'],
  ['image-search', PHONE_DARK, views.pictures, 'general'],
].filter(wanted);

await mkdir(folder, { recursive: true });
for (const old of await readdir(folder)) if (old.endsWith('.png') && !only) await rm(join(folder, old));
const browser = await browse();
try {
  for (const look of [WIDE_LIGHT, PHONE_DARK]) await pictureScenes(browser, look);
  for (const [name, look, play, chat] of pages) await pictureView(browser, name, look, play, chat);
} finally {
  await browser.close();
}
const written = (await readdir(folder)).filter((name) => name.endsWith('.png'));
assert.ok(only || written.length === 2 * scenes.length + pages.length, 'a picture is missing');
