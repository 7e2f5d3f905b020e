// Sends notices with botbuilder's ConnectorClient, made as a bot gets it: orders in, one a line, and a line out when all of
// one was sent. EACH=1 gets a client for each notice, as the SDK does where a bot speaks first (continueConversationAsync).
import { createInterface } from 'node:readline'
import connector from 'botframework-connector'

const { AppCredentials, ClaimsIdentity, BotFrameworkAuthenticationFactory } = connector
const { CONNECTOR, APP_ID, CARD, AT_ONCE = '16', EACH } = process.env

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
const clients = authentication.createConnectorFactory(new ClaimsIdentity([{ type: 'aud', value: APP_ID }]))
const create = () => clients.create(`http://${CONNECTOR}/emea/`, 'https://api.botframework.com')
const shared = await create()
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
      const client = EACH ? await create() : shared
      await client.conversations.sendToConversation(conversation, notice(n, conversation))
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
