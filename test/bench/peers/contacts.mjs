// The contacts of a peer and the search over them: a filter over a list, with the folding done beforehand.
import { readFileSync } from 'node:fs'
import { result } from './card.mjs'

export const fold = (s) => s.toLowerCase().normalize('NFD').replace(/\p{Mn}/gu, '').replaceAll('ł', 'l').replaceAll('ø', 'o')

const contacts = JSON.parse(readFileSync(process.env.CONTACTS, 'utf8'))
for (const c of contacts) c.searched = fold([c.name, c.job, c.company, c.department, c.email, c.dial, c.notes, c.tag].join(' '))
contacts.sort((a, b) => (a.name < b.name ? -1 : 1))

// answer is the body of the answer to composeExtension/query.
export function answer (value) {
  const words = fold(value.parameters[0].value).split(/\s+/).filter(Boolean)
  const { skip, count } = value.queryOptions
  const found = contacts.filter((c) => words.every((w) => c.searched.includes(w))).slice(skip, skip + count)
  process.stdout.write(JSON.stringify({ time: new Date().toISOString(), level: 'DEBUG', msg: 'turn', route: 'findContact', found: found.length }) + '\n')
  if (found.length === 0) return { composeExtension: { type: 'message', text: 'Nobody was found.' } }
  return { composeExtension: { type: 'result', attachmentLayout: 'list', attachments: found.map(result) } }
}
