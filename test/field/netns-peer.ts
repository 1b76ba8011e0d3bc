// One peer of `npm run netns`, as a program: it writes entries into a few documents, notes which were acknowledged, and tells what it holds.

import { createHash } from 'node:crypto'
import { spaceKeys } from '../../src/auth/keys.ts'
import { decodeTicket } from '../../src/auth/ticket.ts'
import { filesystemStore, libp2pNetwork } from '../../src/node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { serveLines } from '../e2e/line-server.ts'
import { repeating } from './repeating-network.ts'

type Entries = { entries: string[] }
/** How many entries of each writer there are to be: `name-0`, `name-1` … */
export type Counts = Readonly<Record<string, number>>

export interface Held {
  /** Of everything that is held, in every document. */
  readonly digest: string
  readonly entries: number
  /** Entries that are not there, and such as are there more than once or were never written. */
  readonly missing: number
  readonly unwanted: number
}

const DOCUMENTS = ['one', 'two', 'three']

let name = ''
let peer: Peer
let space: Space
let ticket: string | undefined
let written = 0
let documents: readonly DocHandle<Entries>[] = []

const commands = {
  async open(options: { readonly path: string; readonly name: string; readonly repeats: boolean }) {
    name = options.name
    const network = libp2pNetwork({ mdns: false })
    const keys = () => (ticket === undefined ? undefined : spaceKeys(decodeTicket(ticket)))
    peer = await openPeerOn(
      {
        path: options.path,
        store: filesystemStore(),
        network: options.repeats ? repeating(network, keys) : network,
        awaitNetwork: true,
        onThrow: (error) => {
          throw error
        },
      },
      { name },
    )
  },

  async make() {
    space = await peer.space('Field')
    ticket = await space.invite()
    await openDocuments()
    return ticket
  },

  async join(options: { readonly ticket: string }) {
    ticket = options.ticket
    space = await peer.join(ticket)
    await openDocuments()
  },

  /** Waits until so many members are in contact. */
  contacts: ({ count, timeoutMs }: { readonly count: number; readonly timeoutMs: number }) =>
    until(() => space.status.current.peers.filter(({ connected }) => connected).length >= count, timeoutMs),

  /** Writes for a time, an entry every so often. Answers with how many there are in all, every one of them acknowledged. */
  async write({ everyMs, durationMs }: { readonly everyMs: number; readonly durationMs: number }) {
    const beganAt = performance.now()
    for (let due = 0; due < durationMs; due += everyMs) {
      await pause(Math.max(0, beganAt + due - performance.now()))
      const document = documents[written % documents.length] as DocHandle<Entries>
      const entry = `${name}-${written++}`
      document.change((d) => d.entries.push(entry))
    }
    await Promise.all(documents.map((document) => document.settled()))
    return written
  },

  /** Waits for all these entries. Answers when they were there, by the clock that all processes share; null if that was not in time. */
  async waitFor({ counts, timeoutMs }: { readonly counts: Counts; readonly timeoutMs: number }) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
    const isThere = (): boolean => entries().length >= total && held(counts).missing === 0
    return (await until(isThere, timeoutMs)) ? now() : null
  },

  held: ({ counts }: { readonly counts: Counts }) => held(counts),
  status: () => ({
    why: space.status.current.upToDate ? 'up to date' : space.why(),
    contacts: space.status.current.peers.filter(({ connected }) => connected).map((other) => other.name),
    traffic: peer.traffic,
    cpuSeconds: Math.round(process.cpuUsage().user / 1e5 + process.cpuUsage().system / 1e5) / 10,
    memoryMB: Math.round(process.memoryUsage.rss() / 1e6),
  }),
}

export type FieldCommands = typeof commands
serveLines(commands)

async function openDocuments(): Promise<void> {
  documents = await Promise.all(DOCUMENTS.map((each) => space.open<Entries>(each, { init: { entries: [] } })))
}

function entries(): readonly string[] {
  return documents.flatMap((document) => document.value.entries as readonly string[])
}

function held(counts: Counts): Held {
  const all = entries()
  const found = new Set(all)
  let missing = 0
  let wanted = 0
  for (const [writer, count] of Object.entries(counts)) {
    wanted += count
    for (let i = 0; i < count; i++) if (!found.has(`${writer}-${i}`)) missing++
  }
  const digest = createHash('sha256')
    .update(JSON.stringify(documents.map(({ value }) => value)))
    .digest('hex')
  return { digest, entries: all.length, missing, unwanted: all.length - (wanted - missing) }
}

/** Milliseconds of the clock that all processes share. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

async function until(isTrue: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > deadline) return false
    await pause(20)
  }
  return true
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
