// What the test of first meetings does, inside the container. Reports in JSON, a line each.

import { decodeTicket, encodeTicket } from '../../src/auth/ticket.ts'
import { startBrowser, startNode } from './field.ts'
import { meetByCodes, tell } from './first-meeting.ts'

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

/** Two Chromiums, each in a namespace of its own. */
async function browsers(): Promise<void> {
  const [a, b] = await Promise.all([4, 5].map((k) => startBrowser(k, pageFolder)))
  if (a === undefined || b === undefined) throw new Error('two browsers')
  await meetByCodes(a, b, 5)
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

function failed(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exit(1)
}
