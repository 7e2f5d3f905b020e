// The whole way of a picture with Image Pro: signed in, found, changed, saved, shared, kept at hand. The files lie in
// the drives of the small Teams, and are looked at there.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';
import { colours, IMAGE, paste, preview } from './pictures.mjs';

const story = stories();
const DOT = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64'); // a picture of one pixel

/** The address of something of the small Teams. */
const at = (visit, path, query = {}) => new URL(`${path}?${new URLSearchParams(query)}`, visit.page.url()).href;

/** What a drive holds, by the paths of its files. */
async function drive(visit, key) {
  const { drives } = await (await visit.context.request.get(at(visit, '/api/drive', { as: visit.as }))).json();
  return new Map(drives.find((one) => one.key === key).items.map((item) => [item.path, item]));
}

/** Asks the small Teams for something behind everybody's back. */
async function behind(visit, path, data) {
  const answer = await visit.context.request.post(at(visit, path), { data });
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
}

/** The bytes of a picture that the page offers, for a drive. */
async function sample(visit, name) {
  return (await (await visit.context.request.get(at(visit, `/api/pictures/${name}`))).body()).toString('base64');
}

/** Signs a person in to Image Pro, if nobody has yet, in their personal chat with it. */
async function signedIn(open, who = {}) {
  const visit = await open({ ...who, ...IMAGE });
  const card = await visit.ask('me');
  const button = card.getByTestId('sign-in');
  const known = card.getByText('As the directory had it');
  await button.or(known).first().waitFor();
  if (await button.count()) await visit.answerTo(() => visit.signIn(() => button.click()));
  return visit;
}

/** Says something to Image Pro where several people talk, and gives the answer. */
async function askThere(visit, words) {
  const compose = visit.page.getByTestId('main-compose');
  await compose.getByTestId('compose').fill('@');
  await visit.page.getByTestId('mention-image').click();
  return visit.ask(words);
}

