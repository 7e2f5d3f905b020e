// How a conversation is set up: from the card and from the app's own menu, by whom, what counts where nobody decided, and
// what is there again when the app comes back.

import assert from 'node:assert/strict';
import { inventName, stories } from './helper.mjs';

const story = stories();

story('From the welcome an owner opens the settings, changes them in the dialog, and the card says what counts', async (open) => {
  const ana = await open({ chat: 'general' });
  const welcome = ana.page.locator('[data-testid="message"][data-from="bot:contact"]').filter({ hasText: 'Hello from Contact Pro' });
  await ana.press('Settings', welcome);
  const card = ana.page.locator('[data-testid="message"][data-from="bot:contact"]').filter({ hasText: 'Tells of' }).last();
  await ana.sees('Each person’s own (usual)', card);
  await ana.sees('Nothing (usual)', card);
  await ana.sees('May look contacts up (usual)', card);
  await ana.press('Change', card);
  await ana.sees('This counts for everybody in this channel.', ana.dialog);
  await ana.choose({ when: 'Once a day, all together', at: '07:45', workdays: true, quiet: ['22:00', ''] });
  await ana.press('Save', ana.dialog);
  await ana.sees('Choose at least one thing to tell, or “Nothing” above.', ana.dialog);
  await ana.sees('Give both the beginning and the end, or neither.', ana.dialog);
  await ana.dialog.getByRole('checkbox', { name: 'Contacts that were changed' }).check();
  await ana.dialog.getByLabel('Quiet until').fill('06:30');
  await ana.dialog.getByLabel('Guests of this conversation').selectOption({ label: 'See no contacts' });
  await ana.dialog.getByLabel('Who may change').selectOption({ label: 'Every member' });
  await ana.finish('Save', 'The settings are saved.');
  const after = await ana.ask('settings');
  await ana.sees('Contacts that were changed', after);
  await ana.sees('Monday to Friday at 07:45', after);
  await ana.sees('22:00 to 06:30', after);
  await ana.sees(/^See no contacts$/, after);
  await ana.sees(/^Every member$/, after);
  await ana.sees('Each person’s own (usual)', after);
});

story('“Configure” in the app’s menu opens the same dialog for an owner; a member sees the values and is refused', async (open) => {
  const ana = await open({ chat: 'leads' });
  await ana.configure();
  await ana.choose({ when: 'At once', kinds: ['Contacts that were added', 'Pictures that were pinned'] });
  await ana.finish('Save', 'The settings are saved.');
  await ana.configure('image');
  assert.equal(await ana.dialog.getByLabel('When to tell').locator('option:checked').textContent(), 'At once', 'both apps share the settings');
  assert.deepEqual(await ana.dialog.locator('input[type="checkbox"]:checked').evaluateAll((boxes) => boxes.length), 2);
  await ana.page.keyboard.press('Escape');

  const refused = 'Only an owner of the team can change the settings of this channel.';
  const ben = await open({ as: 'ben', chat: 'leads', theme: 'dark' });
  await ben.place('configure', 'contact');
  await ben.sees(refused, ben.dialog);
  assert.equal(await ben.dialog.getByRole('textbox').count(), 0, 'a form is offered to somebody who may not send it');
  await ben.press('Close', ben.dialog);
  const card = await ben.ask('settings');
  await ben.sees('Contacts that were added, Pictures that were pinned', card);
  await ben.press('Change', card);
  await ben.sees(refused, ben.dialog);
});

story('What is decided for the organisation counts where nobody decided otherwise, and the card says so', async (open) => {
  const ana = await open();
  const ben = await open({ as: 'ben' });
  await ben.lacks('Organisation', await ben.ask('settings'));
  await ana.pressDeep('Organisation', await ana.ask('settings'));
  await ana.sees('This counts wherever nobody decided otherwise.', ana.dialog);
  await ana.dialog.getByLabel('Language of what everybody here reads').selectOption({ label: 'French' });
  await ana.choose({ when: 'Once a day, all together', kinds: ['Imports that are done'], at: '09:00' });
  await ana.finish('Save', 'The organisation’s settings are saved. They count wherever nobody decided otherwise.');
  await ben.go('group');
  const shown = await ben.ask('paramètres');
  await ben.sees('Français (de l’organisation)', shown);
  await ben.sees('Les importations terminées (de l’organisation)', shown);
  await ben.sees('Peuvent consulter les contacts (par défaut)', shown);
  await ana.pressDeep('Organisation', await ana.ask('settings'));
  await ana.dialog.getByLabel('Language of what everybody here reads').selectOption({ value: 'usual' });
  await ana.dialog.getByLabel('When to tell').selectOption({ label: 'Nothing' });
  await ana.finish('Save', 'The organisation’s settings are saved.');
});

story('The app is removed from a team and added again: book and settings are back, and its welcome says so', async (open) => {
  const ana = await open({ chat: 'logistics' });
  await ana.place('install', 'contact');
  await ana.sees('Hello from Contact Pro');
  assert.equal(await ana.page.getByText('is back').count(), 0, 'nothing was there before');
  const name = inventName('Grace');
  await ana.page.getByTestId('extension-button').waitFor();
  await ana.sees('grace@fabrikam.example', await ana.ask(`add ${name}, grace@fabrikam.example, +44 7700 900432`));
  await ana.configure();
  await ana.choose({ when: 'Once a day, all together', kinds: ['Contacts that were deleted'], at: '16:30' });
  await ana.finish('Save', 'The settings are saved.');
  await ana.place('uninstall', 'contact');
  await ana.page.getByTestId('extension-button').waitFor({ state: 'detached' });
  const personal = await open();
  await personal.sees(/Nobody found/, await personal.ask(`find ${name}`));

  await ana.place('install', 'contact');
  await ana.sees('Your book with 1 contact is back.');
  await ana.page.getByTestId('extension-button').waitFor();
  await ana.sees('grace@fabrikam.example', await ana.ask(`find ${name}`));
  const card = await ana.ask('settings');
  await ana.sees('Contacts that were deleted', card);
  await ana.sees('Every day at 16:30', card);
  await ana.place('uninstall', 'contact');
  await ana.page.getByTestId('extension-button').waitFor({ state: 'detached' });
});

story('In French the dialog is French, and so is what it says', async (open) => {
  const ana = await open({ chat: 'group', lang: 'fr' });
  await ana.configure();
  await ana.sees('Cela vaut pour tous dans cette conversation.', ana.dialog);
  await ana.dialog.getByLabel('Quand le signaler').selectOption({ label: 'Une fois par jour, tout ensemble' });
  await ana.dialog.getByLabel('Une fois par jour à').fill('');
  await ana.press('Enregistrer', ana.dialog);
  await ana.sees('Donnez une heure, par exemple 08:00.', ana.dialog);
  await ana.dialog.getByLabel('Une fois par jour à').fill('08:15');
  await ana.finish('Enregistrer', /enregistrés/);
  const card = await ana.ask('paramètres');
  await ana.sees('Du lundi au vendredi à 08 h 15', card);
  const chloe = await open({ as: 'chloe', chat: 'general', lang: 'fr' });
  await chloe.place('configure', 'contact');
  await chloe.sees('Seul un propriétaire de l’équipe peut modifier les paramètres de ce canal.', chloe.dialog);
});
