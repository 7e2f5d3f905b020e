// Makes pictures of pages small enough for the repository: 256 colours are enough for flat surfaces and text.

import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/** The same picture with a palette. Takes what Chromium writes: 8 bits a channel, RGB or RGBA, not interlaced. */
export function reduced(png) {
  const { width, height, channels, pixels } = decoded(png);
  const { palette, index } = paletteOf(pixels, channels);
  const rows = Buffer.alloc(height * (width + 1)); // each begins with its filter, 0: none
  for (let y = 0; y < height; y += 1) rows.set(index.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8); // 8 bits, palette
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', palette), chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function decoded(png) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, kind, , , interlaced] = png.subarray(24, 29);
  const channels = { 2: 3, 6: 4 }[kind];
  if (depth !== 8 || !channels || interlaced) throw new Error('not a picture as Chromium writes it');
  const parts = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  return { width, height, channels, pixels: unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels) };
}

// Each row holds differences to what is left, above, or both, as its first byte says.
function unfiltered(raw, stride, height, channels) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x;
      const left = x >= channels ? out[at - channels] : 0;
      const up = y ? out[at - stride] : 0;
      const corner = x >= channels && y ? out[at - stride - channels] : 0;
      out[at] = raw[y * (stride + 1) + 1 + x] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
  }
  return out;
}

function paeth(left, up, corner) {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

const EXACT = 128; // surfaces keep their colours

// The most frequent colours stay as they are. Of the others, edges of letters and pictures, those that differ only in their
// last bits are one group, as many bits as it takes, and the most frequent of each joins the palette. Every colour becomes
// the nearest one there.
function paletteOf(pixels, channels) {
  const colours = new Uint32Array(pixels.length / channels);
  const count = new Map();
  for (let i = 0; i < colours.length; i += 1) {
    const at = i * channels;
    colours[i] = (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
    count.set(colours[i], (count.get(colours[i]) ?? 0) + 1);
  }
  const frequent = [...count].sort((x, y) => y[1] - x[1]).map(([colour]) => colour);
  const { palette, number } = grouped(frequent);
  return { palette: Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff])), index: Uint8Array.from(colours, (colour) => number.get(colour)) };
}

/** At most 256 of the colours, and for each colour the number of the one it becomes. */
function grouped(frequent) {
  for (let bits = 0; ; bits += 1) {
    const mask = 0x010101 * ((0xff << bits) & 0xff);
    const palette = frequent.slice(0, EXACT);
    const groups = new Set();
    for (const colour of frequent.slice(EXACT)) {
      if (!groups.has(colour & mask)) palette.push(colour);
      groups.add(colour & mask);
    }
    if (palette.length <= 256) return { palette, number: new Map(frequent.map((colour) => [colour, nearest(palette, colour)])) };
  }
}

function nearest(palette, colour) {
  const far = (other) => [16, 8, 0].reduce((sum, shift) => sum + (((colour >> shift) & 0xff) - ((other >> shift) & 0xff)) ** 2, 0);
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < palette.length && least > 0; i += 1) {
    const distance = far(palette[i]);
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}
