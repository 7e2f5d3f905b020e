// A server of previews with sharp: a few pictures in memory, one made to fit a square for each who asks.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import sharp from 'sharp'

sharp.cache(false)
sharp.concurrency(1)
const pictures = Array.from({ length: Number(process.env.COPIES) }, () => readFileSync(process.env.PICTURE))

createServer(async (req, res) => {
  try {
    const asked = new URL(req.url, 'http://bench').searchParams
    const side = Number(asked.get('s'))
    const made = await sharp(pictures[Number(asked.get('p'))]).resize(side, side, { fit: 'inside' }).jpeg({ quality: 80 }).toBuffer()
    res.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': made.length }).end(made)
  } catch {
    res.writeHead(500).end()
  }
}).listen(Number(process.env.PORT), '127.0.0.1')
