// Members that lie while two compare what they hold: each costs a bounded time and little, is left for a reason, and keeps nobody from the others.

import { afterEach, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { forkedBranch } from '../../src/core/ids.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import type { Session } from '../../src/peer/session.ts'
import { encodeSymbols, type Symbols } from '../../src/reconcile.ts'
import type { Message } from '../../src/sync/messages.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

type Note = Record<string, unknown>

interface Scene {
  readonly a: Peer
  readonly space: Space
  readonly other: Space
  readonly rogue: Rogue
  readonly errors: string[]
}

/** Two honest members with some documents, more than are just listed, and one that lies. */
async function scene(): Promise<Scene> {
  world = new World()
  const [a, b] = [await world.open('a'), await world.open('b')]
  const errors: string[] = []
  a.on('error', ({ message }) => errors.push(message))
  const space = await world.during(a.space('Family'))
  for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) await write(space, name, 'x')
  const ticket = await world.during(space.invite())
  const other = await world.during(b.join(ticket))
  await world.settle()
  return { a, space, other, rogue: await Rogue.join(world, ticket), errors }
}

async function write(space: Space, name: string, text: string): Promise<void> {
  const note = (await world.during(space.open(name))) as DocHandle<Note>
  note.change((d) => void (d.text = text))
  await world.during(note.settled())
  note.close()
}

/** The honest ones still exchange edits, and at once. */
async function allGoesOn({ space, other }: Scene): Promise<void> {
  const text = `at ${world.clock.now()}`
  const note = (await world.during(other.open('one'))) as DocHandle<Note>
  await write(space, 'one', text)
  await world.until(() => note.value.text === text, 2_000)
  note.close()
}

const inContact = ({ space }: Scene): boolean =>
  space.status.current.peers.some(({ connected, name }) => connected && name === 'rogue')

/** A root that nobody's documents have. */
const lie = (random: Random): Message => ({ type: 'state', root: random.bytes(32), documents: 6, entries: [] })

function noise(random: Random, from: number, length: number): Message {
  const word = (): number => Math.floor(random.unit() * 2 ** 32)
  const words = (): Uint32Array => Uint32Array.from({ length }, word)
  const counts = Int32Array.from({ length }, () => Math.floor(random.unit() * 6))
  const symbols: Symbols = { from, length, size: 6_000, highs: words(), lows: words(), checks: words(), counts }
  return { type: 'symbols', stamp: 1, bytes: encodeSymbols(symbols) }
}

const hears = (message: Message, type: Message['type']): boolean => message.type === type

type Lie = (message: Message, session: Session, random: Random) => void

const lies: readonly [string, Lie][] = [
  ['never says in what it differs', () => {}],
  [
    'sends symbols that nobody asked for, again and again',
    (message, session, random) => {
      if (!hears(message, 'state')) return
      const drip = (): void => {
        if (session.ended) return
        void session.send(noise(random, 0, 8))
        world.clock.after(1_000, drip)
      }
      drip()
    },
  ],
  [
    'answers with symbols without end',
    (message, session, random) => {
      if (message.type === 'ask') void session.send(noise(random, message.from, message.count))
    },
  ],
  [
    'answers with one symbol at a time',
    (message, session, random) => {
      if (message.type === 'ask') void session.send(noise(random, message.from, 1))
    },
  ],
  [
    'tells and tells, and never comes to an end',
    (message, session) => {
      if (!hears(message, 'state')) return
      const drip = (): void => {
        if (session.ended) return
        void session.send({ type: 'tell', more: true, all: true, pulls: 0, firstId: 0, entries: [] })
        world.clock.after(1_000, drip)
      }
      drip()
    },
  ],
  [
    'begins with ranges again and again',
    (message, session) => {
      if (!hears(message, 'state')) return
      const drip = (): void => {
        if (session.ended) return
        void session.send({ type: 'ranges', isAnswer: false, bytes: Uint8Array.of(0, 0) })
        world.clock.after(1_000, drip)
      }
      drip()
    },
  ],
]

test.each(lies)('a member that %s is left within a minute, and the others go on meanwhile', async (_, tell) => {
  const all = await scene()
  const random = seededRandom(5)
  const session = await world.during(all.rogue.meet('a', (message, its) => tell(message, its, random)))
  void session.send(lie(random))
  await world.run(1_000)
  await allGoesOn(all)
  await world.until(() => session.ended && !inContact(all), 60_000)
  const reason = world.trace.split('\n').some((line) => line.includes('  a  ') && line.endsWith('silent'))
  expect(reason || all.errors.some((error) => error.includes('cannot be taken'))).toBe(true)
  await allGoesOn(all)
})

test('a member that says that it has more, and withholds it, is left, and whoever has it is asked', async () => {
  const all = await scene()
  // What the other wrote while it was away is claimed by the liar, and pulled from it.
  world.hub.partition([['a', all.rogue.node], ['b']])
  await write(all.other, 'two', 'from b')
  const version = new Map([[forkedBranch(all.rogue.actor, 9, new Uint8Array(8)), 9]])
  const entry = { document: { name: 'two', generation: 0 }, version }
  const session = await world.during(all.rogue.meet('a'))
  void session.send({ type: 'tell', more: false, all: true, pulls: 0, firstId: 0, entries: [entry] })
  await world.run(1_000)
  expect(all.rogue.heard.some(({ type }) => type === 'pull')).toBe(true)
  world.hub.heal()
  const note = (await world.during(all.space.open('two'))) as DocHandle<Note>
  await world.until(() => note.value.text === 'from b', 40_000)
  await world.until(() => session.ended, 60_000)
  await allGoesOn(all)
})

test('a member that claims ever more of a document, and never has it, is not asked without end', async () => {
  const all = await scene()
  const session = await world.during(
    all.rogue.meet('a', (message, its) => {
      if (message.type === 'pull') void its.send({ type: 'delta', id: message.id, more: false, ops: 0, ranges: [] })
      if (message.type === 'tell') void its.send({ type: 'none', ids: ids(message) })
    }),
  )
  const version = new Map([[forkedBranch(all.rogue.actor, 9, new Uint8Array(8)), 9]])
  const entry = { document: { name: 'two', generation: 0 }, version }
  void session.send(lie(seededRandom(6)))
  void session.send({ type: 'tell', more: false, all: true, pulls: 0, firstId: 0, entries: [entry] })
  await world.run(120_000)
  expect(all.rogue.heard.filter(({ type }) => type === 'pull').length).toBeLessThanOrEqual(2)
  // All the beacons, comparisons and states of two minutes.
  expect(all.rogue.heard.length).toBeLessThan(400)
  await allGoesOn(all)
})

const ids = ({ firstId, pulls }: Message & { type: 'tell' }): number[] =>
  Array.from({ length: pulls }, (_, i) => firstId + i)
