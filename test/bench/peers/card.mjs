// What a contact looks like in an answer: the same JSON that teamspro writes, which the bench checks before it measures.

export const result = (c) => ({
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: card(c),
  preview: { contentType: 'application/vnd.microsoft.card.thumbnail', content: preview(c) }
})

const initials = (name) => [...name.split(' ')[0]][0] + [...name.split(' ').at(-1)][0]
const picture = (c) => `https://teamspro.example/avatar/${encodeURIComponent(initials(c.name))}.png`
const text = (words, more) => ({ type: 'TextBlock', text: words, wrap: true, ...more })
const subtle = (words, more) => text(words, { isSubtle: true, ...more })
const call = (c) => `https://teams.microsoft.com/l/call/0/0?users=4:${encodeURIComponent(c.dial)}`

function head (c) {
  const image = { type: 'Image', url: picture(c), altText: `Picture of ${c.name}`, size: 'medium', style: 'person' }
  const words = [text(c.name, { style: 'heading' }), subtle(`${c.job} · ${c.company}`, { spacing: 'none' }), subtle(c.department, { spacing: 'none' })]
  return {
    type: 'ColumnSet',
    columns: [
      { type: 'Column', width: 'auto', items: [image] },
      { type: 'Column', width: 'stretch', items: words, verticalContentAlignment: 'center' }
    ]
  }
}

function reach (c) {
  return {
    type: 'FactSet',
    facts: [{ title: 'Mobile', value: `[${c.phone}](${call(c)})` }, { title: 'E-mail', value: `[${c.email}](mailto:${c.email})` }],
    spacing: 'medium'
  }
}

function tag (c) {
  const name = `${c.tag.replaceAll(' ', '\u00a0')}\u00a0\u00a0 `
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: '●\u00a0', color: colour(c.tag) }, { type: 'TextRun', text: name }], spacing: 'medium' }
}

// colour is the same for the same tag: FNV-1a of its name chooses one of four.
function colour (tag) {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(tag.toLowerCase())) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return ['accent', 'good', 'warning', 'attention'][hash % 4]
}

function card (c) {
  return {
    type: 'AdaptiveCard',
    version: '1.5',
    speak: `${c.name}, ${c.job}, ${c.company}. Mobile ${c.phone}. ${c.email}`,
    body: [
      head(c),
      reach(c),
      subtle('Notes', { size: 'small', spacing: 'medium', separator: true }),
      text(c.notes, { spacing: 'none' }),
      tag(c),
      subtle('changed 17 Jan 2026', { size: 'small', spacing: 'medium' })
    ],
    actions: [
      { type: 'Action.OpenUrl', title: 'Call with Teams', url: call(c) },
      { type: 'Action.OpenUrl', title: 'E-mail ↗', url: `mailto:${c.email}`, tooltip: 'Opens your mail program' },
      { type: 'Action.Execute', title: 'Show contact', verb: `contact/${c.id}` }
    ]
  }
}

function preview (c) {
  return {
    title: c.name,
    text: `${c.job}, ${c.department}, ${c.company} · ${c.phone} · ${c.email} · bench`,
    images: [{ url: picture(c), alt: `Picture of ${c.name}` }],
    tap: { type: 'invoke', value: { verb: `contact/${c.id}` } }
  }
}
