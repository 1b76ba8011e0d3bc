// Two peers who meet for the first time, inside the container: by pasted codes, through a cut, and what each wrote that the other is to have. Reports in
// JSON, a line each.

import type { FieldPeer } from './field.ts'
import { cut, heal } from './namespaces.ts'

export interface ApartReport {
  readonly step: 'browsers met by codes' | 'came back after a cut' | 'Node peers found each other'
  readonly ms: number
  /** Whether the edits of each arrived at the other. */
  readonly edited: boolean
  readonly transport: string | undefined
}

/** Nobody else is a peer, and neither can be dialled. `b` is in namespace k, and cut off for a while once they have met. */
export async function meetByCodes(a: FieldPeer, b: FieldPeer, k: number): Promise<void> {
  await b.call('join', { ticket: await a.call('make', { label: 'Field' }) })
  const [ours, theirs] = [await a.call('meet', {}), await b.call('meet', {})]
  const startedAt = performance.now()
  await Promise.all([a.call('take', { code: theirs }), b.call('take', { code: ours })])
  await tell('browsers met by codes', performance.now() - startedAt, a, b)
  cut([k])
  await Promise.all([a.call('append', { word: 'three' }), b.call('append', { word: 'four' })])
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  heal([k])
  const healedAt = performance.now()
  const words = ['one', 'two', 'three', 'four']
  const both = await Promise.all([a, b].map((each) => each.call('waitFor', { words, timeoutMs: 30_000 })))
  const ms = performance.now() - healedAt
  await a.call('waitForContacts', { names: [b.name], direct: true, timeoutMs: 10_000 })
  report(
    'came back after a cut',
    ms,
    both.every(({ reached }) => reached),
    await transportOf(a),
  )
}

/** Each writes a word. */
export async function tell(step: ApartReport['step'], ms: number, a: FieldPeer, b: FieldPeer): Promise<void> {
  await a.call('append', { word: 'one' })
  const there = await b.call('waitFor', { words: ['one'], timeoutMs: 10_000 })
  await b.call('append', { word: 'two' })
  const back = await a.call('waitFor', { words: ['one', 'two'], timeoutMs: 10_000 })
  report(step, ms, there.reached && back.reached, await transportOf(a))
}

/** By which it is in contact with the one other there is. */
async function transportOf(a: FieldPeer): Promise<string | undefined> {
  const contacts = await a.call('contacts', {})
  return contacts.find(({ connected }) => connected)?.transport
}

function report(step: ApartReport['step'], ms: number, edited: boolean, transport: string | undefined): void {
  const line: ApartReport = { step, ms: Math.round(ms), edited, transport }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
