// Language, theme, width and keyboard.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';

const story = stories();

story('In French, the page and the app speak French', async (open) => {
  const ana = await open();
  await ana.page.getByTestId('language-fr').click();
  await ana.page.getByPlaceholder('Tapez un message').waitFor();
  assert.equal(await ana.page.locator('html').getAttribute('lang'), 'fr');
  const list = await ana.ask('chercher marta');
  await ana.sees(/contacts? pour «\smarta\s»/, list);
  await list.getByRole('button', { name: /Marta/ }).first().click();
  await ana.sees('Plus', list);
  await ana.page.getByTestId('language-en').click();
  await ana.sees(/contacts? for “marta”/, await ana.ask('find marta'));
});

story('The dark theme is dark, and the text on its cards can be read', async (open) => {
  const ana = await open({ theme: 'dark' });
  const list = await ana.ask('find marta');
  await ana.sees(/contacts? for “marta”/, list);
  const contrasts = await list.locator('.ac-textBlock').evaluateAll((blocks) => blocks.map((block) => {
    const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
    const luminance = (colour) => channels(colour).map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    let ground = block;
    while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
    const [light, dark] = [getComputedStyle(block).color, getComputedStyle(ground).backgroundColor].map(luminance).sort((a, b) => b - a);
    return { text: block.textContent, contrast: (light + 0.05) / (dark + 0.05) };
  }));
  assert.ok(contrasts.length > 0, 'no text was found on the card');
  assert.deepEqual(contrasts.filter(({ contrast }) => contrast < 4.5), [], 'text with too little contrast');
});

story('On a phone of 320 px nothing is wider than the screen', async (open) => {
  const ana = await open({ width: 'phone', viewport: { width: 900, height: 900 } });
  const list = await ana.ask('find marta');
  await list.getByRole('button', { name: /Marta/ }).first().click();
  await ana.sees('Mobile', list);
  const wide = await ana.page.locator('#frame').evaluate((frame) => {
    const edge = frame.getBoundingClientRect().right;
    return [...frame.querySelectorAll('.card *')].filter((node) => node.getBoundingClientRect().right > edge).map((node) => `${node.className}: ${node.textContent.slice(0, 60)}`);
  });
  assert.deepEqual(wide, []);
  await ana.page.getByTestId('back').click();
  await ana.page.getByTestId('chat-general').click();
  await ana.page.getByTestId('main-compose').waitFor();
});

story('Everything works with the keyboard alone', async (open) => {
  const ana = await open();
  const box = ana.page.getByTestId('compose');
  await box.focus();
  await ana.page.keyboard.type('one');
  await ana.page.keyboard.press('Shift+Enter');
  await ana.page.keyboard.type('two');
  assert.equal(await box.inputValue(), 'one\ntwo', 'Shift+Enter should begin a line');
  await box.fill('add');
  const offer = await ana.answerTo(() => ana.page.keyboard.press('Enter'));
  const button = offer.getByRole('button', { name: 'Add contact', exact: true }).first();
  await button.focus();
  await ana.page.keyboard.press('Enter');
  await ana.field('Name').waitFor();
  await ana.page.waitForFunction(() => document.querySelector('[data-testid="dialog"]').contains(document.activeElement));
  await ana.page.keyboard.press('Escape');
  await ana.dialog.waitFor({ state: 'detached' });
  assert.ok(await button.evaluate((node) => node === document.activeElement), 'the focus should go back to the button that opened the dialog');
});

story('What people write is shown as they wrote it, never as markup', async (open) => {
  const ana = await open();
  const hostile = '<img src=x onerror="document.title=1"> **bold** <b>b</b>';
  await ana.say(hostile);
  const mine = ana.page.locator('[data-testid="message"][data-from="ana"]').last();
  await ana.page.waitForFunction((text) => [...document.querySelectorAll('[data-testid="message-text"]')].some((node) => node.textContent === text), hostile);
  assert.equal(await mine.locator('img, b, strong').count(), 0);
});
