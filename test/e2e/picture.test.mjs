// Ana and Image Pro: pictures handed over, worked on, taken back, and how their cards look.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';

const story = stories();
const IMAGE = { chat: 'personal-image' };

/** Opens the paperclip's menu and chooses a sample picture, which then waits in the box. */
async function choose(ana, name) {
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  await ana.page.getByTestId(`sample-${name}`).click();
  await ana.page.getByTestId('main-compose').getByTestId('file-chip').waitFor();
}

/** Hands a sample over with some words, and gives the app's answer. */
async function hand(ana, name, words = '') {
  await choose(ana, name);
  return ana.answerTo(() => ana.say(words));
}

/** Waits until the preview of a card is there, other than one before; gives its address and size. */
async function preview(card, before = '') {
  const image = card.locator('img.ac-image');
  await image.scrollIntoViewIfNeeded();
  const found = await image.evaluate((node, old) => new Promise((resolve, reject) => {
    const look = () => {
      const now = node.isConnected ? node : null;
      if (!now) reject(new Error('the card was drawn anew'));
      else if (now.complete && now.naturalWidth > 0 && now.src !== old) resolve({ src: now.src, width: now.naturalWidth, height: now.naturalHeight, alt: now.alt, shown: now.getBoundingClientRect().width });
      else setTimeout(look, 50);
    };
    look();
  }), before);
  assert.ok(found.alt.length > 0, 'the preview says nothing to who does not see it');
  return found;
}

/** Fetches a preview as whoever has its address. */
const fetched = (ana, src) => ana.context.request.get(src);

/** The colours of a preview at some places, each as a part of its width and height. A page cannot read the pixels of another origin's picture, so it gets the bytes. */
async function colours(ana, src, places) {
  const answer = await fetched(ana, src);
  const data = `data:${answer.headers()['content-type']};base64,${(await answer.body()).toString('base64')}`;
  return ana.page.evaluate(async ([address, spots]) => {
    const image = Object.assign(new Image(), { src: address });
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    return spots.map(([x, y]) => [...pen.getImageData(Math.floor(x * image.naturalWidth), Math.floor(y * image.naturalHeight), 1, 1).data].slice(0, 3));
  }, [data, places]);
}

/** Makes a picture in the page, as a person has it in the clipboard, and pastes it into the box. */
async function paste(ana, width, height) {
  await ana.page.getByTestId('main-compose').getByTestId('compose').evaluate(async (box, [w, h]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
    const pen = canvas.getContext('2d');
    const fade = pen.createLinearGradient(0, 0, w, h);
    fade.addColorStop(0, '#20639b');
    fade.addColorStop(1, '#f6d55c');
    pen.fillStyle = fade;
    pen.fillRect(0, 0, w, h);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob], 'image.png', { type: 'image/png' }));
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, [width, height]);
  await ana.page.getByTestId('main-compose').getByTestId('file-chip').waitFor();
}

/** Asserts that nothing of the cards reaches over the edge of the frame. */
async function fits(ana) {
  const wide = await ana.page.locator('#frame').evaluate((frame) => {
    const edge = frame.getBoundingClientRect().right;
    return [...frame.querySelectorAll('.card *, .menu *')].filter((node) => node.getBoundingClientRect().right > edge).map((node) => `${node.className}: ${node.textContent.slice(0, 60)}`);
  });
  assert.deepEqual(wide, []);
}

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
  await ana.press('About it', card);
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
