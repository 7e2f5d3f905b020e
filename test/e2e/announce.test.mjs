// An owner says something in channels of several teams, sees who has seen it, corrects it and takes it back; also while the
// connector is in trouble.

import assert from 'node:assert/strict';
import { eventually, inventName, stories } from './helper.mjs';

const story = stories();
const PLACES = ['general', 'leads', 'logistics', 'drivers'];
const CHANNELS = ['Contoso Sales › General', 'Contoso Sales › Leads', 'Contoso Logistics › General', 'Contoso Logistics › Drivers'];

/** Lets the app into the second team of Ana's, unless it is there. */
async function joinLogistics(ana) {
  await ana.go('logistics');
  await ana.page.getByTestId('place-apps').click();
  const offer = ana.page.getByTestId('place-install-contact');
  await offer.or(ana.page.getByTestId('place-uninstall-contact')).waitFor();
  if (await offer.count()) await offer.click();
  else await ana.page.keyboard.press('Escape');
  await ana.sees('Hello from Contact Pro');
  await ana.go('personal-contact');
}

/** Writes an announcement up to the page that says whom it reaches. */
async function write(ana, { title, text, channels = CHANNELS, asks = false }) {
  await ana.press('Write it', await ana.ask(`announce ${text}`));
  await ana.field('Title').fill(title);
  assert.equal(await ana.field('Text').inputValue(), text);
  for (const name of channels) await ana.dialog.getByRole('checkbox', { name }).check();
  if (asks) await ana.dialog.getByRole('checkbox', { name: 'Ask people to press “I have seen it”' }).check();
  await ana.press('Continue', ana.dialog);
}

/** Announces something in all four channels. */
async function announce(ana, what) {
  await write(ana, what);
  await ana.sees('This goes to 4 channels, 3 people.', ana.dialog);
  await ana.finish('Send', 'On its way to 4 channels, 3 people.');
}

/** The message with a title in the open conversation. */
const message = (visit, title) => visit.page.locator('[data-testid="message"][data-from="bot:contact"]').filter({ hasText: title }).last();

/** Presses a link in the row of an announcement. */
const row = (place, name) => place.getByRole('button', { name }).click();

/** Orders trouble as a test wants it, without the menu. */
async function order(visit, body) {
  const done = await visit.context.request.post(new URL('/api/faults', visit.page.url()).href, { data: { as: 'ana', ...body } });
  assert.ok(done.ok(), await done.text());
}

story('Ana announces to four channels of two teams, two people have seen it, she corrects it and takes it back', async (open) => {
  const ana = await open({ chat: 'logistics' });
  await joinLogistics(ana);
  const title = inventName('Canteen');
  await ana.press('Write it', await ana.ask('announce The canteen is closed on Friday'));
  for (const name of CHANNELS) await ana.dialog.getByRole('checkbox', { name }).waitFor();
  assert.equal(await ana.dialog.getByRole('checkbox', { name: /Press/ }).count(), 0, 'a team that she does not own is offered');
  await ana.press('Continue', ana.dialog);
  await ana.sees('A title is needed', ana.dialog);
  await ana.field('Title').fill(title);
  await ana.press('Continue', ana.dialog);
  await ana.sees('Choose at least one channel.', ana.dialog);
  for (const name of CHANNELS) await ana.dialog.getByRole('checkbox', { name }).check();
  await ana.dialog.getByRole('checkbox', { name: 'Ask people to press “I have seen it”' }).check();
  await ana.press('Continue', ana.dialog);
  await ana.sees('This goes to 4 channels, 3 people.', ana.dialog);
  await ana.press('Change it', ana.dialog);
  await ana.field('Text').fill('The canteen is closed on Thursday.');
  await ana.press('Continue', ana.dialog);
  await ana.sees('The canteen is closed on Thursday.', ana.dialog);
  await ana.finish('Send', 'On its way to 4 channels, 3 people.');
  for (const place of PLACES) assert.equal((await ana.recorded(place, new RegExp(title))).length, 1, place);

  const ben = await open({ as: 'ben', chat: 'drivers' });
  const chloe = await open({ as: 'chloe', chat: 'leads', lang: 'fr' });
  for (const [visit, seen] of [[ben, 'You have seen it.'], [chloe, 'Vous l’avez vue.']]) {
    await visit.sees('Ana Duarte', message(visit, title));
    await visit.press(/^(I have seen it|J’ai vu)$/, message(visit, title));
    await visit.sees(seen, message(visit, title));
  }
  const general = await open({ chat: 'general' });
  await eventually(() => message(general, title).getByText('Seen by 2 of 3').count(), 'the card does not count who has seen it');

  const list = await ana.ask('announcements');
  await ana.sees('Sent in 4 of 4 channels', list);
  await ana.sees('Seen by 2 of 3', list);
  await row(list, `Correct ${title}`);
  await ana.field('Text').fill('The canteen is closed on Friday.');
  await ana.finish('Correct it', 'Corrected. The messages in 4 channels are brought up to date.');
  await eventually(() => message(general, title).getByText('closed on Friday').count(), 'the correction does not arrive');
  await general.sees(/corrected on .+ \(version 2\)/, message(general, title));
  await eventually(() => message(ben, title).getByText('closed on Friday').count(), 'the correction does not arrive in the other team');

  const question = await ana.ask('recall');
  await ana.sees('The messages are deleted in 4 channels', question);
  await ana.press('Recall it', question);
  await ana.sees(`“${title}” is recalled.`, question);
  for (const place of PLACES) {
    const [only] = await ana.recorded(place, new RegExp(title), ([one]) => one.deleted);
    assert.ok(only.edits > 0, `${place} was not corrected`);
  }
  await general.sees('This message was deleted.');
  assert.equal(await general.page.getByTestId('messages').getByText(title).count(), 0, 'it is still shown');
  await ana.sees('Recalled on', await ana.ask('announcements'));
});

