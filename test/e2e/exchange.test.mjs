// Ana takes contacts out of her books: as a file that only her link gives, and as a code that a telephone reads. What looks
// alike becomes one contact, and two again.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';

const story = stories();

story('Ana takes a search along as CSV: the file holds the contact, the link alone gives it', async (open) => {
  const ana = await open();
  const card = await ana.ask('find marta');
  await ana.press('Export', card);
  await ana.press('CSV', card);
  await ana.sees('The link is yours alone', card);
  await card.getByRole('link', { name: 'Download' }).click();
  const address = await ana.page.getByTestId('link-toast').getByRole('link').getAttribute('href');

  const file = await ana.context.request.get(address);
  assert.equal(file.status(), 200);
  assert.match(file.headers()['content-disposition'], /attachment.*contacts\.csv/);
  assert.match(await file.text(), /Marta/);

  const forged = await ana.context.request.get(address.replace(/.(?=\/[^/]*$)/, (last) => (last === 'A' ? 'B' : 'A')));
  assert.notEqual(forged.status(), 200, 'an address that was changed gave a file');
});

for (const look of [{ theme: 'light', width: 'wide' }, { theme: 'dark', width: 'phone' }]) {
  story(`A contact is shown as a code to a telephone: ${look.theme}, ${look.width}`, async (open) => {
    const ana = await open(look);
    const card = await ana.ask('find marta');
    await card.getByRole('button', { name: /Marta/ }).first().click();
    await ana.sees('Mobile', card);
    await ana.pressDeep('QR code', card);
    const code = card.locator('img.ac-image[alt^="QR code with the contact details of Marta"]');
    await code.waitFor();
    await code.evaluate((image) => image.decode());
    assert.ok(await code.evaluate(({ naturalWidth }) => naturalWidth) > 100, 'the code has no picture');
    await ana.press('vCard file', card);
    await ana.sees('1 contact. The link is yours alone', card);
  });
}

story('Two contacts that look alike are compared, merged, and come apart again', async (open) => {
  const ana = await open();
  await ana.ask('add Rosa Zwiebelbach, rosa@zwiebelbach.example, +44 7700 900455');
  const added = await ana.ask('add R. Zwiebelbach, rosa@zwiebelbach.example');
  await ana.sees('This looks like Rosa Zwiebelbach (same e-mail address).', added);
  await ana.press('Merge…', added);
  await ana.sees('The result', ana.dialog);
  await ana.press('Merge', ana.dialog);
  await ana.dialog.waitFor({ state: 'detached' });
  await ana.sees(/^Merged into .*Zwiebelbach: .*Zwiebelbach\.$/, added);
  await ana.press('Undo', added);
  await ana.sees('The merge was taken back', added);

  const list = await ana.ask('duplicates');
  await ana.sees(/suggestions?: these may be the same/, list);
  await list.getByRole('button', { name: /^Compare/ }).first().waitFor();
});
