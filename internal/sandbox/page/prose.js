// Text that people and apps wrote, made safe to show. Markdown goes through markdown-it with HTML off;
// everything else is inserted as text.

import { el } from './dom.js';

const MENTION = /<at(?:\s[^>]*)?>(.*?)<\/at>/g;
const ESCAPED_MENTION = /&lt;at(?:\s[^&]*)?&gt;(.*?)&lt;\/at&gt;/g;

let parser;

function markdown() {
  parser ??= window.markdownit({ html: false, linkify: false, breaks: true });
  return parser;
}

/** Markdown as HTML with mentions marked. markdown-it has escaped everything that is no markup of its own. */
export function markdownHtml(source, isMention = () => true) {
  return markdown().render(source).replace(ESCAPED_MENTION, (whole, name) => (isMention(`<at>${name}</at>`) ? `<span class="mention">${name}</span>` : whole));
}

function plainParts(source) {
  const parts = [];
  let at = 0;
  for (const found of source.matchAll(MENTION)) {
    parts.push(source.slice(at, found.index), el('span', { class: 'mention', text: found[1] }));
    at = found.index + found[0].length;
  }
  return [...parts, source.slice(at)];
}

/** The element of a message's text. Missing format means markdown for apps, plain for people. */
export function messageText(source, format) {
  const node = el('div', { class: 'prose', testid: 'message-text' });
  if (format === 'markdown') {
    node.innerHTML = markdownHtml(source);
    for (const link of node.querySelectorAll('a')) Object.assign(link, { target: '_blank', rel: 'noopener noreferrer' });
  } else {
    node.classList.add('plain');
    node.append(...plainParts(format === 'xml' ? withoutTags(source) : source));
  }
  return node;
}

// The small HTML that Teams allows in xml texts is shown without its formatting; mentions stay.
function withoutTags(source) {
  const breaks = source.replace(/<br\s*\/?>|<\/p>/gi, '\n').replace(/<(?!\/?at[\s>])[^>]*>/gi, '');
  return breaks.replace(/&(amp|lt|gt|quot|nbsp);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u00a0' })[name]);
}