story('Who owns no team with the app cannot announce, and is told why', async (open) => {
  const ben = await open({ as: 'ben' });
  await ben.press('Write it', await ben.ask('announce Coffee for everybody'));
  await ben.sees('Only the owners of a team can announce something in its channels', ben.dialog);
});

story('The connector goes down while an announcement goes out: then everything arrives, once', async (open) => {
  const ana = await open({ chat: 'logistics' });
  await joinLogistics(ana);
  const title = inventName('Outage');
  await write(ana, { title, text: 'Mind the step' });
  await ana.sees('This goes to 4 channels', ana.dialog);
  await order(ana, { op: 'send', status: 503, count: 100 });
  await ana.finish('Send', 'On its way to 4 channels');
  await ana.trouble('faultDown');
  await eventually(async () => {
    const { entries } = await (await ana.context.request.get(new URL('/api/activity', ana.page.url()).href)).json();
    return entries.filter(({ status, path }) => status === 503 && path.includes('/v3/conversations/')).length >= 4;
  }, 'the connector did not refuse the announcement');
  for (const place of PLACES) assert.equal((await ana.record(place)).messages.filter(({ text }) => text.includes(title)).length, 0);
  await ana.setClock('clockHour'); // whatever waits for another try is due
  await ana.trouble('faultClear');
  for (const place of PLACES) {
    const all = await ana.recorded(place, new RegExp(title));
    assert.deepEqual(all.map(({ times }) => times), [1], place);
  }
  await ana.sees('Sent in 4 of 4 channels', await ana.ask('announcements'));
  await ana.setClock('clockReal');
});

story('Too many requests: the channel waits as long as it was told, the other one does not', async (open) => {
  const ana = await open({ chat: 'logistics' });
  await joinLogistics(ana);
  const title = inventName('Throttled');
  await write(ana, { title, text: 'Slowly', channels: CHANNELS.slice(0, 2) });
  await ana.sees('This goes to 2 channels', ana.dialog);
  await order(ana, { op: 'send', status: 429, retryAfter: '2', where: 'general' });
  const began = Date.now();
  await ana.finish('Send', 'On its way to 2 channels');
  await ana.recorded('leads', new RegExp(title));
  const [late] = await ana.recorded('general', new RegExp(title));
  assert.ok(Date.now() - began >= 2000, 'it did not wait');
  assert.equal(late.times, 1);
});

story('An answer that is lost after the message was delivered doubles it once at most, and the list says so', async (open) => {
  const ana = await open({ chat: 'logistics' });
  await joinLogistics(ana);
  const title = inventName('Unheard');
  await write(ana, { title, text: 'Perhaps twice', channels: CHANNELS.slice(0, 2) });
  await ana.sees('This goes to 2 channels', ana.dialog);
  await order(ana, { op: 'send', drop: true, count: 1, where: 'leads' });
  await ana.finish('Send', 'On its way to 2 channels');
  const all = await ana.recorded('leads', new RegExp(title), (found) => found.length > 1);
  assert.deepEqual(all.map(({ unheard }) => unheard), [true, false]);
  assert.equal((await ana.recorded('general', new RegExp(title))).length, 1);
  let list;
  await eventually(async () => {
    list = await ana.ask('announcements');
    return await list.getByText('Sent in 2 of 2 channels').count();
  }, 'it is not sent');
  await ana.sees(/In 1 channel it may stand twice/, list);
});