/** Waits until something of the drives holds. */
async function until(holds, told) {
  const end = Date.now() + 15_000;
  while (!await holds()) {
    assert.ok(Date.now() < end, told);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

/** Opens a file of the library by its name, to work on it. */
async function work(visit, name, ask = (words) => visit.ask(words)) {
  const card = await ask(`images ${name.replace(/\..*/, '')}`);
  await visit.press(new RegExp(name), card);
  await visit.press('Edit', card);
  await visit.sees('Resize…', card);
  return card;
}

story('“images harbour” asks Ana to sign in; what she asked for comes by itself then, and is never asked for again', async (open) => {
  const ana = await open(IMAGE);
  const card = await ana.ask('images harbour');
  const button = card.getByTestId('sign-in');
  const refused = await ana.opens(() => button.click());
  await refused.getByRole('button', { name: 'Refuse', exact: true }).click();
  await refused.getByText('You did not allow it, so nothing was changed.').waitFor();
  await refused.close();
  const found = await ana.answerTo(() => ana.signIn(() => button.click()));
  await ana.sees('1 picture for “harbour”', found);
  await ana.sees('In OneDrive', found);
  await card.getByTestId('signed-in').waitFor();
  await ana.sees('Signed out', await ana.ask('sign out'));
  await ana.sees('1 picture for “boat”', await ana.ask('images boat'));
  assert.equal(await ana.page.getByTestId('sign-in').count(), 0, 'Teams’ word should be enough');
});

story('What Ana covers in a screenshot is covered in the file; a name that is taken is asked about, and both are kept', async (open) => {
  const ana = await signedIn(open);
  await behind(ana, '/api/drive', { do: 'put', as: 'ana', drive: 'ana', path: 'Statement.png', base64: DOT.toString('base64') });
  await paste(ana, 800, 500, [[0.1, 0.4, 0.5, 0.08], [0.1, 0.8, 0.2, 0.1]]);
  await ana.answerTo(() => ana.say(''));
  const card = await ana.ask('redact 10%,40% 50%x8%');
  await ana.sees('1 area covered', card);
  await ana.press('Redact…', card);
  await ana.field('What to cover').fill('10%,80% 20%x10%');
  await ana.press('Preview', ana.dialog);
  await ana.dialog.locator('img[alt*="2 areas covered"]').waitFor();
  const tried = await preview(ana.dialog);
  assert.deepEqual(await colours(ana, tried.src, [[0.2, 0.44], [0.2, 0.85]]), [[0, 0, 0], [0, 0, 0]]);
  await ana.press('Apply', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  await ana.sees(/^(2 areas covered|1 area covered · 1 area covered)$/, card);
  await ana.press('Save', card);
  await ana.press('Save as…', card);
  await ana.field('Name of a new file').fill('Statement.png');
  await ana.field('Alternative text').fill('A statement with two lines covered');
  await ana.press('Save', ana.dialog);
  await ana.sees('A file of this name is already there.', ana.dialog);
  await ana.dialog.getByRole('radio', { name: 'Keep both' }).check();
  const kept = await ana.answerTo(() => ana.press('Save', ana.dialog));
  await ana.dialog.waitFor({ state: 'detached' });
  await ana.sees('Saved as “Statement 1.png”', kept);
  const files = await drive(ana, 'ana');
  const saved = files.get('Statement 1.png');
  assert.deepEqual([saved.width, saved.height, saved.by, saved.versions.length], [800, 500, 'Ana Duarte', 1]);
  const spots = Array.from({ length: 40 }, (_, x) => Array.from({ length: 40 }, (__, y) => [(x + 0.5) / 40, (y + 0.5) / 40])).flat();
  const pixels = await colours(ana, at(ana, '/api/drive/file', { as: 'ana', drive: 'ana', id: saved.id }), spots);
  assert.equal(pixels.filter(([r, g, b]) => r > 200 && g < 60 && b > 200).length, 0, 'what was covered can still be seen');
  assert.ok(pixels.filter((rgb) => Math.max(...rgb) === 0).length > 60, 'nothing is covered');
  assert.deepEqual([files.get('Statement.png').size, files.get('Statement.png').versions.length], [DOT.length, 1], 'the file that was there has changed');
});

story('Ana finds a picture beside the compose box; Ben makes it small in the channel, takes that back, crops and shares it', async (open) => {
  await signedIn(open);
  const ana = await open({ chat: 'general' });
  const ben = await open({ chat: 'general', as: 'ben', theme: 'dark' });
  await ana.search('lighthouse', 'image');
  const result = ana.page.getByTestId('results-grid').getByTestId('extension-result').filter({ hasText: 'Lighthouse from the phone.jpg' });
  await result.click();
  await ana.sees('Lighthouse from the phone.jpg', ana.page.getByTestId('compose-card'));
  await ana.page.getByTestId('main-compose').getByTestId('send').click();
  const card = ben.page.locator('[data-testid="message"][data-from="ana"]').filter({ hasText: 'Lighthouse from the phone.jpg' }).last();
  await ben.press('Teams card 1024', card);
  await ben.signIn(() => card.getByTestId('sign-in').click());
  await ben.sees('1,200 × 1,600 → 768 × 1,024 pixels', card);
  await ben.press('Undo', card);
  await ben.sees(/^1,200 × 1,600 pixels$/, card);
  await ben.press('Crop…', card);
  await ben.field('Ratio').fill('16:9');
  await ben.press('Preview', ben.dialog);
  await ben.sees('1,200 × 1,600 → 1,200 × 675 pixels', ben.dialog);
  const cropped = await ben.answerTo(() => ben.press('Apply', ben.dialog)); // an app cannot change a message of a person
  await ben.dialog.waitFor({ state: 'detached' });
  await ben.sees('Cropped to 16:9', cropped);
  await ben.press('Save', cropped);
  await ben.press('Save as a new file', cropped);
  await ben.sees(/^Saved as “Lighthouse from the phone-/, cropped);
  await ben.press('Share', cropped);
  await ben.sees('The link shows the picture to everybody in your organisation who has it.', cropped);
  await ben.answerTo(() => ben.press('Post here', cropped));
  const posted = ana.page.locator('[data-testid="message"][data-from="bot:image"]').last();
  await ana.sees(/1,200 × 675 pixels/, posted);
  await ana.sees('Open shared link ↗', posted);
  assert.deepEqual((await drive(ben, 'team')).get('General/Lighthouse from the phone.jpg').versions.length, 1, 'the original has changed');
});

story('A file that somebody changed meanwhile is not written over unasked', async (open) => {
  const ana = await signedIn(open);
  await work(ana, 'Red boat.jpg');
  const card = await ana.ask('grey');
  await behind(ana, '/api/drive', { do: 'change', as: 'ana', drive: 'ana', path: 'Pictures/Red boat.jpg', base64: await sample(ana, 'lighthouse.jpg') });
  const theirs = (await drive(ana, 'ana')).get('Pictures/Red boat.jpg');
  await ana.press('Save', card);
  await ana.press('New version', card);
  await ana.sees('Someone changed the file meanwhile. Nothing was saved.', card);
  for (const name of ['Save as…', 'Look at theirs']) await card.getByRole('button', { name, exact: true }).waitFor();
  assert.equal((await drive(ana, 'ana')).get('Pictures/Red boat.jpg').eTag, theirs.eTag);
  await ana.press('Save over theirs', card);
  await ana.sees('Saved as a new version of “Red boat.jpg”.', card);
  const now = (await drive(ana, 'ana')).get('Pictures/Red boat.jpg');
  assert.deepEqual([now.width, now.height, now.versions.length], [1080, 1080, theirs.versions.length + 1]);
});

story('A batch is asked about, counts up, is stopped, and tells what became of each picture', async (open) => {
  const ana = await signedIn(open);
  const base64 = await sample(ana, 'harbour.jpg');
  for (let i = 1; i <= 8; i += 1) await behind(ana, '/api/drive', { do: 'put', as: 'ana', drive: 'ana', path: `Quay/Quay ${i}.jpg`, base64 });
  const card = await ana.ask('batch quay: resize 800 | webp');
  await ana.sees('Do this to 8 pictures?', card);
  await ana.sees('The originals stay as they are', card);
  await behind(ana, '/api/faults', { op: 'download', hangMs: 2000, count: 100 });
  await ana.press('Start', card);
  await ana.sees(/^Working: [1-7] of 8 pictures$/, card);
  await ana.press('Cancel', card);
  await ana.sees(/^Stopped at [1-7] of 8 pictures$/, card);
  await ana.context.request.delete(at(ana, '/api/faults'));
  await ana.sees('Made', card);
  let files;
  await until(async () => { // what was at work when it was stopped is still made, and counted
    files = await drive(ana, 'ana');
    const made = [...files.keys()].filter((path) => /Quay \d-800\.webp$/.test(path)).length;
    return (await card.innerText()).includes(`Stopped at ${made} of 8 pictures`);
  }, 'the card and the drive tell of different files');
  for (let i = 1; i <= 8; i += 1) assert.equal(files.get(`Quay/Quay ${i}.jpg`).versions.length, 1);
});

story('A channel keeps pictures at hand, and an organisation its plans', async (open) => {
  await signedIn(open);
  const ana = await open({ chat: 'general' });
  await work(ana, 'Lighthouse from the phone.jpg', (words) => askThere(ana, words));
  await ana.sees('is pinned as number 1.', await askThere(ana, 'pin On the way home'));
  const pins = await askThere(ana, 'pins');
  await ana.sees('1 pinned picture', pins);
  await ana.sees('1. On the way home · Lighthouse from the phone.jpg', pins);
  await ana.sees('Everybody in your organisation can now use “Banner”.', await askThere(ana, 'preset save Banner = resize 400 | grey'));
  const presets = await askThere(ana, 'presets');
  await ana.press('Apply Banner', presets);
  await ana.sees('1,200 × 1,600 → 400 × 533 pixels', presets);
  await ana.sees('in shades of grey', presets);
});

story('Ten pictures in one message get one answer, and one goes back as a file', async (open) => {
  const ana = await signedIn(open);
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  const [chooser] = await Promise.all([ana.page.waitForEvent('filechooser'), ana.page.getByTestId('from-computer').click()]);
  await chooser.setFiles(Array.from({ length: 10 }, (_, i) => ({ name: `tile ${i + 1}.gif`, mimeType: 'image/gif', buffer: DOT })));
  await ana.page.getByTestId('file-chip').nth(9).waitFor();
  const many = await ana.answerTo(() => ana.say('grey'));
  await ana.sees('10 pictures', many);
  const one = await ana.answerTo(() => ana.press('Work on tile 3.gif', many));
  const consent = await ana.answerTo(() => ana.pressDeep('Get the file', one));
  const file = await ana.answerTo(() => consent.getByTestId('file-accept').click());
  await ana.sees(/tile 3/, file.getByTestId('message-file'));
  assert.ok([...(await drive(ana, 'ana')).keys()].some((path) => /tile 3.*\.gif$/.test(path)), 'the file is not in the drive');
});

story('A picture in a message is edited from its menu', async (open) => {
  const ana = await signedIn(open);
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  const [chooser] = await Promise.all([ana.page.waitForEvent('filechooser'), ana.page.getByTestId('from-computer').click()]);
  await chooser.setFiles([{ name: 'plan.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(await sample(ana, 'lighthouse.jpg'), 'base64') }]);
  await ana.page.getByTestId('file-chip').waitFor();
  await ana.answerTo(() => ana.say('info'));
  const message = ana.page.locator('[data-testid="message"][data-from="ana"]').filter({ hasText: 'plan.jpg' });
  await message.getByTestId('message-menu').press('Enter');
  await ana.page.getByTestId('message-action-editImage').click();
  await ana.sees('Which picture', ana.dialog);
  await ana.dialog.getByLabel('What to do').selectOption({ label: 'Crop' });
  await ana.press('Next', ana.dialog);
  await ana.field('Ratio').fill('1:1');
  await ana.press('Preview', ana.dialog);
  await ana.sees('1,200 × 1,600 → 1,200 × 1,200 pixels', ana.dialog);
  await ana.press('Apply', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  const ready = ana.page.getByTestId('compose-card');
  await ana.sees('1,200 × 1,600 → 1,200 × 1,200 pixels', ready);
  const { width, height } = await preview(ready);
  assert.equal(width, height);
});

story('An owner of the team chooses where the pictures of a channel are; a member is told who can', async (open) => {
  await signedIn(open);
  await signedIn(open, { as: 'ben' });
  const ana = await open({ chat: 'leads' });
  const ben = await open({ chat: 'leads', as: 'ben', theme: 'dark' });
  const card = await askThere(ana, 'library');
  await ana.sees('These are the files of this channel.', card);
  await ben.press('Change', ben.page.locator('[data-testid="message"][data-from="bot:image"]').last());
  await ben.sees('Only an owner of the team can choose where the pictures of this channel are.', ben.dialog);
  await ana.press('Change', card);
  await ana.field('Name of a site').fill('contoso');
  await ana.press('Next', ana.dialog);
  await ana.dialog.getByRole('radio', { name: 'Contoso Sales' }).check();
  await ana.press('Next', ana.dialog);
  await ana.dialog.getByRole('radio', { name: 'Documents' }).check();
  await ana.press('Next', ana.dialog);
  await ana.dialog.getByRole('radio', { name: 'Photographs' }).check();
  const chosen = await ana.answerTo(() => ana.press('Next', ana.dialog));
  await ana.sees('Pictures are now looked for in “Photographs”, by everybody here who may see it.', chosen);
  await ana.sees(/^3 pictures for “harbour”$/, await askThere(ana, 'images harbour'));
});
