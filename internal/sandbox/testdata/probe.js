// Drives the sandbox's connector with Microsoft's own client (npm botframework-connector): one line for each
// operation, and exit status 1 when one failed.
//   node probe.js '{"url":…, "token":…, "chat":…, "person":…, "team":…, "channel":…, "meeting":…, "tenant":…}'
'use strict';

const { ConnectorClient, TeamsConnectorClient } = require('botframework-connector');

const world = JSON.parse(process.argv[2]);
const credentials = {
  getToken: async () => ({ token: world.token, expiresOnTimestamp: Date.now() + 3600e3 }),
  signRequest: async (request) => {
    request.headers.set('authorization', `Bearer ${world.token}`);
    return request;
  },
};
const { conversations, attachments } = new ConnectorClient(credentials, { baseUri: world.url });
const { teams } = new TeamsConnectorClient(credentials, { baseUri: world.url });
const say = (text) => ({ type: 'message', text, from: { id: 'bot' } });

let failures = 0;

/** Runs one operation; its answer must satisfy `good`. */
async function check(name, run, good = () => true) {
  let answer;
  let trouble = '';
  try {
    answer = await run();
    if (!good(answer)) trouble = `unexpected answer ${JSON.stringify(answer)}`;
  } catch (error) {
    trouble = `${error.statusCode ?? ''} ${error.message}`;
  }
  if (trouble) failures += 1;
  console.log(trouble ? 'FAIL' : 'ok  ', name, trouble);
  return answer ?? {};
}

async function main() {
  const isPerson = ({ id }) => id === world.person;
  const sent = await check('send', () => conversations.sendToConversation(world.chat, say('hello')), ({ id }) => /^\d{13}$/.test(id));
  await check('reply', () => conversations.replyToActivity(world.chat, sent.id, say('reply')), ({ id }) => id > sent.id);
  await check('update', () => conversations.updateActivity(world.chat, sent.id, say('changed')), ({ id }) => id === sent.id);
  await check('delete', () => conversations.deleteActivity(world.chat, sent.id));
  await check('members', () => conversations.getConversationMembers(world.chat), (list) => list.some(isPerson));
  await check('member', () => conversations.getConversationMember(world.chat, world.person), isPerson);
  await check('paged members', () => conversations.getConversationPagedMembers(world.chat, { pageSize: 2 }), ({ members }) => members.some(isPerson));
  await check('members of an activity', () => conversations.getActivityMembers(world.chat, sent.id), (list) => list.some(isPerson));
  await check('personal conversation', () => conversations.createConversation({
    bot: { id: 'bot' }, members: [{ id: world.person }], isGroup: false, tenantId: world.tenant, channelData: { tenant: { id: world.tenant } },
  }), ({ id }) => id.startsWith('a:'));
  await check('thread in a channel', () => conversations.createConversation({
    isGroup: true, bot: { id: 'bot' }, channelData: { channel: { id: world.channel } }, activity: say('new thread'),
  }), ({ id, activityId }) => id === `${world.channel};messageid=${activityId}`);
  const kept = await check('upload', () => conversations.uploadAttachment(world.chat, { name: 'a.txt', type: 'text/plain', originalBase64: new Uint8Array([104]) }), ({ id }) => id);
  await check('attachment', () => attachments.getAttachmentInfo(kept.id), ({ name }) => name === 'a.txt');
  await check('team', () => teams.fetchTeamDetails(world.team), ({ id, name }) => id === world.team && name);
  await check('channels', () => teams.fetchChannelList(world.team), (list) => list.conversations.some(({ id }) => id === world.channel));
  await check('meeting', () => teams.fetchMeetingInfo(world.meeting), ({ details }) => details.title);
  await check('participant', () => teams.fetchMeetingParticipant(world.meeting, world.person, { tenantId: world.tenant }), ({ meeting }) => meeting.role);
  process.exitCode = failures ? 1 : 0;
}

main();
