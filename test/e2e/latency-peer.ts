// One side of the latency test: it types a character at a time and notes when, or notes when each can be read here. Linux, macOS and Windows give all
// processes one monotonic clock.

import { text } from '../../src/crdt/constructors.ts'
import type { Text } from '../../src/crdt/types.ts'
import { libp2pNetwork, openPeer } from '../../src/node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { serveLines } from './line-server.ts'

type Note = { text: Text }

let peer: Peer
let space: Space
let note: DocHandle<Note>
const readAt: number[] = []

serveLines({
  async open({ path }: { path: string }) {
    peer = await openPeer({ path, network: libp2pNetwork({ host: '127.0.0.1', mdns: false }) })
  },
  async make() {
    space = await peer.space('Latency')
    await openNote()
    return space.invite()
  },
  async join({ ticket }: { ticket: string }) {
    space = await peer.join(ticket)
    await openNote()
    await space.met({ timeoutMs: 20_000 })
  },
  /** Types characters, one every so often; answers with the times just before each, and when each was durable here. */
  async type({ count, everyMs }: { count: number; everyMs: number }) {
    const typedAt: number[] = []
    const durableAt: number[] = []
    for (let i = 0; i < count; i++) {
      typedAt.push(now())
      note.change((d) => d.text.append('x'))
      void note.settled().then(() => {
        durableAt[i] = now()
      })
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    await note.settled()
    return { typedAt, durableAt }
  },
  /** When the text came to have each length, up to this one: index 0 is for one character. */
  async readAt({ length }: { length: number }) {
    while (readAt.length < length) await new Promise((resolve) => setTimeout(resolve, 5))
    return readAt
  },
})

async function openNote(): Promise<void> {
  note = await space.open<Note>('note', { init: { text: text() } })
  note.subscribe(() => {
    const { length } = note.value.text
    while (readAt.length < length) readAt.push(now())
  })
}

/** Milliseconds of the clock that all processes share. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}
