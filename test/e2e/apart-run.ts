// What the test of first meetings does, inside the container. Reports in JSON, a line each.

import { decodeTicket, encodeTicket } from '../../src/auth/ticket.ts'
import { type FieldPeer, startBrowser, startNode } from './field.ts'
import { cut, heal } from './namespaces.ts'

export interface ApartReport {
  readonly step: 'browsers met by codes' | 'came back after a cut' | 'Node peers found each other'
  readonly ms: number
  /** Whether the edits of each arrived at the other. */
  readonly edited: boolean
  readonly transport: string | undefined
}

const [pageFolder = '', ...nodePeer] = process.argv.slice(2)
setTimeout(() => void failed(new Error('not done in time')), 100_000)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1))
process.on('unhandledRejection', (error) => void failed(error))
try {
  await browsers()
  await nodes()
  process.exit(0)
} catch (error) {
  await failed(error)
}

/** Two Chromiums, each in a namespace of its own. Nobody else is a peer, and neither can be dialled. */
async function browsers(): Promise<void> {
  const [a, b] = await Promise.all([4, 5].map((k) => startBrowser(k, pageFolder)))
  if (a === undefined || b === undefined) throw new Error('two browsers')
  await b.call('join', { ticket: await a.call('make', { label: 'Field' }) })
  const [ours, theirs] = [await a.call('meet', {}), await b.call('meet', {})]
  const startedAt = performance.now()
  await Promise.all([a.call('take', { code: theirs }), b.call('take', { code: ours })])
  await tell('browsers met by codes', performance.now() - startedAt, a, b)
  cut([5])
  await Promise.all([a.call('append', { word: 'three' }), b.call('append', { word: 'four' })])
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  heal([5])
  const healedAt = performance.now()
  const words = ['one', 'two', 'three', 'four']
  const both = await Promise.all([a, b].map((each) => each.call('waitFor', { words, timeoutMs: 30_000 })))
  report(
    'came back after a cut',
    performance.now() - healedAt,
    both.every(({ reached }) => reached),
    'webrtc',
  )
}

/** Two Node peers, one of which has an invitation without any address. */
async function nodes(): Promise<void> {
  const [a, b] = await Promise.all([1, 2].map((k) => startNode(k, nodePeer)))
  if (a === undefined || b === undefined) throw new Error('two Node peers')
  const ticket = decodeTicket(await a.call('make', { label: 'Field' }))
  const startedAt = performance.now()
  await b.call('join', { ticket: encodeTicket({ ...ticket, addresses: [] }) })
  await b.call('waitForContacts', { names: [a.name], direct: true, timeoutMs: 30_000 })
  await tell('Node peers found each other', performance.now() - startedAt, a, b)
}

async function tell(step: ApartReport['step'], ms: number, a: FieldPeer, b: FieldPeer): Promise<void> {
  await a.call('append', { word: 'one' })
  const there = await b.call('waitFor', { words: ['one'], timeoutMs: 10_000 })
  await b.call('append', { word: 'two' })
  const back = await a.call('waitFor', { words: ['one', 'two'], timeoutMs: 10_000 })
  const [contact] = await a.call('contacts', {})
  report(step, ms, there.reached && back.reached, contact?.transport)
}

function report(step: ApartReport['step'], ms: number, edited: boolean, transport: string | undefined): void {
  const line: ApartReport = { step, ms: Math.round(ms), edited, transport }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function failed(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exit(1)
}
