// Pictures and files in messages, as Teams hands them to apps and shows them to people; files that apps save with
// consent; messages that change under people's eyes; results as a grid; actions on messages.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';
import { card, EDIT, message, offer, SEARCH, startStandIn, TYPES } from './standin.mjs';

const story = stories(startStandIn);
const IMAGE = { chat: 'personal-image' };
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9Zmy0QAAAAABJRU5ErkJggg==';

/** Puts files into the box: pasted as pictures, or attached. */
async function give(visit, names, how = 'paste') {
  await visit.page.getByTestId('main-compose').getByTestId('compose').evaluate((box, [files, data, kind]) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const transfer = new DataTransfer();
    for (const name of files) transfer.items.add(new File([bytes], name, { type: name.endsWith('.png') ? 'image/png' : 'application/pdf' }));
    if (kind === 'paste') box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
    else box.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [names, PNG, how]);
  await visit.page.getByTestId('file-chip').nth(names.length - 1).waitFor();
}

const mine = (visit) => visit.page.locator(`[data-testid="message"][data-from="${visit.as}"]`).last();

/** Waits for the message of this text; others were heard before. */
const heard = (bot, words) => bot.hears('message', ({ text }) => text?.includes(words));

story('In the personal chat ten files go along, attached ones as downloads and pasted ones as pictures that take the bot’s token', async (open, { bot }) => {
  bot.forget();
  const ana = await open(IMAGE);
  await give(ana, ['one.png', 'two.png'], 'paste');
  await give(ana, ['a.pdf', ...Array.from({ length: 8 }, (_, i) => `p${i}.png`)].slice(0, 8), 'drop');
  assert.equal(await ana.page.getByTestId('file-chip').count(), 10);
  await give(ana, ['late.png'], 'drop');
  await ana.sees('up to 10 files');
  await ana.say('ten files');
  const { attachments } = await heard(bot, 'ten files');
  const [pasted, other] = [attachments.filter(({ contentType }) => contentType === 'image/png'), attachments.filter(({ contentType }) => contentType === 'application/vnd.microsoft.teams.file.download.info')];
  assert.deepEqual([pasted.length, other.length], [2, 8]);
  assert.equal(await bot.fetched(pasted[0].contentUrl, { anonymous: true }), 401);
  assert.equal((await bot.fetched(pasted[0].contentUrl)).toString('base64'), PNG);
  assert.equal((await bot.fetched(other[0].content.downloadUrl, { anonymous: true })).toString('base64'), PNG);
  assert.equal(await mine(ana).getByTestId('inline-picture').count(), 2);
  assert.equal(await mine(ana).getByTestId('message-file').count(), 8);
});

story('A picture in a channel is seen by everybody, can be seen large, and reaches the app inside the text only', async (open, { bot }) => {
  bot.forget();
  const ana = await open({ chat: 'leads' });
  const ben = await open({ chat: 'leads', as: 'ben' });
  await give(ana, ['view.png'], 'drop');
  await ana.page.getByTestId('main-compose').getByTestId('compose').evaluate((box) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['words'], 'terms.pdf', { type: 'application/pdf' }));
    box.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await ana.page.getByTestId('file-chip').nth(1).waitFor();
  await ana.say('in the channel');
  const { attachments } = await heard(bot, 'in the channel');
  assert.deepEqual(attachments.map(({ contentType }) => contentType), ['image/png', 'text/html'], 'files in channels do not reach apps');
  await ana.sees('terms.pdf', mine(ana).getByTestId('message-file'));
  const picture = ben.page.getByTestId('inline-picture').last();
  await picture.waitFor();
  assert.equal(await picture.locator('img').evaluate((img) => img.decode().then(() => img.naturalWidth)), 2);
  await picture.focus();
  await ben.page.keyboard.press('Enter');
  await ben.page.getByTestId('viewer').waitFor();
  await ben.page.keyboard.press('Escape');
  await ben.page.getByTestId('viewer').waitFor({ state: 'detached' });
  assert.ok(await picture.evaluate((node) => node === document.activeElement), 'the focus should go back to the picture');
});

