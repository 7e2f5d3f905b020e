// What the stories with pictures share: pictures handed over, and how the previews on cards look.

import assert from 'node:assert/strict';

/** The personal chat with Image Pro. */
export const IMAGE = { chat: 'personal-image' };

/** Opens the paperclip's menu and chooses a sample picture, which then waits in the box. */
async function choose(ana, name) {
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  await ana.page.getByTestId(`sample-${name}`).click();
  await ana.page.getByTestId('main-compose').getByTestId('file-chip').waitFor();
}

/** Hands a sample over with some words, and gives the app's answer. */
export async function hand(ana, name, words = '') {
  await choose(ana, name);
  return ana.answerTo(() => ana.say(words));
}

/** Waits until the preview of a card is there, other than one before; gives its address and size. */
export async function preview(card, before = '') {
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
export const fetched = (ana, src) => ana.context.request.get(src);

/** The colours of a picture at some places, each as a part of its width and height. A page cannot read the pixels of another origin's picture, so it gets the bytes. */
export async function colours(ana, src, places) {
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

/**
 * Makes a picture in the page, as a person has it in the clipboard, and pastes it into the box. The blocks in it, each
 * [x, y, w, h] as parts of its sides, are magenta, as nothing else is.
 */
export async function paste(ana, width, height, blocks = []) {
  await ana.page.getByTestId('main-compose').getByTestId('compose').evaluate(async (box, [w, h, magenta]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
    const pen = canvas.getContext('2d');
    const fade = pen.createLinearGradient(0, 0, w, h);
    fade.addColorStop(0, '#20639b');
    fade.addColorStop(1, '#f6d55c');
    pen.fillStyle = fade;
    pen.fillRect(0, 0, w, h);
    pen.fillStyle = '#ff00ff';
    for (const [x, y, wide, high] of magenta) pen.fillRect(x * w, y * h, wide * w, high * h);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob], 'image.png', { type: 'image/png' }));
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, [width, height, blocks]);
  await ana.page.getByTestId('main-compose').getByTestId('file-chip').waitFor();
}

/** Asserts that nothing of the cards reaches over the edge of the frame. */
export async function fits(ana) {
  const wide = await ana.page.locator('#frame').evaluate((frame) => {
    const edge = frame.getBoundingClientRect().right;
    return [...frame.querySelectorAll('.card *, .menu *')].filter((node) => node.getBoundingClientRect().right > edge).map((node) => `${node.className}: ${node.textContent.slice(0, 60)}`);
  });
  assert.deepEqual(wide, []);
}
