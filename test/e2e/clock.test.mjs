// The clock of the service: it is set from the page, the service follows it, and everything that is checked by real
// time goes on working.

import assert from 'node:assert/strict';
import { inventName, stories } from './helper.mjs';

const story = stories();

/** The clock as the sandbox tells it to Ana. */
const clock = async (visit) => (await visit.context.request.get(new URL('/api/clock?as=ana', visit.page.url()).href)).json();

story('Tomorrow at eight the service answers as today, and what is said carries the new time', async (open) => {
  const ana = await open();
  const before = await clock(ana);
  assert.equal(before.offsetMs, 0);
  await ana.setClock('clockTomorrow');
  const { local } = await clock(ana);
  assert.equal(local.slice(11), '08:00');
  const day = new Date(`${before.local.slice(0, 10)}T00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  assert.equal(local.slice(0, 10), day.toISOString().slice(0, 10), 'the next day');
  await ana.sees(/08:0\d/, ana.page.getByTestId('clock-button'));
  const answer = await ana.ask('help');
  await ana.sees('find marta in sales', answer);
  await ana.sees(/^08:0\d$/, answer);
  await ana.setClock('clockHour');
  assert.equal((await clock(ana)).local.slice(11, 13), '09');
  await ana.setClock('clockReal');
  assert.ok(Math.abs((await clock(ana)).offsetMs) < 1000);
});

story('The history of a contact shows the day that the clock was set to', async (open) => {
  const ana = await open();
  await ana.setClock('2027-03-01T08:00');
  const name = inventName('Clock');
  const card = await ana.ask(`add ${name}, clock@fabrikam.example, +44 7700 900321`);
  await ana.pressDeep('History', card);
  await ana.sees(/1 Mar(ch)? 2027|01\/03\/2027/);
  const ben = await open({ as: 'ben', lang: 'fr', theme: 'dark' });
  await ben.page.getByTestId('clock-button').click();
  await ben.sees('lundi 1 mars 2027', ben.page.getByTestId('clock-now'));
  await ben.sees('Europe/London', ben.page.getByTestId('clock-now'));
  await ben.page.keyboard.press('Escape');
  await ben.setClock('clockReal');
  await ana.page.waitForFunction(() => !document.querySelector('.clock-button').classList.contains('moved'));
});

story('The clock’s menu fits on a narrow screen', async (open) => {
  const ana = await open({ viewport: { width: 360, height: 720 } });
  for (const [button, menu] of [['clock-button', 'clock-menu'], ['trouble-button', 'trouble-menu']]) {
    await ana.page.getByTestId(button).click();
    const { x, width } = await ana.page.getByTestId(menu).boundingBox();
    assert.ok(x >= 0 && x + width <= 360, `${menu} stands from ${x} to ${x + width}`);
    await ana.page.keyboard.press('Escape');
  }
});

story('When the clock moves to another day, what was said before shows its day', async (open) => {
  const ana = await open({ chat: 'group' });
  await ana.say('said today');
  const mine = ana.page.locator('[data-testid="message"][data-from="ana"]').last();
  await ana.sees(/^\d\d:\d\d$/, mine);
  await ana.setClock('clockTomorrow');
  await ana.sees(/^\w+,? \d+ \w+,? (at )?\d\d:\d\d$/, mine);
  await ana.setClock('clockReal');
  await ana.sees(/^\d\d:\d\d$/, mine);
});
