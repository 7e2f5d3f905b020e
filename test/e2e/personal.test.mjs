// Ana in her personal chat: the welcome, finding, the form, and everything that can be done to a contact.

import assert from 'node:assert/strict';
import { inventName, stories } from './helper.mjs';

const story = stories();

/** Adds a contact through the dialog and gives the card that the app posts. */
async function addByForm(ana, name) {
  const offer = await ana.ask('add');
  return ana.answerTo(async () => {
    await ana.press('Add contact', offer);
    await ana.field('Name').fill(name);
    await ana.field('Company').fill('Fabrikam');
    await ana.press('Add', ana.dialog);
    await ana.dialog.waitFor({ state: 'detached' });
  });
}

story('Ana is welcomed in her personal chat', async (open) => {
  const ana = await open();
  await ana.sees('Hello from Contact Pro');
  await ana.page.getByRole('log').waitFor();
});

story('Ana finds Marta, opens her card, and it has no problem', async (open) => {
  const ana = await open();
  const list = await ana.ask('find marta');
  await ana.sees(/contacts? for “marta”/, list);
  const row = list.getByRole('button', { name: /Marta/ }).first();
  await row.click();
  await ana.sees('Mobile', list);
  assert.equal(await list.getByText(/contacts? for “marta”/).count(), 0, 'the list should have become the contact’s card');
});

story('A search without result says so and offers a way on', async (open) => {
  const ana = await open();
  const answer = await ana.ask('find qqxyzzyqq');
  await ana.sees(/Nobody found for “qqxyzzyqq”/, answer);
  await answer.getByRole('button').first().waitFor();
});

story('An unknown command is answered, and help lists what can be typed', async (open) => {
  const ana = await open();
  await ana.sees(/I know no command/, await ana.ask('abracadabra now'));
  await ana.sees('find marta in sales', await ana.ask('help'));
});

story('Ana adds a contact through the form, which first shows in place what is missing', async (open) => {
  const ana = await open();
  const name = inventName('Wilma');
  const offer = await ana.ask('add');
  await ana.press('Add contact', offer);
  await ana.field('Name').waitFor();
  await ana.press('Add', ana.dialog);
  await ana.sees('Please give a name.', ana.dialog);
  await ana.field('Name').fill(name);
  await ana.field('Mobile phone').fill('call me');
  await ana.press('Add', ana.dialog);
  await ana.sees(/Digits, blanks/, ana.dialog);
  await ana.field('Mobile phone').fill('+44 7700 900321');
  const card = await ana.answerTo(() => ana.press('Add', ana.dialog));
  await ana.sees(`${name} was added.`, card);
  await ana.dialog.waitFor({ state: 'detached' });
});

story('Ana edits, deletes (asked once), takes back, and looks at the history', async (open) => {
  const ana = await open();
  const name = inventName('Otto');
  await addByForm(ana, name);

  const edited = await ana.ask(`edit ${name}`);
  await ana.press('Edit', edited);
  await ana.field('Job title').fill('Harbour master');
  await ana.press('Save', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  await ana.sees('You changed: Job title.', edited);
  await ana.sees(/Harbour master/, edited);

  const shown = await ana.ask(`find ${name}`);
  await ana.sees(/Harbour master/, shown);
  await ana.pressDeep('Delete', shown);
  await ana.sees(`Delete ${name}`, shown);
  await ana.press('Delete', shown);
  await ana.sees(`${name} was deleted.`, shown);
  await ana.sees(/Nobody found/, await ana.ask(`find ${name}`));

  await ana.press('Undo', shown);
  // The answer to her press, or the message that the app brought up to date for everybody: either may come last.
  await ana.sees(/is back\.|You brought this contact back\./, shown);
  await ana.sees(name, shown);

  const again = await ana.ask(`find ${name}`);
  await ana.pressDeep('History', again);
  await ana.sees(`History of ${name}`, again);
  await ana.sees('Added', again);
  await ana.sees('Deleted', again);
});

story('Ana says no when she is asked whether to delete, and nothing is deleted', async (open) => {
  const ana = await open();
  const name = inventName('Nora');
  await addByForm(ana, name);
  const shown = await ana.ask(`find ${name}`);
  await ana.pressDeep('Delete', shown);
  await ana.sees(`Delete ${name}`, shown);
  await ana.press('No, go back', shown);
  await ana.sees('Fabrikam', shown);
  await ana.sees(name, await ana.ask(`find ${name}`));
});

story('A line with a name and a number is added at once and can be undone', async (open) => {
  const ana = await open();
  const name = inventName('Line');
  const card = await ana.ask(`add ${name}, line@fabrikam.example, +44 7700 900777`);
  await ana.sees(`${name} was added.`, card);
  await ana.press('Undo', card);
  await ana.sees(`Adding ${name} was taken back.`, card);
});
