// The files that wait in the compose box: chosen from this computer or from the sample pictures, dropped, or pasted as a
// picture. Teams hands a pasted picture to the app as a picture, and an attached file as a download in the personal chat.

import { el, icon, iconButton, menuItem, openMenu } from './dom.js';
import { api } from './api.js';

const MOST = 10; // files in one message
const LARGEST = 16 * 1024 * 1024; // bytes of them all, as the sandbox takes a message

// What the samples hold that the sandbox makes itself.
const sampleTexts = { 'harbour.jpg': 'sampleHarbour', 'settings.png': 'sampleSettings', 'boat.gif': 'sampleBoat', 'lighthouse.jpg': 'samplePhone',
  'suppliers-october.xlsx': 'sampleOctober', 'suppliers.xlsx': 'sampleNovember', 'outlook.csv': 'sampleOutlook', 'visitors.vcf': 'sampleCards' };

const asBase64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

export class Files {
  /** `changed` is called when a file came or went, `refused` with the key of a sentence when one was not taken. */
  constructor(session, { changed, refused }) {
    Object.assign(this, { session, changed, refused, waiting: [] });
    this.picker = el('input', { type: 'file', multiple: true, hidden: true, testid: 'file-picker', onchange: () => this.picked() });
    this.button = iconButton('attach', session.t('attach'), { testid: 'attach', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => this.openMenu() });
    this.element = el('div', { class: 'compose-files', testid: 'compose-files' }, this.picker);
  }

  get length() {
    return this.waiting.length;
  }

  async openMenu() {
    const { pictures, contacts } = await api.pictures().catch(() => ({ pictures: [], contacts: [] }));
    const { t } = this.session;
    const own = menuItem(t('fromComputer'), { iconName: 'folder', testid: 'from-computer', onclick: () => { this.closeMenu(); this.picker.click(); } });
    const groups = [this.group('contactSamples', this.takesContacts() ? contacts : []), this.group('samples', pictures)].flat();
    this.closeMenu?.();
    this.closeMenu = openMenu(this.button, { label: t('attach'), testid: 'attach-menu', className: 'up', items: [own, ...groups] });
  }

  // Teams hands files to apps in personal chats only; Contact Pro takes those that hold contacts.
  takesContacts() {
    return this.session.conversation.kind === 'personal' && this.session.appsIn().some(({ key }) => key === 'contact');
  }

  group(title, samples) {
    if (!samples.length) return [];
    const words = this.session.t(title);
    return [el('hr'), el('div', { role: 'group', 'aria-label': words, testid: title }, el('p', { class: 'menu-title', 'aria-hidden': 'true', text: words }), samples.map((one) => this.sample(one)))];
  }

  sample({ name, contentType }) {
    const known = sampleTexts[name];
    const words = known ? this.session.t(known) : name;
    return menuItem(words, { iconName: contentType.startsWith('image/') ? 'picture' : 'file', hint: known ? name : undefined, testid: `sample-${name}`, onclick: () => this.chose(name, contentType) });
  }

  async chose(name, type) {
    this.closeMenu();
    this.button.setAttribute('aria-busy', 'true');
    try {
      const data = await api.picture(name);
      await this.add([new File([data], name, { type })], { attached: true });
    } catch {
      this.refused('sampleGone');
    } finally {
      this.button.removeAttribute('aria-busy');
    }
  }

  // Where others read along, apps get no attached files but they do get pictures, so those go into the text.
  async picked() {
    await this.add([...this.picker.files], { attached: true });
    this.picker.value = '';
  }

  /** Takes what was pasted or dropped; tells whether there was a file in it. */
  take(transfer, how) {
    const files = [...transfer?.files ?? []];
    if (files.length) this.add(files, how);
    return files.length > 0;
  }

  async add(files, { attached }) {
    for (const file of files) {
      const size = this.waiting.reduce((sum, one) => sum + one.file.size, file.size);
      if (this.waiting.length === MOST || size > LARGEST) {
        this.refused('fileRefused');
        break;
      }
      const inText = !attached || (this.session.conversation.kind !== 'personal' && file.type.startsWith('image/'));
      this.waiting.push({ name: file.name, contentType: file.type || 'application/octet-stream', attached: !inText, base64: await asBase64(file), file });
    }
    this.draw();
  }

  draw() {
    for (const chip of this.element.querySelectorAll('.file-chip')) chip.remove();
    this.element.append(...this.waiting.map((one) => this.chip(one)));
    this.changed();
  }

  chip(one) {
    const remove = iconButton('close', this.session.t('removeFile', { name: one.name }), { class: 'icon-button', onclick: () => this.remove(one) });
    return el('span', { class: 'file-chip', testid: 'file-chip' }, this.thumbnail(one), el('span', { class: 'file-name', text: one.name }), remove);
  }

  thumbnail({ file, contentType }) {
    if (!contentType.startsWith('image/')) return icon('attach');
    const url = URL.createObjectURL(file);
    return el('img', { src: url, alt: '', onload: () => URL.revokeObjectURL(url), onerror: () => URL.revokeObjectURL(url) });
  }

  remove(one) {
    this.waiting = this.waiting.filter((other) => other !== one);
    this.draw();
  }

  /** What is sent, and the box is empty afterwards. */
  toSend() {
    return this.waiting.map(({ name, contentType, attached, base64 }) => ({ name, contentType, attached, base64 }));
  }

  clear() {
    this.waiting = [];
    this.draw();
  }
}
