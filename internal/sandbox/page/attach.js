// What lies beside the words of a message: pictures, files, the card that asks whether a file may be saved, and
// pictures seen large.

import { el, icon, iconButton } from './dom.js';
import { isOpenable } from './answers.js';

const CONSENT = 'application/vnd.microsoft.teams.card.file.consent';
const FILES = ['reference', 'application/vnd.microsoft.teams.card.file.info', 'application/vnd.microsoft.teams.file.download.info'];
const PICTURE_TYPES = ['png', 'jpg', 'jpeg', 'gif', 'webp'];
const PICTURE_URL = /^(https:|data:image\/(png|jpeg|gif|webp)|http:\/\/127\.0\.0\.1[:/])/;
const LARGE = 120; // px from which a picture in a card can be seen larger

export const isPicture = ({ contentType }) => /^image\//.test(contentType);
export const isFile = ({ contentType }) => FILES.includes(contentType);
export const isConsent = ({ contentType }) => contentType === CONSENT;

/** A picture from an address that may be shown; anything else shows its description. */
export function picture({ url = '', alt = '' }, className) {
  if (!PICTURE_URL.test(url)) return el('span', { class: `${className} no-picture`, text: alt });
  const node = el('img', { class: className, src: url, alt, loading: 'lazy', referrerpolicy: 'no-referrer' });
  node.addEventListener('error', () => node.replaceWith(el('span', { class: `${className} no-picture`, text: alt })));
  return node;
}

/** Pictures of a message, side by side; a press shows one large. */
export function pictures(session, attachments) {
  return el('div', { class: 'pictures', testid: 'pictures' }, attachments.map(({ name, contentUrl }) => {
    const alt = name || session.t('image');
    return el('button', { type: 'button', class: 'picture-button', testid: 'inline-picture', 'aria-label': session.t('enlarge', { name: alt }), onclick: () => enlarge(session, { url: contentUrl, alt }) },
      picture({ url: contentUrl, alt }, 'inline-picture'));
  }));
}

/** Shows a picture as large as the window allows. Escape, a press beside it and its button close it. */
export function enlarge(session, { url, alt }) {
  const close = () => viewer.close();
  const viewer = el('dialog', { class: 'viewer', testid: 'viewer', 'aria-label': alt, onclose: () => viewer.remove(), onclick: ({ target }) => { if (target === viewer) close(); } },
    el('figure', {}, picture({ url, alt }, 'viewed'), el('figcaption', {}, el('span', { text: alt }), iconButton('close', session.t('close'), { testid: 'viewer-close', onclick: close }))));
  document.body.append(viewer);
  viewer.showModal();
}

/** Makes a picture of a card one that can be seen larger, unless a press on it means something else. */
export function enlargeable(session, image) {
  const offer = () => {
    if (image.closest('.ac-selectable') || image.clientWidth < LARGE || image.hasAttribute('role')) return;
    const show = () => enlarge(session, { url: image.currentSrc || image.src, alt: image.alt });
    image.setAttribute('role', 'button');
    image.tabIndex = 0;
    image.classList.add('enlargeable');
    image.addEventListener('click', show);
    image.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      show();
    });
  };
  if (image.complete) requestAnimationFrame(offer);
  image.addEventListener('load', offer);
}

/** Files of a message, each a chip that opens it. */
export function fileChips(session, attachments) {
  return el('div', { class: 'file-list', testid: 'files' }, attachments.map((file) => fileChip(session, file)));
}

function fileChip(session, { contentType, name = '', contentUrl = '', thumbnailUrl, content }) {
  const title = name || session.t('attachment');
  const ending = (content?.fileType || /\.([^.]+)$/.exec(title)?.[1] || '').toLowerCase();
  const preview = thumbnailUrl || (PICTURE_TYPES.includes(ending) && contentType !== 'reference' ? contentUrl : '');
  const words = el('span', { class: 'file-words' }, el('span', { class: 'file-name', text: title }), el('small', { text: ending.toUpperCase() || session.t('attachment') }));
  const inside = [preview ? picture({ url: preview, alt: '' }, 'file-thumb') : el('span', { class: 'card-mark', 'aria-hidden': 'true' }, icon('file')), words];
  if (!isOpenable(contentUrl)) return el('span', { class: 'file', testid: 'message-file' }, inside);
  return el('a', { class: 'file', testid: 'message-file', href: contentUrl, target: '_blank', rel: 'noopener noreferrer', title: session.t('openFile', { name: title }) }, inside);
}

/** A number of bytes in words: "12 kB". */
export function size(session, bytes) {
  const [unit, divisor] = bytes < 1e3 ? ['byte', 1] : bytes < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];
  return new Intl.NumberFormat(session.locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: bytes < 1e6 ? 0 : 1 }).format(bytes / divisor);
}

/** The card by which an app asks whether it may save a file for a person; it is answered once. */
export function consentCard(session, message, { name = '', content = {} }) {
  const { t } = session;
  const foot = el('div', { class: 'card-foot', role: 'status' });
  const title = name || t('attachment');
  const answer = async (action, context) => {
    buttons.inert = true;
    foot.replaceChildren(el('span', { class: 'progress' }));
    const { problem, status } = await session.invoke('fileConsent/invoke', { type: 'fileUpload', action, context: context ?? null }, { messageId: message.id });
    buttons.inert = false;
    const failed = problem || status < 200 || status > 299;
    foot.replaceChildren(...failed ? [el('p', { class: 'card-trouble', role: 'alert', testid: 'card-trouble' }, icon('warning'), el('span', { text: t('wrong') }))] : []);
  };
  const button = (key, action, context, primary) => el('button', { type: 'button', class: `button${primary ? ' primary' : ''}`, text: t(key), testid: `file-${action}`, onclick: () => answer(action, context) });
  const buttons = el('div', { class: 'plain-buttons' }, button('allow', 'accept', content.acceptContext, true), button('decline', 'decline', content.declineContext));
  return el('div', { class: 'card', testid: 'file-consent', data: { problems: '0' } },
    el('div', { class: 'plain-card' },
      el('span', { class: 'card-mark', 'aria-hidden': 'true' }, icon('file')),
      el('div', { class: 'plain-words' }, el('h3', { text: title }), el('p', { class: 'subtle', text: size(session, Number(content.sizeInBytes) || 0) }),
        content.description ? el('p', { text: content.description }) : null),
      message.answered ? settled(session, message.answered) : buttons),
    foot);
}

function settled({ t }, answered) {
  const allowed = answered === 'accept';
  return el('p', { class: 'settled', testid: 'file-answered' }, icon(allowed ? 'check' : 'close'), el('span', { text: t(allowed ? 'fileAllowed' : 'fileDeclined') }));
}
