// One agent of the concurrent trace: a Node peer in a process of its own. Before each transaction it waits until what the author had seen has arrived
// here; what has arrived beyond that is taken into account, so that the edit means what it meant.

import { counter, text } from '../../src/crdt/constructors.ts'
import type { Counter, Text } from '../../src/crdt/types.ts'
import { libp2pNetwork, openPeer } from '../../src/node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { Friends, type State, type Turn } from './friends.ts'
import { serveLines, tell } from './line-server.ts'

/** The text, and how many transactions of each agent are in it. */
type Note = { text: Text; made0: Counter; made1: Counter }

const TURNS_AT_ONCE = 16
const TELL_EVERY = 50
const CHECK_EVERY = 500

const friends = new Friends()
let peer: Peer
let space: Space
let note: DocHandle<Note>
let wake = (): void => {}

serveLines({
  async open({ path }: { path: string }) {
    peer = await openPeer({ path, network: libp2pNetwork({ host: '127.0.0.1', mdns: false }) })
    return friends.turns.map(({ length }) => length)
  },
  async make() {
    space = await peer.space('Friends')
    await openNote()
    return space.invite()
  },
  async join({ ticket }: { ticket: string }) {
    space = await peer.join(ticket)
    await openNote()
    await space.met({ timeoutMs: 20_000 })
  },
  play: ({ agent }: { agent: 0 | 1 }) => play(agent),
  pause: () => peer.pause(),
  resume: () => peer.resume(),
  /** Whether the text is the one at the end of the trace. */
  async ended({ timeoutMs }: { timeoutMs: number }) {
    const deadline = performance.now() + timeoutMs
    while (note.value.text !== friends.endContent && performance.now() < deadline) await news()
    return { ended: note.value.text === friends.endContent, made: here(), traffic: peer.traffic }
  },
})

async function openNote(): Promise<void> {
  note = await space.open<Note>('note', { init: { text: text(), made0: counter(), made1: counter() } })
  note.subscribe(() => wake())
}

async function play(agent: 0 | 1): Promise<void> {
  const turns = friends.turns[agent]
  for (const [number, turn] of turns.entries()) {
    while (!hasSeen(turn)) await news()
    const state = here()
    if (state[agent] !== number) throw new Error(`transaction ${number} of agent ${agent} would be made at ${state}`)
    if (number % CHECK_EVERY === 0 && note.value.text !== friends.text(state))
      throw new Error(`the text at ${state} is not what it should be`)
    make(turn, state)
    if (number % TELL_EVERY === 0) tell({ event: 'made', number })
    if (number % TURNS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await note.settled()
}

function make({ agent, deleted, inserted, firstId }: Turn, state: State): void {
  // From the right, so that one deletion does not move the next.
  const gone = deleted.filter((id) => friends.isVisible(id, state)).map((id) => friends.index(id, state))
  const at = friends.index(firstId, state)
  note.change((d) => {
    for (const index of gone.toSorted((a, b) => b - a)) d.text.delete(index, 1)
    if (inserted !== '') d.text.insert(at, inserted)
    d[agent === 0 ? 'made0' : 'made1'].add(1)
  })
}

function here(): State {
  return [Number(note.value.made0), Number(note.value.made1)]
}

function hasSeen({ seen: [n0, n1] }: Turn): boolean {
  const [made0, made1] = here()
  return made0 >= n0 && made1 >= n1
}

/** The next change, or a moment. */
function news(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100)
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}
