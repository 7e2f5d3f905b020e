// The bot on @microsoft/agents-hosting, set up as its samples are.
import { ActivityHandler, CloudAdapter, authorizeJWT } from '@microsoft/agents-hosting'
import express from 'express'
import { answer } from './contacts.mjs'

const { PORT, APP_ID, TENANT_ID, ISSUER } = process.env

class Bot extends ActivityHandler {
  async onInvokeActivity (context) {
    return { status: 200, body: answer(context.activity.value) }
  }
}

const settings = { clientId: APP_ID, tenantId: TENANT_ID, clientSecret: 'bench', authorityEndpoint: `${ISSUER}/${TENANT_ID}` }
const adapter = new CloudAdapter(settings)
// The connector's token is fetched before every turn and then kept; there is nobody to fetch it from here.
adapter.connectionManager.getTokenProviderFromActivity = () => ({ getAccessToken: async () => 'bench' })
const bot = new Bot()

const app = express()
app.use(express.json())
app.use(authorizeJWT(adapter.authConfig))
app.post('/api/messages', (req, res) => adapter.process(req, res, (context) => bot.run(context)))
app.listen(Number(PORT), '127.0.0.1')
