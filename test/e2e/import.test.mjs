// Ana brings lists of contacts into her book: what would change, one card that counts up, the same file again, the way
// back, and columns of which nobody knows what they hold.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';

const story = stories();

/** Takes a sample of contacts from behind the paperclip, sends it, and gives the app's answer. */
async function hand(ana, name) {
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  await ana.page.getByTestId('contactSamples').getByTestId(`sample-${name}`).click();
  await ana.page.getByTestId('file-chip').waitFor();
  return ana.ask('');
}

/** Puts a file of one's own into the box, sends it, and gives the app's answer. */
async function drop(ana, name, text) {
  await ana.page.getByTestId('main-compose').getByTestId('file-picker').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
  await ana.page.getByTestId('file-chip').waitFor();
  return ana.ask('');
}

story('A list of two months is looked at, imported, counted, sent again, and taken back', async (open) => {
  const ana = await open();
  const october = await hand(ana, 'suppliers-october.xlsx');
  await ana.sees('571 new', october);
  await ana.press('Import 571 contacts', october);
  await ana.sees('571 contacts imported: 571 new', october);

  const november = await hand(ana, 'suppliers.xlsx');
  await ana.sees('212 new, 31 changed, 540 the same, 4 cannot be read', november);
  for (const words of ['4 rows cannot be read: 7, 19, 80, 81.', 'Row 7:', 'Row 81:', 'Excel, sheet “Suppliers”']) await ana.sees(words, november);
  await ana.press('Import the other 243', november);
  await ana.sees('243 contacts imported: 212 new, 31 changed', november);

  const again = await hand(ana, 'suppliers.xlsx');
  await ana.sees('Importing this file would change nothing.', again);
  await ana.lacks(/^Import the other/, again);

  await ana.press('Undo the import', november);
  await ana.sees('Taken back: 243 changes', november);
  await ana.sees('Nobody found', await ana.ask('find supplier781@contoso.example'));
});

story('Columns of which nobody knows what they hold are asked for in a dialog, by the keyboard too', async (open) => {
  const ana = await open();
  const unsure = await drop(ana, 'strange.csv', 'Wer;Wo\nWilma Beispiel;Lissabon\n');
  await ana.sees('Please say what the columns hold', unsure);
  await ana.press('Columns…', unsure);
  await ana.dialog.getByLabel('Wer').selectOption({ label: 'Name' });
  await ana.dialog.getByLabel('Wo').selectOption({ label: 'Town' });
  await ana.press('Look at it like this', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  await ana.sees('1 new', unsure);
  const button = unsure.getByRole('button', { name: 'Import 1 contact', exact: true }).first();
  await button.focus();
  await ana.page.keyboard.press('Enter');
  await ana.sees('1 contact imported: 1 new', unsure);
});

story('In French and on a phone the card of an import has no problem', async (open) => {
  const ana = await open({ lang: 'fr', width: 'phone', theme: 'dark' });
  const cards = await hand(ana, 'visitors.vcf');
  await ana.sees('3 nouveaux', cards);
  await ana.press('Importer 3 contacts', cards);
  await ana.sees('3 contacts importés', cards);
  assert.equal(await cards.getByTestId('card-problems').count(), 0);
});

story('Image Pro is offered no contacts', async (open) => {
  const ana = await open({ chat: 'personal-image' });
  await ana.page.getByTestId('main-compose').getByTestId('attach').click();
  await ana.page.getByTestId('samples').waitFor();
  assert.equal(await ana.page.getByTestId('contactSamples').count(), 0);
});
