// What a conversation asked to hear: one digest at the hour it chose, or at once, and nothing in its quiet hours. Each
// conversation hears of what its members may see, in one message, in its language.

import assert from 'node:assert/strict';
import { inventName, stories } from './helper.mjs';

const story = stories();
const EVERYTHING = ['Contacts that were added', 'Contacts that were changed', 'Contacts that were deleted'];

/** Sets the open conversation up as somebody would who opens its menu. */
async function wishes(visit, what) {
  await visit.configure();
  await visit.choose(what);
  await visit.finish('Save', 'The settings are saved.');
}

/** Adds a contact with a line of text. */
const add = async (visit, name) => visit.sees(name, await visit.ask(`add ${name}, told@fabrikam.example, +44 7700 900555`));

/** The messages of the app in the open conversation that hold a text. */
const told = (visit, text) => visit.page.locator('[data-testid="message"][data-from="bot:contact"]').filter({ hasText: text });

story('Two channels get one digest each at eight, and each hears only of its own book', async (open) => {
  const ana = await open({ chat: 'leads' });
  await ana.setClock('2027-03-01T17:00');
  const [added, changed, deleted, elsewhere] = ['Added', 'Changed', 'Deleted', 'Elsewhere'].map(inventName);
  await add(ana, changed);
  await add(ana, deleted);
  await wishes(ana, { when: 'Once a day, all together', kinds: EVERYTHING, at: '08:00' });
  await ana.go('general');
  await wishes(ana, { when: 'Once a day, all together', kinds: EVERYTHING, at: '08:00' });
  await add(ana, elsewhere);

  await ana.go('leads');
  await add(ana, added);
  const edit = await ana.ask(`edit ${changed}`);
  await ana.press('Edit', edit);
  await ana.field('Job title').fill('Harbour master');
  await ana.press('Save', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  const gone = await ana.ask(`delete ${deleted}`);
  await ana.press('Delete', gone);
  await ana.sees(`${deleted} was deleted.`, gone);
  const before = { leads: await ana.record('leads'), general: await ana.record('general') };

  await ana.setClock('2027-03-02T08:00');
  const title = /1 contact added, 1 contact changed, 1 contact deleted/;
  const [digest] = await ana.recorded('leads', title);
  const [single] = await ana.recorded('general', new RegExp(`Ana Duarte added ${elsewhere}`));
  const card = ana.page.locator(`[data-testid="message"][data-id="${digest.id}"]`);
  for (const text of ['Since 1 Mar 2027, 17:00', added, changed, deleted, 'by Ana Duarte']) await ana.sees(text, card);
  assert.equal(await card.getByText(elsewhere).count(), 0, 'a channel hears of another channel’s book');
  await card.getByRole('button', { name: `Show ${added}` }).click();
  await ana.sees('told@fabrikam.example', card);

  const ben = await open({ as: 'ben', chat: 'general' });
  const heard = ben.page.locator(`[data-testid="message"][data-id="${single.id}"]`);
  await ben.sees(elsewhere, heard);
  await ben.press('Open', heard);
  await ben.sees('told@fabrikam.example', heard);

  // A day later there is nothing new, and a clock that is put back and forward again tells nothing twice.
  await ana.setClock('2027-03-01T20:00');
  await ana.setClock('2027-03-03T09:00');
  await add(ana, inventName('Later'));
  await ana.setClock('2027-03-04T08:00');
  await ana.recorded('leads', /^Ana Duarte added Later/);
  for (const [place, all] of [['leads', 3], ['general', 1]]) {
    const { sent, repeated } = await ana.record(place);
    assert.deepEqual([sent - before[place].sent, repeated], [all, 0], `messages in ${place}`); // in leads the answer to “add” is among them
  }
});

story('What is told at once is one message for a burst, and waits until quiet hours end', async (open) => {
  const ana = await open({ chat: 'leads' });
  await ana.setClock('2027-04-06T22:30');
  await wishes(ana, { when: 'At once', kinds: EVERYTHING });
  const general = await open({ chat: 'general' });
  await wishes(general, { when: 'At once', kinds: EVERYTHING, quiet: ['22:00', '07:00'] });
  const [quiet, loud] = [inventName('Quiet'), inventName('Loud')];
  await add(general, quiet);
  const undone = await ana.ask(`add ${loud}, told@fabrikam.example, +44 7700 900555`);
  await ana.recorded('leads', new RegExp(`Ana Duarte added ${loud}`));
  await ana.press('Undo', undone);
  await ana.recorded('leads', new RegExp(`Ana Duarte deleted ${loud}`));
  assert.equal(await told(general, `Ana Duarte added ${quiet}`).count(), 0, 'it was told in quiet hours');
  await general.setClock('2027-04-07T07:00');
  const all = await general.recorded('general', new RegExp(`Ana Duarte added ${quiet}`));
  assert.equal(all.length, 1);
  await general.sees('Choose what you hear', told(general, `Ana Duarte added ${quiet}`));
});

story('A channel that speaks French is told in French; what nobody asked for is not told', async (open) => {
  const ana = await open({ chat: 'leads' });
  await ana.setClock('2027-05-04T10:00');
  await ana.configure();
  await ana.dialog.getByLabel('Language of what everybody here reads').selectOption({ label: 'French' });
  await ana.choose({ when: 'At once', kinds: ['Contacts that were deleted'] });
  await ana.finish('Save', 'The settings are saved.');
  const name = inventName('Parti');
  const card = await ana.ask(`add ${name}, told@fabrikam.example, +44 7700 900555`);
  await ana.pressDeep(/^(Delete|Supprimer)$/, card, /^(More|Plus)$/);
  await ana.press(/^(Delete|Supprimer)$/, card);
  const [gone] = await ana.recorded('leads', new RegExp(`Ana Duarte a supprimé ${name}`));
  const shown = ana.page.locator(`[data-testid="message"][data-id="${gone.id}"]`);
  await ana.sees('Choisir les avis', shown);
  assert.equal(await told(ana, `Ana Duarte a ajouté ${name}`).count(), 0);
  await ana.configure();
  await ana.dialog.getByLabel('Language of what everybody here reads').selectOption({ value: 'usual' });
  await ana.dialog.getByLabel('When to tell').selectOption({ label: 'Nothing' });
  await ana.finish('Save', 'The settings are saved.');
  await ana.setClock('clockReal');
});

story('The app is removed while something waits to be told: nothing is said any more, and nothing when it comes back', async (open) => {
  const ana = await open({ chat: 'logistics' });
  await ana.setClock('2027-06-01T17:00');
  await ana.place('install', 'contact');
  await ana.page.getByTestId('extension-button').waitFor();
  await wishes(ana, { when: 'Once a day, all together', kinds: EVERYTHING, at: '08:00' });
  await add(ana, inventName('Unsaid'));
  await ana.place('uninstall', 'contact');
  await ana.page.getByTestId('extension-button').waitFor({ state: 'detached' });
  await ana.setClock('2027-06-02T08:00');
  await ana.place('install', 'contact');
  await ana.page.getByTestId('extension-button').waitFor();
  const name = inventName('Said');
  await add(ana, name);
  await ana.setClock('2027-06-03T08:00');
  await ana.recorded('logistics', new RegExp(`^Ana Duarte added ${name}`));
  const { messages } = await ana.record('logistics');
  assert.equal(messages.filter(({ text }) => text.includes('Unsaid') && text.startsWith('Ana Duarte')).length, 0);
  await ana.setClock('clockReal');
});
