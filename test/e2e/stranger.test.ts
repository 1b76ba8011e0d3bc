// A stranger learns nothing and gets nothing: not on the topic (whose name it was even told), not by dialling. And the test would notice if it did.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { spaceKeys } from '../../src/auth/keys.ts'
import type { Sealer } from '../../src/auth/seal.ts'
import { decodeTicket } from '../../src/auth/ticket.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { limits } from '../../src/base/limits.ts'
import type { FrameStream, Network } from '../../src/net/network.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import { SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { shelf } from '../net/shelf.ts'
import { allCanaries, canaries, dresses, findCanaries } from './canaries.ts'
import { type Capture, capture, captured } from './captured-network.ts'
import { loopback, openLoopbackPeer } from './loopback-peer.ts'

/** Seals nothing, and takes as much room as if it did. */
const noSeal: Sealer = {
  seal: (_key, _nonce, plain) => concatBytes(plain, new Uint8Array(16)),
  open: (_key, _nonce, sealed) => sealed.subarray(0, -16),
}

// After the deadline of hello, and a moment for the connection to close.
const PATIENCE_MS = limits.helloMs + 3_000

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

test('the look for canaries finds each of them in each of its dresses', () => {
  expect(allCanaries.length).toBe(20)
  for (const canary of allCanaries)
    for (const dress of dresses(canary))
      expect(findCanaries([concatBytes(Uint8Array.of(1, 2, 3), dress, Uint8Array.of(4))])).toContain(canary)
  // In the middle of other bytes whose base64 is taken as a whole.
  for (const before of ['', 'a', 'ab', 'abc'])
    for (const canary of allCanaries)
      expect(findCanaries([Buffer.from(btoa8(`${before}${canary}xyz`))])).toEqual([canary])
  expect(findCanaries([Buffer.from('nothing of the kind')])).toEqual([])
})

test('what travels holds none of twenty canary strings', async () => {
  const { overheard, wire } = await talkOfCanaries()
  console.log(`a stranger on the topic overheard ${sizes(overheard)}; between the members went ${sizes(wire.bytes)}`)
  expect(overheard.length, 'messages overheard').toBeGreaterThan(0)
  expect(findCanaries([...overheard, ...wire.bytes])).toEqual([])
})

test('with sealing switched off the same look finds them', async () => {
  const { overheard, wire } = await talkOfCanaries(noSeal)
  const travels = [...canaries.documents, ...canaries.keys, ...canaries.texts, ...canaries.peers.slice(0, 2)]
  expect(findCanaries([...overheard, ...wire.bytes])).toEqual(expect.arrayContaining(travels))
  expect(findCanaries(overheard), 'on the topic').toEqual(expect.arrayContaining([...canaries.keys, ...canaries.texts]))
})

test('a stranger that dials gets no answer and is disconnected: by silence, garbage, or a hello that it overheard', async () => {
  const wire = capture()
  const [ada] = await twoMembers(wire)
  const [overheardHello] = wire.firstFrames
  if (overheardHello === undefined) throw new Error('no hello was overheard')
  const garbage = Uint8Array.from({ length: 65 }, (_, i) => (i * 151) & 0xff)
  garbage[0] = 0
  const attempts: Readonly<Record<string, readonly Uint8Array[]>> = {
    silence: [],
    garbage: [garbage],
    'an empty frame': [new Uint8Array()],
    'a frame as large as can be': [new Uint8Array(limits.frameBytes)],
    'a hello overheard': [overheardHello],
    'a hello overheard, and more': [overheardHello, garbage, garbage],
  }
  const ends = await Promise.all(
    Object.entries(attempts).map(async ([attempt, frames]) => ({ attempt, ...(await dialAsStranger(ada, frames)) })),
  )
  console.table(ends)
  for (const { attempt, framesHeard, disconnectedMs } of ends) {
    expect(framesHeard, attempt).toBe(0)
    expect(disconnectedMs, attempt).toBeLessThanOrEqual(PATIENCE_MS)
  }
  // All the while the members go on.
  expect(ada.spaces[0]?.status.current.peers.filter(({ connected }) => connected).length).toBe(1)
}, 60_000)

