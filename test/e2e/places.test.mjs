// Group chat and channels: mentions, threads, the search extension, and who may change what.

import assert from 'node:assert/strict';
import { inventName, stories } from './helper.mjs';

const story = stories();

story('In a group chat the app answers where it is mentioned, and only there', async (open) => {
  const ana = await open({ chat: 'group' });
  await ana.sees('Hello from Contact Pro');
  await ana.sees(/Nobody found/, await ana.ask('find qqxyzzyqq'));
  await ana.page.getByTestId('main-compose').getByTestId('mention').click();
  await ana.say('a word among people');
  await ana.sees('a word among people');
  const box = ana.page.getByTestId('main-compose').getByTestId('compose');
  await box.fill('@');
  await ana.page.getByTestId('mention-contact').click();
  await ana.page.getByTestId('main-compose').getByTestId('mention').waitFor();
  const answer = await ana.ask('help');
  await ana.sees('find marta in sales', answer);
  assert.equal(await ana.page.locator('[data-testid="message"][data-from^="bot:"]').filter({ hasText: 'a word among people' }).count(), 0, 'the app answered a message that was not for it');
});

story('Ana searches beside the compose box, puts a card into a channel and sends it; Ben sees it', async (open) => {
  const ana = await open({ chat: 'general' });
  const ben = await open({ as: 'ben', chat: 'general' });
  await ana.search('marta');
  const result = ana.page.getByTestId('extension-result').filter({ hasText: 'Marta' }).first();
  const name = await result.locator('strong').textContent();
  await result.click();
  await ana.sees(name, ana.page.getByTestId('compose-card'));
  await ana.page.getByTestId('main-compose').getByTestId('send').click();
  await ana.page.getByTestId('compose-card').waitFor({ state: 'detached' });
  await ana.sees(name, ana.page.locator('[data-testid="message"][data-from="ana"]').last());
  await ben.sees(name, ben.page.locator('[data-testid="message"][data-from="ana"]').last());
});

story('The extension shows something at once, says when there is nothing, and a card can be removed before sending', async (open) => {
  const ana = await open({ chat: 'general' });
  await ana.page.getByTestId('main-compose').getByTestId('extension-button').first().click();
  await ana.page.getByTestId('extension-result').or(ana.page.getByTestId('extension-note')).first().waitFor();
  await ana.page.getByTestId('extension-search').fill('qqxyzzyqq');
  await ana.sees(/Nobody found/, ana.page.getByTestId('extension-note'));
  await ana.page.getByTestId('extension-search').fill('marta');
  await ana.page.getByTestId('extension-result').first().click();
  await ana.page.getByTestId('compose-card').waitFor();
  await ana.page.getByTestId('remove-card').click();
  await ana.page.getByTestId('compose-card').waitFor({ state: 'detached' });
});

story('Ana adds a contact from the compose box; the new card waits to be sent', async (open) => {
  const ana = await open({ chat: 'group' });
  const name = inventName('Compose');
  await ana.page.getByTestId('main-compose').getByTestId('extension-button').first().click();
  await ana.page.getByTestId('action-addContact').click();
  await ana.field('Name').fill(name);
  await ana.press('Add', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  await ana.sees(name, ana.page.getByTestId('compose-card'));
});

story('A message becomes a contact through its menu', async (open) => {
  const ana = await open({ chat: 'group' });
  await ana.page.getByTestId('main-compose').getByTestId('mention').click();
  await ana.say('Mira Holm, mira.holm@litware.example, +44 7700 900456');
  const message = ana.page.locator('[data-testid="message"][data-from="ana"]').filter({ hasText: 'mira.holm' });
  await message.hover();
  await message.getByTestId('message-menu').click();
  await ana.page.getByTestId('message-action-addContact').click();
  await ana.field('Name').waitFor();
  assert.equal(await ana.field('E-mail').inputValue(), 'mira.holm@litware.example', 'the form should begin with what the message tells');
  await ana.page.keyboard.press('Escape');
  await ana.dialog.waitFor({ state: 'detached' });
});

story('In a channel the answer stands in the thread, and a reply continues it', async (open) => {
  const ana = await open({ chat: 'leads' });
  const answer = await ana.ask('find marta');
  const thread = ana.page.locator('[data-testid^="thread-"]').filter({ has: answer });
  assert.equal(await thread.locator('[data-testid="message"][data-from="ana"]').count(), 1, 'question and answer should share a thread');
  await thread.getByTestId('reply').click();
  const box = thread.getByTestId('compose');
  await ana.answerTo(async () => {
    await box.fill('help');
    await box.press('Enter');
  });
  await ana.sees('find marta in sales', thread);
});

for (const [as, who] of [['ben', 'Ben, a member,'], ['chloe', 'Chloé, a guest,']]) {
  story(`${who} may look at a book of owners but not change it`, async (open) => {
    const ana = await open({ chat: 'leads' });
    const name = inventName('Owned');
    await ana.sees('owned@fabrikam.example', await ana.ask(`add ${name}, owned@fabrikam.example, +44 7700 900555`));
    const visitor = await open({ as, chat: 'leads' });
    const card = await visitor.ask(`find ${name}`);
    await visitor.sees('owned@fabrikam.example', card);
    await visitor.lacks('Edit', card);
    await visitor.lacks('Delete', card);
    await visitor.sees(/may not add|may look/, await visitor.ask(`add ${inventName('Refused')}, refused@fabrikam.example, +44 7700 900556`));
  });
}

story('A guest sees nothing of the organisation’s own book', async (open) => {
  const chloe = await open({ as: 'chloe', chat: 'general' });
  await chloe.sees(/Nobody found for “marta”/, await chloe.ask('find marta'));
});

story('A card that Ana posts shows each viewer only what they may do', async (open) => {
  const ana = await open({ chat: 'general' });
  const list = await ana.ask('find marta');
  await list.getByRole('button', { name: /Marta/ }).first().click();
  await ana.sees('Mobile', list);
  const id = await list.getAttribute('data-id');
  const ben = await open({ as: 'ben', chat: 'general' });
  await ben.sees(/contacts? for “marta”/, ben.page.locator(`[data-testid="message"][data-id="${id}"]`));
  await ben.lacks('Edit', ben.page.locator(`[data-testid="message"][data-id="${id}"]`));
});

story('An app joins a second team from one of its channels, greets in General, and leaves again', async (open) => {
  const ana = await open({ chat: 'drivers' });
  await ana.page.getByTestId('install-contact').click();
  await ana.sees(/Contact Pro: /, ana.page.getByTestId('chat-logistics').getByTestId('news'));
  await ana.go('logistics');
  await ana.sees('Hello from Contact Pro');
  await ana.page.getByTestId('chat-logistics').getByTestId('news').waitFor({ state: 'detached' });
  assert.equal((await ana.record('logistics')).sent, 1, 'one welcome');
  await ana.go('drivers');
  await ana.sees('find marta in sales', await ana.ask('help'));
  await ana.place('uninstall', 'contact');
  await ana.page.getByTestId('extension-button').waitFor({ state: 'detached' });
});

story('In a team of Ben’s, Ana is a member, and the bar says so', async (open) => {
  const ana = await open({ chat: 'general' });
  await ana.sees('Owner', ana.page.getByTestId('person-ana'));
  await ana.page.getByTestId('chat-press').click();
  await ana.sees('Member', ana.page.getByTestId('person-ana'));
  await ana.sees('Owner', ana.page.getByTestId('person-ben'));
});
