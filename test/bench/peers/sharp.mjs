// Works on pictures with sharp, one thread and no cache: lines with a task in, lines with the processor time it took out.
// It also judges pictures, ours as well as its own, against what a full decode gives.
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import sharp from 'sharp'

sharp.cache(false)
sharp.concurrency(1)

const jpeg = { quality: 80 }
const width = 800
const cut = { left: 400, top: 300, width: 3200, height: 2400 }
const words = { text: { text: '<span foreground="white">Hello there</span>', font: 'DejaVu Sans 40', rgba: true } }

const tasks = {
  small: (data) => sharp(data).resize(width).jpeg(jpeg).toBuffer(),
  webp: (data) => sharp(data).resize(width).webp({ quality: 80 }).toBuffer(),
  steps: async (data) => {
    const turned = sharp(data).extract(cut).resize(width).rotate(90)
    return turned.composite([{ input: words, gravity: 'south' }]).jpeg(jpeg).toBuffer()
  },
  under,
  avif: (data, how) => sharp(data).avif(how).toBuffer(),
  film: (data, how) => sharp(data, { animated: true }).resize(240).gif(how).toBuffer()
}

// under decodes once, and looks for the highest quality below a limit of bytes.
async function under (data, { limit }) {
  const { data: pixels, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true })
  const at = (quality) => sharp(pixels, { raw: info }).jpeg({ quality }).toBuffer()
  let best = await at(jpeg.quality)
  if (best.length <= limit) return best
  for (let low = 1, high = jpeg.quality - 1; low <= high;) {
    const quality = (low + high) >> 1
    const made = await at(quality)
    if (made.length <= limit) best = made
    if (made.length <= limit) low = quality + 1
    else high = quality - 1
  }
  return best
}

// What a task should give, from a full decode and without loss.
const raw = (picture) => picture.removeAlpha().raw().toBuffer({ resolveWithObject: true })
const decoded = async (data) => {
  const { data: pixels, info } = await raw(sharp(data))
  return sharp(pixels, { raw: info })
}
const ideals = {
  small: async (data) => raw((await decoded(data)).resize(width)),
  webp: async (data) => raw((await decoded(data)).resize(width)),
  steps: async (data) => raw((await decoded(data)).extract(cut).resize(width).rotate(90)),
  under: async (data) => raw(sharp(data)),
  avif: async (data) => raw(sharp(data)),
  film: async (data) => raw(sharp(data, { animated: true }).resize(240))
}

const known = new Map()
async function ideal (task, source) {
  const key = `${task} ${source}`
  if (!known.has(key)) known.set(key, await ideals[task](readFileSync(source)))
  return known.get(key)
}

// likeness is the peak signal-to-noise ratio in decibels. A picture of fewer pixels is enlarged first. Of what was written
// on, the fifth with the words is left out.
async function likeness ({ task, source, result }) {
  const { data: want, info } = await ideal(task, source)
  const fit = { width: info.width, height: info.pageHeight ?? info.height, fit: 'fill' } // of each frame
  const { data: got } = await raw(sharp(result, { animated: task === 'film' }).resize(fit))
  const n = task === 'steps' ? Math.floor(info.height * 0.8) * info.width * 3 : want.length
  let sum = 0
  for (let i = 0; i < n; i++) sum += (want[i] - got[i]) ** 2
  return 10 * Math.log10(255 * 255 * n / sum)
}

async function run ({ task, source, result, how }) {
  const data = readFileSync(source)
  const before = process.cpuUsage()
  const made = await tasks[task](data, how)
  const { user, system } = process.cpuUsage(before)
  writeFileSync(result, made)
  return { micros: user + system, bytes: made.length }
}

process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const answer = asked.judge ? { likeness: await likeness(asked) } : await run(asked)
  process.stdout.write(JSON.stringify(answer) + '\n')
}
