// When things go wrong: faults of the connector, a new signing key, a removed app. What was asked is still
// answered, and people are told.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';

const story = stories();

/** The messages of the app that hold a text. */
const answers = (visit, text) => visit.page.locator('[data-testid="message"][data-from^="bot:"]').filter({ hasText: text });

for (const [entry, name] of [['fault429', 'Too many requests'], ['fault503', 'An unavailable connector']]) {
  story(`${name}: the answer comes all the same, once`, async (open) => {
    const ana = await open();
    await ana.page.getByTestId('activity-button').click();
    const word = `qq${entry}qq`;
    await ana.trouble(entry, { op: 'send' });
    await ana.ask(`find ${word}`);
    await ana.sees(new RegExp(`Nobody found for “${word}”`));
    await ana.sees(entry.slice(-3), ana.page.getByTestId('activity-panel'));
    assert.equal(await answers(ana, word).count(), 1, 'the answer should stand there once');
  });
}

story('A new signing key is accepted at its first use', async (open) => {
  const ana = await open();
  await ana.trouble('rotate');
  await ana.sees('find marta in sales', await ana.ask('help'));
});

story('The app is removed and installed again, and greets', async (open) => {
  const ana = await open({ chat: 'group' });
  await ana.sees('Hello from Contact Pro');
  const button = ana.page.getByTestId('main-compose').locator('[data-testid="extension-button"][data-app="contact"]');
  await ana.place('uninstall', 'contact');
  await button.waitFor({ state: 'detached' });
  await ana.place('install', 'contact');
  await button.waitFor();
  await ana.sees('find marta in sales', await ana.ask('help'));
});

story('The activity panel shows both ways, with their JSON', async (open) => {
  const ana = await open();
  await ana.page.getByTestId('activity-button').click();
  await ana.ask('help');
  const panel = ana.page.getByTestId('activity-panel');
  const entry = panel.getByTestId('activity-entry').filter({ hasText: '/api/messages' }).first();
  await entry.locator('summary').click();
  await ana.sees('"serviceUrl"', panel); // newer entries may stand above it by now
  await panel.getByTestId('activity-filter').fill('nothing is called so');
  await ana.sees('Nothing has happened yet.', panel);
});

story('The menu shows what trouble is in force, where, and how much is left', async (open) => {
  const ana = await open({ chat: 'leads' });
  await ana.trouble('fault412', { op: 'send', where: 'leads' });
  await ana.sees('1', ana.page.getByTestId('trouble-badge'));
  await ana.page.getByTestId('trouble-button').click();
  await ana.sees('New messages: Changed meanwhile (412). 1 left, in Contoso Sales › Leads', ana.page.getByTestId('trouble-force'));
  await ana.page.getByTestId('trouble-limitsOn').click();
  await ana.page.getByTestId('trouble-force').waitFor({ state: 'hidden' }); // the menu closes when the order was taken
  await ana.page.getByTestId('trouble-button').click();
  await ana.sees('Teams’ own limits hold; 0 refused.', ana.page.getByTestId('trouble-force'));
  await ana.page.keyboard.press('Escape');
  await ana.sees('find marta in sales', await ana.ask('help'));
  await ana.page.getByTestId('trouble-button').click();
  assert.equal(await ana.page.getByTestId('trouble-force').getByText('412').count(), 0, 'the fault is used up');
  await ana.page.getByTestId('trouble-faultClear').click();
  await ana.page.getByTestId('trouble-badge').waitFor({ state: 'hidden' });
});

story('In French the trouble menu speaks French', async (open) => {
  const ana = await open({ lang: 'fr' });
  await ana.trouble('faultRemoved', { op: 'delete' });
  await ana.page.getByTestId('trouble-button').click();
  await ana.sees('Les suppressions de messages : L’application a été retirée (403). Encore 1', ana.page.getByTestId('trouble-force'));
  await ana.page.getByTestId('trouble-faultClear').click();
});
