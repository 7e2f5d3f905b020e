// Small tools to build elements. Text always goes in as text, never as markup.

/**
 * Makes an element. In props, `on…` functions become listeners, `text` the text, `testid` the hook for
 * tests, `data` the data attributes; everything else is an attribute, left out when false or undefined.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(node, name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function setProp(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === 'text') node.textContent = value;
  else if (name === 'testid') node.dataset.testid = value;
  else if (name === 'data') Object.assign(node.dataset, value);
  else if (typeof value === 'function') node.addEventListener(name.slice(2), value);
  else node.setAttribute(name, value === true ? '' : value);
}

/** Makes a button that shows an icon; its label is spoken and shown on hover. */
export function iconButton(name, label, props = {}) {
  return el('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, ...props }, icon(name));
}

const shapes = {
  send: 'M4 12 20 4l-4 16-4.5-6.5L4 12Zm7.5 1.5L20 4',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  wide: 'M3 5.5h18v11H3zM9 20h6',
  phone: 'M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3ZM11 18h2',
  pulse: 'M3 12h4l2.5-7 5 14 2.5-7h4',
  bolt: 'M13 3 5 13.5h6L10 21l8-10.5h-6L13 3Z',
  reply: 'M9.5 6 4 11.5 9.5 17M4 11.5h9a7 7 0 0 1 7 7',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.2M20 4v5.2h-5.2',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM15.3 15.3 20.5 20.5',
  hash: 'M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16',
  group: 'M9 5a3.2 3.2 0 1 1 0 6.400 3.200 3.200 0 0 1 0-6.400ZM3 19c0-3.500 2.600-5.500 6-5.500s6 2 6 5.500M16 6a2.700 2.700 0 0 1 0 5.300M17 13.700c2.400.4 4 2.200 4 5.300',
  slash: 'M15 4.500 9 19.500',
  arrowIn: 'M12 4v14M6 12.500 12 18.500l6-6',
  arrowOut: 'M12 20V6M6 11.500 12 5.500l6 6',
  warning: 'M12 4 2.800 20h18.400L12 4ZM12 10v4.500M12 17.300v.2',
  attach: 'M20 11.500 12.300 19.200a5 5 0 0 1-7.100-7.100l8-8a3.300 3.300 0 0 1 4.700 4.700l-8 8a1.700 1.700 0 0 1-2.400-2.400l7.200-7.200',
  clock: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17ZM12 7.500V12l3.200 2',
  forward: 'M4.500 12a7.500 7.500 0 1 0 2.200-5.300L4 9.200M4 4v5.200h5.200M12 8.500V12l2.500 1.700',
  folder: 'M3.500 18.500v-12a1 1 0 0 1 1-1h5l2 2.500h8a1 1 0 0 1 1 1v9.500a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1Z',
  picture: 'M5 4.500h14a1.500 1.500 0 0 1 1.500 1.500v12a1.500 1.500 0 0 1-1.500 1.500H5A1.500 1.500 0 0 1 3.500 18V6A1.500 1.500 0 0 1 5 4.500ZM4 17l5-5 4 4 3-2.500 4.500 4M15.500 8.500h.01',
  key: 'M14.5 4a5.500 5.500 0 1 1-3.600 9.600L6 18.500H3.500V16l5.700-5.700A5.500 5.500 0 0 1 14.500 4ZM15.500 8.500h.01',
  file: 'M6.500 3.500H14l4 4v13H6.500ZM13.500 3.500V8H18M9.500 12.500h5M9.500 16h5',
  app: 'M5 5h6v6H5zM13.500 5h5.500v6h-5.500zM5 13.500h6V19H5zM13.500 13.500h5.500V19h-5.500z',
  like: 'M8 11v9H4v-9h4Zm0 0 4-7.500c1.600 0 2.400 1 2.100 2.600L13.500 9.500h5c1.300 0 2 1 1.700 2.200l-1.600 6.500c-.3 1.100-1 1.800-2.200 1.800H8',
  heart: 'M12 20S3.500 15 3.500 9A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 8.500 2c0 6-8.500 11-8.500 11Z',
  laugh: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17ZM8.500 9.500v.5M15.500 9.500v.5M7.500 13.500h9a4.500 4.500 0 0 1-9 0Z',
  surprised: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17ZM8.500 9v.5M15.500 9v.5M12 13a1.800 2.300 0 1 1 0 4.600 1.800 2.300 0 0 1 0-4.600Z',
  sad: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17ZM8.500 9.500v.5M15.500 9.500v.5M8 16.500c1.800-3 6.200-3 8 0',
  angry: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17ZM7.500 8.500l2.500 1.500M16.500 8.500 14 10M8.500 16h7',
  edit: 'M4.500 19.500l.8-4L16 4.800l3.200 3.200L8.500 18.700l-4 .8ZM14 6.800l3.200 3.200',
  bin: 'M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7',
  check: 'M5 12.500 10 17.500 19.500 7',
};

/** Draws an icon by its name; it is decoration and says nothing to a screen reader. */
export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', shapes[name]);
  svg.append(path);
  return svg;
}

