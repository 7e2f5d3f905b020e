// The files that wait in the compose box: attached with the button, dropped, or pasted as a picture. Teams hands a
// pasted picture to the app as a picture, and an attached file as a download in the personal chat.

import { el, icon, iconButton } from './dom.js';

const MOST = 10; // files in one message
const LARGEST = 16 * 1024 * 1024; // bytes of them all, as the sandbox takes a message

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
    this.button = iconButton('attach', session.t('attach'), { testid: 'attach', onclick: () => this.picker.click() });
    this.element = el('div', { class: 'compose-files', testid: 'compose-files' }, this.picker);
  }

  get length() {
    return this.waiting.length;
  }

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
      this.waiting.push({ name: file.name, contentType: file.type || 'application/octet-stream', attached, base64: await asBase64(file), file });
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
