// The bot on botbuilder, set up as its samples are.
import botbuilder from 'botbuilder'
import express from 'express'
import { answer } from './contacts.mjs'

const { CloudAdapter, ConfigurationBotFrameworkAuthentication, TeamsActivityHandler } = botbuilder
const { PORT, APP_ID, TENANT_ID, ISSUER } = process.env

class Bot extends TeamsActivityHandler {
  async handleTeamsMessagingExtensionQuery (_context, query) {
    return answer(query)
  }
}

const authentication = new ConfigurationBotFrameworkAuthentication({
  MicrosoftAppId: APP_ID,
  MicrosoftAppPassword: 'bench',
  MicrosoftAppType: 'SingleTenant',
  MicrosoftAppTenantId: TENANT_ID,
  ToBotFromChannelTokenIssuer: ISSUER,
  ToBotFromChannelOpenIdMetadataUrl: `${ISSUER}/openid`,
  ToBotFromEmulatorOpenIdMetadataUrl: `${ISSUER}/openid`,
  ToChannelFromBotLoginUrl: `https://login.microsoftonline.com/${TENANT_ID}`,
  ToChannelFromBotOAuthScope: 'https://api.botframework.com',
  OAuthUrl: 'https://token.botframework.com'
})
const adapter = new CloudAdapter(authentication)
const bot = new Bot()

const app = express()
app.use(express.json())
app.post('/api/messages', (req, res) => adapter.process(req, res, (context) => bot.run(context)))
app.listen(Number(PORT), '127.0.0.1')
