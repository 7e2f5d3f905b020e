// The host side of TeamsJS, as Teams is for the pages of an app: it greets them, says who looks at what, hands out
// sign-on tokens and opens sign-in windows. It listens to one window only, and only while a page of the app is in it.

import { el } from './dom.js';
import { api } from './api.js';
import { openPopup } from './popup.js';

// What this host can do, as TeamsJS is told: authentication and dialogs.
const RUNTIME = {
  apiVersion: 4, isLegacyTeams: false,
  hostVersionsInfo: { adaptiveCardSchemaVersion: { majorVersion: 1, minorVersion: 5 } },
  supports: { app: { lifecycle: {} }, authentication: {}, dialog: { card: { bot: {} }, url: { bot: {}, parentCommunication: {} }, update: {} }, pages: { config: {} }, teamsCore: {} },
};
const SDK = '2.58.0'; // the version of TeamsJS whose messages this speaks

export class Host {
  /**
   * `app` is whose page it is, `guest()` gives its window, `frameContext` is "task" or "authentication".
   * `answers` are further calls by name, each a function of the arguments and of `reply`.
   */
  constructor(session, { app, guest, frameContext, answers = {} }) {
    Object.assign(this, { session, app, guest, frameContext });
    this.answers = {
      initialize: (_, reply) => reply(frameContext, 'web', JSON.stringify(RUNTIME), SDK),
      getContext: (_, reply) => reply(this.context()),
      'authentication.getAuthToken': ([, , silent], reply) => this.token(Boolean(silent), reply),
      'authentication.authenticate': ([url], reply) => this.authenticate(String(url), reply),
      ...answers,
    };
    this.hears = (event) => this.hear(event);
    this.looks = ({ detail }) => { if (detail === 'theme') this.say('themeChange', session.themeName); };
    window.addEventListener('message', this.hears);
    session.addEventListener('settings', this.looks);
  }

  stop() {
    window.removeEventListener('message', this.hears);
    this.session.removeEventListener('settings', this.looks);
  }

  // The origin counts as well as the window: a sign-in window also shows pages that are not the app's.
  hear({ data: call, source, origin }) {
    if (!source || source !== this.guest() || origin !== this.app.origin || typeof call?.func !== 'string') return;
    const reply = (...args) => source.postMessage({ id: call.id, uuidAsString: call.uuidAsString, args, monotonicTimestamp: performance.now() }, origin);
    this.answers[call.func]?.(Array.isArray(call.args) ? call.args : [], reply);
  }

  say(func, ...args) {
    this.guest()?.postMessage({ func, args }, this.app.origin);
  }

  // The flat form, which the library makes its context of.
  context() {
    const { session } = this;
    const { me, conversation } = session;
    return {
      locale: session.locale.toLowerCase(), theme: session.themeName, appSessionId: session.id, sessionId: session.id, ringId: 'general',
      hostClientType: 'web', hostName: 'Teams', frameContext: this.frameContext, entityId: this.frameContext, subEntityId: '', isFullScreen: false,
      userObjectId: me.objectId, loginHint: me.upn, userPrincipalName: me.upn, tid: session.world.tenant, tenantSKU: 'enterprise',
      chatId: conversation?.kind === 'channel' ? '' : conversation?.teamsId, channelId: conversation?.kind === 'channel' ? conversation.teamsId : '', dialogParameters: {},
    };
  }

  async token(silent, reply) {
    const wish = { ...this.session.here(), app: this.app.key };
    try {
      let answer = await api.token(wish);
      if (answer.needsConsent && silent) return reply(false, 'resourceRequiresConsent');
      if (answer.needsConsent && !await askConsent(this.session, this.app)) return reply(false, 'CancelledByUser');
      if (answer.needsConsent) answer = await api.token({ ...wish, allow: true });
      return reply(true, answer.token);
    } catch {
      return reply(false, 'authrequestfailed');
    }
  }

  async authenticate(url, reply) {
    const outcome = await openPopup(this.session, this.app, url);
    switch (outcome.kind) {
      case 'done': return reply(true, outcome.state);
      case 'refused': return reply(false, outcome.reason);
      case 'blocked': return reply(false, 'FailedToOpenWindow');
      default: return reply(false, 'CancelledByUser');
    }
  }
}

/** Asks whether an app may know who somebody is, as Teams does before its first sign-on token. */
function askConsent(session, app) {
  const { t } = session;
  return new Promise((resolve) => {
    const button = (key, value, primary) => el('button', { type: 'button', class: `button${primary ? ' primary' : ''}`, testid: `consent-${value}`, text: t(key), onclick: () => dialog.close(value) });
    const dialog = el('dialog', { class: 'question', testid: 'consent', 'aria-labelledby': 'consent-title', onclose: () => { dialog.remove(); resolve(dialog.returnValue === 'allow'); } },
      el('h2', { id: 'consent-title', text: t('consentTitle', app) }), el('p', { text: t('consentText', app) }),
      el('ul', {}, el('li', { text: t('consentName') }), el('li', { text: t('consentMail') })),
      el('div', { class: 'dialog-buttons' }, button('decline', 'decline'), button('allow', 'allow', true)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
