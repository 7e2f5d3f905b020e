// Sends notices with botbuilder's ConnectorClient: orders in, one a line, and a line out when all of one was sent. ADAPTER=1
// lets its adapter do so, as bots do that speak first (continueConversationAsync): it makes a client for each notice.
import { createInterface } from 'node:readline'
import botbuilder from 'botbuilder'
import connector from 'botframework-connector'

const { AppCredentials, ClaimsIdentity, BotFrameworkAuthenticationFactory } = connector
const { CONNECTOR, APP_ID, CARD, AT_ONCE = '16', ADAPTER } = process.env

// A token that is there already, as long as those of Microsoft; the SDK keeps it.
class Credentials extends AppCredentials {
  async refreshToken () {
    return { accessToken: 'bench'.repeat(300), expiresOn: new Date(Date.now() + 3600_000) }
  }
}
const factory = {
  createCredentials: async () => new Credentials(APP_ID),
  isValidAppId: async () => true,
  isAuthenticationDisabled: async () => false
}
const authentication = BotFrameworkAuthenticationFactory.create('', true, 'https://login.microsoftonline.com/botframework.com', 'https://api.botframework.com',
  'https://api.botframework.com', 'https://token.botframework.com', 'https://login.botframework.com/v1/.well-known/openidconfiguration',
  'https://login.microsoftonline.com/botframework.com/v2.0/.well-known/openid-configuration', '', factory)
const serviceUrl = `http://${CONNECTOR}/emea/`
const client = await authentication.createConnectorFactory(new ClaimsIdentity([{ type: 'aud', value: APP_ID }])).create(serviceUrl, 'https://api.botframework.com')
const adapter = new botbuilder.CloudAdapter(authentication)
const card = JSON.parse(CARD)

function notice (n, conversation) {
  const title = `Notice ${String(n).padStart(6, '0')}`
  const words = title + card.fallbackText.slice(title.length)
  const content = { ...card, fallbackText: words, speak: words, body: [{ ...card.body[0], text: title }, ...card.body.slice(1)] }
  return {
    type: 'message',
    from: { id: `28:${APP_ID}` },
    conversation: { id: conversation },
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }]
  }
}

async function send ({ first, notices, tenants, conversations }) {
  let next = 0
  const sender = async () => {
    for (let i = next++; i < notices; i = next++) {
      const n = first + i
      const conversation = `19:bench-${n % tenants}-${Math.floor(n / tenants) % conversations}@thread.tacv2`
      const activity = notice(n, conversation)
      if (ADAPTER) {
        const reference = { serviceUrl, channelId: 'msteams', bot: activity.from, conversation: activity.conversation }
        await adapter.continueConversationAsync(APP_ID, reference, context => context.sendActivity(activity))
      } else {
        await client.conversations.sendToConversation(conversation, activity)
      }
    }
  }
  await Promise.all(Array.from({ length: Number(AT_ONCE) }, sender))
}

for await (const line of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage()
  const start = process.hrtime.bigint()
  let error
  try {
    await send(JSON.parse(line))
  } catch (e) {
    error = String(e)
  }
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(JSON.stringify({ micros: user + system, took: Number((process.hrtime.bigint() - start) / 1000n), error }) + '\n')
}
