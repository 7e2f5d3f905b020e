// Ana and Image Pro: pictures handed over, worked on, taken back, and how their cards look.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';
import { colours, fetched, fits, hand, IMAGE, paste, preview } from './pictures.mjs';

const story = stories();

story('Ana pastes a picture, makes it smaller, takes that back and brings it again', async (open) => {
  const ana = await open(IMAGE);
  await paste(ana, 1600, 1200);
  const pasted = await ana.answerTo(() => ana.say(''));
  await ana.sees('1,600 × 1,200 pixels', pasted);
  const whole = await preview(pasted);
  assert.deepEqual([whole.width, whole.height], [1024, 768]);
  const card = await ana.ask('resize 800');
  await ana.sees('1,600 × 1,200 → 800 × 600 pixels', card);
  await ana.sees('Resized to 800 px wide', card);
  assert.equal((await preview(card)).width, 800);
  await ana.press('Undo', card);
  await card.getByRole('button', { name: 'Redo', exact: true }).waitFor();
  await ana.sees(/^1,600 × 1,200 pixels$/, card);
  assert.equal((await preview(card)).width, 1024);
  await ana.lacks('Undo', card);
  await ana.press('Redo', card);
  await ana.sees('1,600 × 1,200 → 800 × 600 pixels', card);
  assert.equal((await preview(card)).width, 800);
  await ana.lacks('Redo', card);
});

story('Ana attaches a file of her computer', async (open) => {
  const ana = await open(IMAGE);
  const gif = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  const [chooser] = await Promise.all([ana.page.waitForEvent('filechooser'), ana.page.getByTestId('from-computer').click()]);
  await chooser.setFiles({ name: 'dot.gif', mimeType: 'image/gif', buffer: gif });
  await ana.page.getByTestId('file-chip').waitFor();
  const card = await ana.answerTo(() => ana.say(''));
  await ana.sees('dot.gif', card);
  await ana.sees('1 × 1 pixels', card);
});

story('What Ana covers is covered in every preview, also in the one of before', async (open) => {
  const ana = await open(IMAGE);
  const first = await preview(await hand(ana, 'settings.png'));
  const inside = [0.32, 0.4, 0.5, 0.6, 0.72].flatMap((x) => [0.585, 0.61, 0.63].map((y) => [x, y]));
  const before = await fetched(ana, first.src);
  assert.match(before.headers()['content-type'], /^image\//);
  const card = await ana.ask('redact 490,578 700x64');
  await ana.sees(/Covered|covered|redacted/i, card);
  const covered = await preview(card);
  assert.deepEqual(new Set((await colours(ana, covered.src, inside)).map(String)), new Set(['0,0,0']), 'the box is not solid');
  const [ground] = await colours(ana, covered.src, [[0.9, 0.5]]);
  assert.ok(Math.min(...ground) > 200, 'what was not to be covered is gone as well');
  const after = await fetched(ana, first.src);
  assert.match(after.headers()['cache-control'], /no-store/, 'the preview from before is still given away');
  assert.notDeepEqual(await after.body(), await before.body());
});

story('A phone’s picture stands upright, and its card warns that it tells where it was taken', async (open) => {
  const ana = await open(IMAGE);
  const card = await hand(ana, 'lighthouse.jpg', 'info');
  await ana.sees(/tells where the picture was taken/, card);
  await ana.sees('1,200 × 1,600 pixels', card);
  const { width, height, src } = await preview(card);
  assert.ok(height > width, `the preview is ${width} × ${height}`);
  const [sky, sea] = await colours(ana, src, [[0.9, 0.03], [0.05, 0.97]]);
  assert.ok(sky[2] > sea[2] + 30, `the sky ${sky} should be above the sea ${sea}`);
  assert.ok(!(await (await fetched(ana, src)).body()).includes('Exif'), 'the preview tells where it was taken');
});

story('A picture that moves stays one that moves, and is shown no larger than it is', async (open) => {
  const ana = await open(IMAGE);
  const card = await hand(ana, 'boat.gif', 'resize 160');
  await ana.sees('320 × 240 → 160 × 120 pixels', card);
  const { width, shown } = await preview(card);
  assert.equal(width, 160);
  assert.ok(shown <= 160, `it is blown up to ${shown} pixels`);
  await ana.pressDeep('About it', card);
  await ana.sees('Frames', card);
  await ana.lacks('About it', card);
});

story('A plan that cannot be read is answered with a sentence and an example, and nothing changes', async (open) => {
  const ana = await open(IMAGE);
  await hand(ana, 'boat.gif');
  await ana.sees(/Did you mean “resize”\? For example: resize/, await ana.ask('resise 50%'));
  await ana.sees(/is out of range/, await ana.ask('resize 0'));
  await ana.sees('There is nothing to take back', await ana.ask('undo'));
});

story('In French, and in the dark theme, the cards say the same', async (open) => {
  const ana = await open({ ...IMAGE, lang: 'fr', theme: 'dark' });
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  await ana.sees('Depuis cet ordinateur', ana.page.getByTestId('attach-menu'));
  await ana.page.keyboard.press('Escape');
  const card = await hand(ana, 'settings.png', 'redimensionner 800');
  await ana.sees(/1\s600 × 1\s000 → 800 × 500 pixels/, card);
  await ana.press('Annuler', card);
  await card.getByRole('button', { name: 'Rétablir', exact: true }).waitFor();
});

story('On a phone of 320 px the samples and the cards fit', async (open) => {
  const ana = await open({ ...IMAGE, width: 'phone', viewport: { width: 900, height: 900 } });
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  await ana.page.getByTestId('samples').waitFor();
  await fits(ana);
  await ana.page.keyboard.press('Escape');
  const card = await hand(ana, 'harbour.jpg', 'resize 800 | webp');
  await ana.sees('JPEG → WebP', card);
  const { shown } = await preview(card);
  assert.ok(shown < 300, `the preview is ${shown} pixels wide`);
  await fits(ana);
});

story('The paperclip works with the keyboard alone', async (open) => {
  const ana = await open(IMAGE);
  const clip = ana.page.getByTestId('main-compose').getByTestId('attach');
  await clip.focus();
  await ana.page.keyboard.press('Enter');
  await ana.page.getByTestId('attach-menu').waitFor();
  await ana.page.keyboard.press('Escape');
  await ana.page.getByTestId('attach-menu').waitFor({ state: 'detached' });
  assert.equal(await clip.evaluate((node) => node === document.activeElement), true, 'the focus should go back');
  await ana.page.keyboard.press('Enter');
  await ana.page.getByTestId('samples').waitFor();
  for (let i = 0; i < 3; i += 1) await ana.page.keyboard.press('ArrowDown');
  await ana.page.keyboard.press('Enter');
  await ana.sees('boat.gif', ana.page.getByTestId('file-chip'));
});

story('In the group chat Image Pro works on a pasted picture where it is mentioned', async (open) => {
  const ana = await open({ chat: 'group' });
  const compose = ana.page.getByTestId('main-compose');
  await ana.sees('Image Pro', compose.getByTestId('commands'));
  await compose.getByTestId('compose').pressSequentially('@');
  await ana.page.getByTestId('mention-image').click();
  await ana.sees('@Image Pro', compose);
  await paste(ana, 640, 480);
  const card = await ana.answerTo(() => ana.say('resize 50%'));
  await ana.sees('640 × 480 → 320 × 240 pixels', card);
  assert.equal((await preview(card)).width, 320);
});