/** The initials of a name, as in an avatar: "Ana Duarte" is AD. */
export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return words.slice(0, 2).map((word) => word[0].toUpperCase()).join('');
}

/** An avatar: round for people, square for apps, its hue made from the name. */
export function avatar(name, { bot = false, small = false, letters = initials(name) } = {}) {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  const node = el('span', { class: `avatar${bot ? ' bot' : ''}${small ? ' small' : ''}`, 'aria-hidden': 'true', text: letters });
  node.style.setProperty('--hue', String(hash));
  return node;
}

/** Calls back once no call came for `ms`; `cancel` forgets a pending one. */
export function debounce(callback, ms) {
  let timer;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(callback, ms, ...args);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** A group of buttons of which one is pressed. Choices are {value, label, content, testid}. */
export function segmented({ label, value, choices, testid, onchoose }) {
  const buttons = choices.map((choice) => el('button', {
    type: 'button', role: 'radio', class: 'segment', title: choice.label, 'aria-label': choice.label, testid: choice.testid,
    'aria-checked': String(choice.value === value), tabindex: choice.value === value ? '0' : '-1',
    onclick: () => onchoose(choice.value),
  }, choice.content));
  const group = el('div', { class: 'segmented', role: 'radiogroup', 'aria-label': label, testid }, buttons);
  group.addEventListener('keydown', (event) => moveWithArrows(event, buttons));
  return group;
}

/** Moves the focus among buttons with the arrow keys. */
export function moveWithArrows(event, buttons) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = buttons.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  buttons[(at + step + buttons.length) % buttons.length].focus();
}

/**
 * Shows a menu under or above its button and gives back the function that closes it. Escape, a press
 * elsewhere and a choice close it; the focus goes back to the button.
 */
export function openMenu(button, { label, testid, items, className = '' }) {
  const menu = el('div', { class: `menu ${className}`, role: 'menu', 'aria-label': label, testid }, items);
  const entries = () => [...menu.querySelectorAll('button, select, input')];
  const expands = button.hasAttribute('aria-haspopup');
  const close = () => {
    document.removeEventListener('pointerdown', outside, true);
    menu.remove();
    if (expands) button.setAttribute('aria-expanded', 'false');
  };
  const outside = (event) => {
    if (!menu.contains(event.target) && !button.contains(event.target)) close();
  };
  menu.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
      button.focus();
      return;
    }
    if (button.tagName === 'TEXTAREA' && /^\S$/u.test(event.key)) { // who writes on does not want to choose
      close();
      button.focus();
      return;
    }
    if (event.target.tagName === 'BUTTON') moveWithArrows(event, entries().filter((entry) => entry.tagName === 'BUTTON'));
  });
  document.addEventListener('pointerdown', outside, true);
  if (expands) button.setAttribute('aria-expanded', 'true');
  button.after(menu);
  entries()[0]?.focus();
  return close;
}

/** A line of a menu. */
export function menuItem(text, { iconName, hint, testid, onclick }) {
  return el('button', { type: 'button', role: 'menuitem', class: 'menu-item', testid, onclick },
    iconName ? icon(iconName) : null,
    el('span', { class: 'menu-text' }, el('span', { text }), hint ? el('small', { text: hint }) : null));
}