/** Two members write and exchange all the canaries, with a stranger on their topic. */
async function talkOfCanaries(sealer?: Sealer): Promise<{ overheard: readonly Uint8Array[]; wire: Capture }> {
  const wire = capture()
  const [ada, grace, ticket] = await twoMembers(wire, sealer)
  const overheard = await overhear(ada, ticket)
  const space = await ada.space(canaries.labels[0])
  const same = await grace.space(canaries.labels[1])
  // Labels are each peer's own, and of any number of spaces.
  for (const label of canaries.labels.slice(2)) await ada.space(label)
  for (const name of canaries.documents) await (await space.open(name)).settled()
  const document = await space.open<Record<string, string>>(canaries.documents[0])
  for (const [index, key] of canaries.keys.entries()) {
    document.change((d) => {
      d[key] = canaries.texts[index] ?? ''
    })
    await document.settled({ peers: 1, timeoutMs: 10_000 })
  }
  for (const name of canaries.documents) {
    const other = await space.open<Record<string, boolean>>(name)
    other.change((d) => {
      d.opened = true
    })
  }
  await space.settled({ peers: 1, timeoutMs: 10_000 })
  await reads(await same.open<Record<string, string>>(canaries.documents[0]), canaries.keys[3])
  return { overheard, wire }
}

async function twoMembers(wire: Capture, sealer?: Sealer): Promise<[Peer, Peer, string]> {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-stranger-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const [ada, grace] = await Promise.all(
    canaries.peers.slice(0, 2).map((name) =>
      openLoopbackPeer({
        path: join(folder, name),
        name,
        network: captured(loopback(), wire),
        ...(sealer === undefined ? {} : { sealer }),
      }),
    ),
  )
  if (ada === undefined || grace === undefined) throw new Error('two peers were to be opened')
  closing.push(() => Promise.all([ada.close(), grace.close()]))
  const ticket = await (await ada.space(canaries.labels[0])).invite()
  const joined = await grace.join(ticket, { label: canaries.labels[1] })
  await joined.met({ timeoutMs: 10_000 })
  return [ada, grace, ticket]
}

/** A node that is no member, but was told the topic's name. */
async function overhear(member: Peer, ticket: string): Promise<readonly Uint8Array[]> {
  const { topic } = spaceKeys(decodeTicket(ticket))
  const stranger = await strangerNode()
  const overheard: Uint8Array[] = []
  stranger.subscribe(topic, ({ bytes }) => {
    overheard.push(bytes.slice())
    return 'accept'
  })
  await stranger.dial(member.addresses)
  const deadline = performance.now() + 5_000
  while (stranger.subscribers(topic).length === 0 && performance.now() < deadline) await pause(20)
  // A mesh forms at the next heartbeat, once a second.
  await pause(1_500)
  return overheard
}

async function dialAsStranger(
  member: Peer,
  frames: readonly Uint8Array[],
): Promise<{ readonly framesHeard: number; readonly streamEndedMs: number; readonly disconnectedMs: number }> {
  const stranger = await strangerNode()
  const startedAt = performance.now()
  const gone = new Promise<number>((resolve) => {
    stranger.on('disconnect', () => resolve(performance.now() - startedAt))
    setTimeout(resolve, PATIENCE_MS + 2_000, Number.POSITIVE_INFINITY)
  })
  const node = await stranger.dial(member.addresses)
  const stream = await stranger.open(node, SYNC_PROTOCOL)
  for (const frame of frames) await stream.send(frame).catch(() => {})
  const framesHeard = await countFrames(stream)
  const streamEndedMs = Math.round(performance.now() - startedAt)
  return { framesHeard, streamEndedMs, disconnectedMs: Math.round(await gone) }
}

async function countFrames(stream: FrameStream): Promise<number> {
  let count = 0
  try {
    for await (const _ of stream.frames) count++
  } catch {
    // Cut off: that is what is wanted.
  }
  return count
}

async function strangerNode(): Promise<Network> {
  const network = await loopback()({ shelf: shelf() })
  closing.push(() => network.close())
  return network
}

async function reads(document: DocHandle<Record<string, string>>, key: string): Promise<void> {
  while (document.value[key] === undefined) await pause(20)
}

function sizes(list: readonly Uint8Array[]): string {
  return `${list.length} messages of ${list.reduce((sum, { length }) => sum + length, 0)} bytes`
}

function btoa8(text: string): string {
  return Buffer.from(text).toString('base64')
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