story('The menu of a message offers the app’s action, with the message as Teams hands it over', async (open, { bot }) => {
  bot.forget();
  bot.on('composeExtension/fetchTask', () => ({ task: { type: 'continue', value: { title: 'Edit image', card: card('Choose a change', { actions: [{ type: 'Action.Submit', title: 'Grey', data: { do: 'grey' } }] }) } } }));
  bot.on('composeExtension/submitAction', () => ({ composeExtension: { type: 'result', attachmentLayout: 'list', attachments: [card('Edited picture')] } }));
  const ana = await open({ chat: 'group' });
  await offer(ana, [EDIT]);
  await give(ana, ['view.png'], 'paste');
  await ana.say('look at <b>this</b>');
  await mine(ana).getByTestId('message-menu').press('Enter');
  await ana.page.getByTestId('message-action-editImage').click();
  await ana.sees('Choose a change', ana.dialog);
  const { value, conversation } = await bot.hears('composeExtension/fetchTask');
  const { body, from, attachments, id } = value.messagePayload;
  assert.equal(value.commandContext, 'message');
  assert.equal(from.user.displayName, 'Ana Duarte');
  assert.deepEqual(attachments, []);
  assert.match(body.content, /look at &lt;b&gt;this&lt;\/b&gt;<p><img alt="view.png" src="[^"]+" itemid="0"><\/p><\/div>$/);
  assert.ok(body.content.includes(`/v1.0/chats/${encodeURIComponent(conversation.id).replaceAll('%40', '@').replaceAll('%3A', ':')}/messages/${id}/hostedContents/`), body.content);
  await ana.press('Grey', ana.dialog);
  await ana.sees('Edited picture', ana.page.getByTestId('compose-card'));
  const submitted = await bot.hears('composeExtension/submitAction');
  assert.equal(submitted.value.messagePayload.id, id);
  assert.equal(submitted.value.data.do, 'grey');
});

story('A file of the app is saved once Ana allows it, and can be opened then', async (open, { bot }) => {
  bot.forget();
  const ana = await open(IMAGE);
  await ana.say('a file please');
  const chat = (await heard(bot, 'a file please')).conversation.id;
  const data = Buffer.from(PNG, 'base64');
  const consent = (name) => message({ contentType: TYPES.consent, name, content: { description: 'The picture, 800 px wide', sizeInBytes: data.length, acceptContext: { id: name }, declineContext: { no: name } } });
  bot.on('fileConsent/invoke', () => ({}));
  const asked = await ana.answerTo(() => bot.say(chat, consent('harbour.png')));
  await ana.sees('The picture, 800 px wide', asked);
  await ana.sees(/\d+ byte/, asked);
  await asked.getByTestId('file-accept').press('Enter');
  const { value, replyToId } = await bot.hears('fileConsent/invoke');
  assert.deepEqual([value.type, value.action, value.context, value.uploadInfo.name, value.uploadInfo.fileType], ['fileUpload', 'accept', { id: 'harbour.png' }, 'harbour.png', 'png']);
  await asked.getByTestId('file-answered').waitFor();
  const put = await fetch(value.uploadInfo.uploadUrl, { method: 'PUT', body: data, headers: { 'Content-Range': `bytes 0-${data.length - 1}/${data.length}` } });
  assert.equal(put.status, 201);
  await bot.update(chat, replyToId, message({ contentType: TYPES.info, name: 'harbour.png', contentUrl: value.uploadInfo.contentUrl, content: { uniqueId: value.uploadInfo.uniqueId, fileType: 'png' } }));
  const chip = asked.getByTestId('message-file');
  await ana.sees('harbour.png', chip);
  const opened = await ana.opens(() => chip.click());
  assert.equal(opened.url(), value.uploadInfo.contentUrl);
  const declined = await ana.answerTo(() => bot.say(chat, consent('other.png')));
  await declined.getByTestId('file-decline').click();
  const no = await bot.hears('fileConsent/invoke', (a) => a.value.action === 'decline');
  assert.deepEqual([no.value.context, no.value.uploadInfo], [{ no: 'other.png' }, undefined]);
  await ana.sees('Declined', declined);
  await bot.remove(chat, no.replyToId);
  await ana.sees('This message was deleted.', declined);
});

