// Signing in as Teams does it: cards that ask for it, windows of the app's own pages, searches and actions that are
// repeated afterwards. The pages use Microsoft's TeamsJS.

import assert from 'node:assert/strict';
import { stories } from './helper.mjs';
import { card, message, offer, SEARCH, startStandIn, TYPES } from './standin.mjs';

const story = stories(startStandIn);
const IMAGE = { chat: 'personal-image' };
const LOGIN = 'application/vnd.microsoft.activity.loginRequest';

const oauth = (bot, text) => message({ contentType: TYPES.oauth, content: { text, connectionName: 'graph', tokenExchangeResource: { id: `t-${text}`, uri: 'api://x' }, buttons: [{ type: 'signin', title: 'Sign in', value: `${bot.origin}/signin?width=500&height=420` }] } });
const openUrl = (bot) => ({ actions: [{ type: 'openUrl', title: 'Sign in here', value: `${bot.origin}/signin` }] });

/** The personal chat with Image Pro, as the bot knows it. */
async function chatOf(visit, bot) {
  await visit.say('hello');
  return (await bot.hears('message', ({ text }) => text === 'hello')).conversation.id;
}

story('A sign-in card that Teams answers silently is never shown', async (open, { bot }) => {
  bot.forget();
  bot.on('signin/tokenExchange', () => ({ status: 200, body: {} }));
  const ana = await open(IMAGE);
  const chat = await chatOf(ana, bot);
  await bot.say(chat, oauth(bot, 'silently'));
  const { value } = await bot.hears('signin/tokenExchange', (a) => a.value.id === 't-silently');
  assert.equal(JSON.parse(Buffer.from(value.token.split('.')[1], 'base64url')).scp, 'access_as_user');
  await bot.say(chat, { type: 'message', text: 'after it' });
  await ana.sees('after it');
  assert.equal(await ana.page.getByText('silently').count(), 0);
});

story('Where silence fails, Ana signs in on a page of the app, and the card says so', async (open, { bot }) => {
  bot.forget();
  bot.on('signin/tokenExchange', () => ({ status: 412, body: { failureDetail: 'consent' } }));
  bot.on('signin/verifyState', ({ value }) => ({ status: value.state === '424242' ? 200 : 404, body: {} }));
  const ana = await open(IMAGE);
  const shown = await ana.answerTo(async () => bot.say(await chatOf(ana, bot), oauth(bot, 'on a page')));
  const button = shown.getByTestId('sign-in');
  const closed = await ana.opens(() => button.click());
  await closed.close();
  await bot.hears('signin/verifyState', (a) => a.value.state === 'CancelledByUser');
  const refused = await ana.opens(() => button.click());
  await refused.getByRole('button', { name: 'Refuse' }).click();
  await ana.sees('nobody home', ana.page.getByTestId('toast'));
  await shown.getByTestId('card-trouble').waitFor();
  const popup = await ana.opens(() => button.press('Enter'));
  await popup.getByText('ana.duarte@contoso.example · default · authentication').waitFor();
  assert.deepEqual(await popup.evaluate(() => [window.innerWidth, window.innerHeight]), [500, 420]);
  await Promise.all([popup.waitForEvent('close'), popup.getByRole('button', { name: 'Finish' }).click()]);
  const { replyToId } = await bot.hears('signin/verifyState', (a) => a.value.state === '424242');
  assert.equal(replyToId, await shown.getAttribute('data-id'));
  await shown.getByTestId('signed-in').waitFor();
  await ana.lacks('Sign in', shown);
});

story('A sign-in leads over the consent page and back, with a code', async (open, { bot }) => {
  bot.forget();
  bot.on('signin/tokenExchange', () => ({ status: 412, body: {} }));
  const ben = await open({ ...IMAGE, as: 'ben' });
  const asking = oauth(bot, 'with consent');
  asking.attachments[0].content.buttons[0].value = `${bot.origin}/start?width=560`;
  const shown = await ben.answerTo(async () => bot.say(await chatOf(ben, bot), asking));
  await ben.signIn(() => shown.getByTestId('sign-in').click(), { decision: 'Refuse' });
  await ben.sees('access_denied', ben.page.getByTestId('toast'));
  await ben.signIn(() => shown.getByTestId('sign-in').click());
  await bot.hears('signin/verifyState', (a) => /^0\.c[0-9a-f]{64}$/.test(a.value.state));
  await shown.getByTestId('signed-in').waitFor();
});

story('A window hears nothing from this page for another site than the app’s', async (open, { bot }) => {
  bot.forget();
  bot.on('signin/tokenExchange', () => ({ status: 412, body: {} }));
  const ana = await open(IMAGE);
  const shown = await ana.answerTo(async () => bot.say(await chatOf(ana, bot), oauth(bot, 'foreign')));
  const popup = await ana.opens(() => shown.getByTestId('sign-in').click());
  await popup.goto(ana.page.url().replace(/\?.*/, 'page/style.css')); // the sandbox's own origin is not the app's
  await popup.evaluate(() => window.opener.postMessage({ id: 1, func: 'authentication.authenticate.success', args: ['stolen'] }, '*'));
  await popup.waitForTimeout(400);
  assert.equal(popup.isClosed(), false);
  await popup.close();
  await bot.hears('signin/verifyState', (a) => a.value.state === 'CancelledByUser');
  assert.equal(bot.heard.some(({ value }) => value?.state === 'stolen'), false);
  await shown.getByTestId('sign-in').waitFor();
});

