// What Teams does with an app in a place beside talking to it: its “Configure” entry, and messages that the app changes
// and takes back. A bot of a few lines stands in for the real one.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';
import { card, configurable, message, startStandIn } from './standin.mjs';

const story = stories(startStandIn);

/** The dialog that the app answers with: a sentence, a field and a button. */
const asking = (text) => ({ type: 'continue', value: { title: 'Settings', card: card(text, {
  body: [{ type: 'TextBlock', text }, { type: 'Input.Text', id: 'folder', label: 'Folder' }], actions: [{ type: 'Action.Submit', title: 'Save' }],
}) } });
const answering = (config) => ({ responseType: 'config', config });

story('Configure opens the app’s dialog, sends its form, and shows what the app says', async (open, { bot }) => {
  bot.forget();
  bot.on('config/fetch', () => answering(asking('How this channel is told')));
  bot.on('config/submit', ({ value }) => answering(value.data.folder ? { type: 'message', value: 'The settings are saved.' } : asking('A folder is needed')));
  const ana = await open({ chat: 'leads' });
  await configurable(ana, ['channel']);
  await ana.place('configure', 'image');
  await ana.sees('How this channel is told', ana.dialog);
  await ana.press('Save', ana.dialog);
  await ana.sees('A folder is needed', ana.dialog);
  await ana.field('Folder').fill('Photographs');
  await ana.press('Save', ana.dialog);
  await ana.sees('The settings are saved.', ana.dialog);
  await ana.press('Close', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  const asked = await bot.hears('config/fetch');
  assert.equal(asked.channelData.team.name, 'Contoso Sales');
  assert.equal((await bot.hears('config/submit', ({ value }) => value.data.folder)).value.data.folder, 'Photographs');
});

story('Configure is offered only where the manifest has it and the app is', async (open) => {
  const ana = await open({ chat: 'group' });
  await configurable(ana, ['channel']);
  const lacks = async () => {
    await ana.page.getByTestId('place-apps').click();
    await ana.page.getByTestId('place-menu').waitFor();
    assert.equal(await ana.page.getByTestId('place-configure-image').count(), 0);
    await ana.page.keyboard.press('Escape');
  };
  await lacks();
  await ana.page.getByTestId('chat-events').click();
  await ana.page.getByTestId('install-image').waitFor();
  await lacks();
});

story('A message that the app corrects and takes back changes and goes, also in the list and in the record', async (open, { bot }) => {
  bot.forget();
  const ana = await open({ chat: 'group' });
  await ana.page.getByTestId('main-compose').getByTestId('compose').fill('@');
  await ana.page.getByTestId('mention-image').click();
  await ana.say('hello');
  const { conversation } = await bot.hears('message');
  const id = await bot.say(conversation.id, message(card('The harbour is closed on Monday')));
  const shown = ana.page.locator(`[data-testid="message"][data-id="${id}"]`);
  await ana.sees('closed on Monday', shown);
  await bot.update(conversation.id, id, message(card('The harbour is closed on Tuesday')));
  await ana.sees('closed on Tuesday', shown);
  await ana.sees('Edited', shown);
  await bot.remove(conversation.id, id);
  await ana.sees('This message was deleted.', shown);
  const record = await ana.record('group');
  const { edits, deleted } = record.messages.find((one) => one.id === id);
  assert.deepEqual([edits, deleted, record.repeated], [1, true, 0]);

  await ana.page.getByTestId('chat-leads').click();
  const news = ana.page.getByTestId('chat-group').getByTestId('news');
  const again = await bot.say(conversation.id, { ...message(card('A long card')), summary: '3 new contacts' });
  await ana.sees('Image Pro: 3 new contacts', news);
  await bot.update(conversation.id, again, { ...message(card('A long card')), summary: '4 new contacts' });
  await ana.sees('Image Pro: 4 new contacts', news);
  await bot.remove(conversation.id, again);
  await ana.sees('Image Pro: This message was deleted.', news);
  await ana.page.getByTestId('chat-group').click();
  await news.waitFor({ state: 'detached' });
});

story('The record shows a doublet, and what the app was not told', async (open, { bot }) => {
  bot.forget();
  const ana = await open({ chat: 'leads' });
  await ana.page.getByTestId('main-compose').getByTestId('compose').fill('@');
  await ana.page.getByTestId('mention-image').click();
  await ana.say('hello');
  const { conversation } = await bot.hears('message', ({ recipient }) => recipient.name === 'Image Pro');
  await bot.say(conversation.id, { type: 'message', text: 'The digest' });
  await ana.trouble('fault504done', { op: 'send', where: 'leads' });
  await assert.rejects(bot.say(conversation.id, { type: 'message', text: 'The digest' }), /504/);
  await ana.page.getByTestId('activity-button').click();
  await ana.page.getByTestId('tab-record').click();
  const page = ana.page.getByTestId('record-leads');
  await ana.sees('1 sent again', page);
  await ana.sees('1 unheard', page);
  await page.locator('summary').click();
  await ana.sees('sent 2×', page);
  await ana.sees('app was not told', page);
});