story('A card with progress changes where it stands, and a button keeps the focus', async (open, { bot }) => {
  bot.forget();
  const ana = await open(IMAGE);
  await ana.say('many pictures');
  const chat = (await heard(bot, 'many pictures')).conversation.id;
  const step = (text, src) => message(card(text, { body: [{ type: 'TextBlock', text }, ...src ? [{ type: 'Image', url: src, altText: 'The result', width: '200px' }] : []], actions: [{ type: 'Action.Execute', title: 'Cancel', verb: 'cancel' }] }));
  let id;
  const shown = await ana.answerTo(async () => { id = await bot.say(chat, step('1 of 3')); });
  await shown.getByRole('button', { name: 'Cancel' }).focus();
  await bot.update(chat, id, step('2 of 3'));
  await ana.sees('2 of 3', shown);
  assert.equal(await ana.page.evaluate(() => document.activeElement.textContent), 'Cancel');
  await bot.update(chat, id, step('3 of 3', `data:image/png;base64,${PNG}`));
  await ana.sees('3 of 3', shown);
  const image = shown.getByRole('button', { name: 'The result' });
  await image.press('Enter');
  await ana.page.getByTestId('viewer').getByRole('img', { name: 'The result' }).waitFor();
  await ana.page.getByTestId('viewer-close').click();
  await ana.page.getByTestId('viewer').waitFor({ state: 'detached' });
});

story('Results stand in a grid, and more come as it is scrolled', async (open, { bot }) => {
  bot.forget();
  const hit = (i) => ({ ...card(`Card of ${i}`), preview: { contentType: TYPES.thumbnail, content: { title: `Picture ${i}`, images: [{ url: `data:image/png;base64,${PNG}`, alt: `Picture ${i}` }] } } });
  bot.on('composeExtension/query', ({ value: { queryOptions: { skip, count } } }) => ({
    composeExtension: { type: 'result', attachmentLayout: 'grid', attachments: Array.from({ length: Math.min(count, 60 - skip) }, (_, i) => hit(skip + i)) },
  }));
  const ana = await open(IMAGE);
  await offer(ana, [SEARCH]);
  await ana.search('harbour');
  const results = ana.page.getByTestId('extension-result');
  await results.nth(24).waitFor();
  await ana.page.getByTestId('results-grid').waitFor();
  for (let seen = 25; seen < 60; seen = await results.count()) {
    await results.nth(seen - 1).scrollIntoViewIfNeeded();
    await ana.page.waitForFunction((before) => document.querySelectorAll('[data-testid="extension-result"]').length > before, seen);
  }
  assert.equal(await results.count(), 60);
  assert.equal(await ana.page.getByTestId('extension-more').count(), 0);
  await results.first().focus();
  await ana.page.keyboard.press('ArrowRight');
  await ana.page.keyboard.press('Enter');
  await ana.sees('Card of 1', ana.page.getByTestId('compose-card'));
});

story('The command box offers what apps offer everywhere, and says that it was used', async (open, { bot }) => {
  bot.forget();
  bot.on('composeExtension/fetchTask', () => ({ task: { type: 'message', value: 'From anywhere' } }));
  const ana = await open(IMAGE);
  await offer(ana, [{ ...EDIT, context: ['commandBox'] }]);
  await ana.page.getByTestId('command-box').press('Enter');
  await ana.page.getByTestId('command-box-image').press('Enter');
  await ana.page.getByTestId('action-editImage').press('Enter');
  await ana.sees('From anywhere', ana.dialog);
  const { value } = await bot.hears('composeExtension/fetchTask');
  assert.deepEqual([value.commandContext, value.messagePayload], ['commandbox', undefined]);
});