story('A search asks for a sign-in and is repeated with what the page gave', async (open, { bot }) => {
  bot.forget();
  const found = { composeExtension: { type: 'result', attachmentLayout: 'list', attachments: [{ ...card('found'), preview: { contentType: TYPES.thumbnail, content: { title: 'Found it' } } }] } };
  bot.on('composeExtension/query', ({ value }) => {
    if (value.state === '424242') return found;
    return value.authentication ? { status: 412, body: {} } : { composeExtension: { type: 'silentAuth', suggestedActions: openUrl(bot) } };
  });
  const ana = await open(IMAGE);
  await offer(ana, [SEARCH]);
  await ana.search('harbour');
  const popup = await ana.opens(() => ana.page.getByRole('button', { name: 'Sign in here' }).click());
  await popup.getByRole('button', { name: 'Finish' }).click();
  await ana.sees('Found it', ana.page.getByTestId('extension-result'));
  const { value } = await bot.hears('composeExtension/query', (a) => a.value.state === '424242');
  assert.equal(value.parameters[0].value, 'harbour');
});

story('A card action asks for a sign-in and is repeated with what the page gave', async (open, { bot }) => {
  bot.forget();
  bot.on('adaptiveCard/action', ({ value }) => {
    if (value.authentication) return { statusCode: 412, type: 'application/vnd.microsoft.error.preconditionFailed', value: { code: '412', message: 'no' } };
    if (value.state === '424242') return { statusCode: 200, type: TYPES.adaptive, value: card(`Saved as ${value.action.data.name}`).content };
    return { statusCode: 401, type: LOGIN, value: { text: 'To save, sign in.', connectionName: 'graph', tokenExchangeResource: { id: 'x1' }, buttons: [{ type: 'signin', title: 'Sign in', value: `${bot.origin}/signin` }] } };
  });
  const ana = await open({ chat: 'group' });
  await ana.say('hello');
  const { conversation } = await bot.hears('message');
  const shown = await ana.answerTo(() => bot.say(conversation.id, message(card('A picture', { actions: [{ type: 'Action.Execute', title: 'Save', verb: 'save', data: { name: 'a.png' } }] }))));
  await ana.press('Save', shown);
  await ana.sees('To save, sign in.', shown);
  const popup = await ana.opens(() => shown.getByTestId('sign-in').click());
  await popup.getByRole('button', { name: 'Finish' }).click();
  await ana.sees('Saved as a.png', shown);
});

story('A page in a dialog learns who looks, after asking, and sends what was chosen', async (open, { bot }) => {
  bot.forget();
  bot.on('task/fetch', () => ({ task: { type: 'continue', value: { title: 'Resize', width: 'large', height: 300, url: `${bot.origin}/dialog` } } }));
  bot.on('task/submit', ({ value }) => ({ task: { type: 'message', value: `Resized to ${value.data.size}` } }));
  const ana = await open({ chat: 'personal-image', theme: 'dark' });
  await ana.trouble('forgetConsents');
  const shown = await ana.answerTo(async () => bot.say(await chatOf(ana, bot), message(card('A picture', { actions: [{ type: 'Action.Submit', title: 'Resize', data: { msteams: { type: 'task/fetch' } } }] }))));
  await ana.press('Resize', shown);
  const page = ana.page.frameLocator('[data-testid="dialog-page"]');
  await page.getByText('ana.duarte@contoso.example · dark · task').waitFor();
  await page.getByRole('button', { name: 'Who' }).click();
  await ana.page.getByTestId('consent-decline').click();
  await page.getByText('CancelledByUser').waitFor();
  await page.getByRole('button', { name: 'Who' }).click();
  await ana.page.getByTestId('consent-allow').click();
  await page.getByText('access_as_user').waitFor();
  await ana.page.getByTestId('switch-light').click();
  await page.getByText('theme default').waitFor();
  await page.getByRole('button', { name: 'Send' }).click();
  await ana.sees('Resized to 800', ana.dialog);
});

story('Consent can be made to miss, and to be there again', async (open) => {
  const ana = await open(IMAGE);
  await ana.trouble('silentFails');
  await ana.page.getByTestId('trouble-button').click();
  await ana.page.getByTestId('trouble-silentWorks').waitFor();
  await ana.page.keyboard.press('Escape');
  await ana.trouble('silentWorks');
  await ana.page.getByTestId('trouble-button').click();
  await ana.page.getByTestId('trouble-silentFails').waitFor();
});
