// `npm run bench:meetings`: two peers that hold the same documents meet: what that takes of a processor and of the network, with a thousand documents, with
// ten thousand and with a hundred thousand. Where nothing changed it is to be the same. Stores and network are in memory and the clock is simulated, so that
// nothing is measured but what the peers do.
//
//   npm run bench:meetings -- --documents 1000,10000

import { parseArgs } from 'node:util'
import { memoryNetwork } from '../../src/net/memory.ts'
import type { Peer, Space } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { type MemoryDisk, memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { Dice } from '../../src/testing/dice.ts'
import { simulatedSigning } from '../../src/testing/simulated-crypto.ts'
import { turn } from '../../src/testing/turns.ts'
import { World } from '../../src/testing/world.ts'
import { machine, machineLine } from './machine.ts'

interface Note {
  title: string
}

type Name = 'ada' | 'bo'

const { values } = parseArgs({ options: { documents: { type: 'string', default: '1000,10000,100000' } } })
const AT_ONCE = 500
const TEN = 10
/** Until receipts are said. */
const AFTER_MS = 600
const LOOKS = 100

/** Two peers of one space, in a world where nothing but they take time. */
class Pair {
  readonly world = new World()
  readonly #disks: Record<Name, MemoryDisk> = { ada: memoryDisk(), bo: memoryDisk() }
  readonly #peers = new Map<Name, Peer>()
  // A hundred thousand signatures of the platform's would say more of the platform.
  readonly #signing = simulatedSigning(new Dice(1))

  /** On a disk that lasts, as receipts count none other. */
  async open(name: Name): Promise<void> {
    const disk = this.#disks[name]
    const store = async (path: string) =>
      Object.defineProperty(await memoryStore(disk)(path), 'kind', { value: 'filesystem' })
    const network = memoryNetwork(this.world.hub, { id: name })
    const onThrow = (error: unknown): void => console.error(error)
    const { clock, random } = this.world
    const opening = openPeerOn(
      { path: name, store, network, awaitNetwork: true, onThrow, signing: this.#signing },
      { clock, random, name },
    )
    this.#peers.set(name, await this.during(opening))
  }

  /** While something of much work is under way its peers' clocks go on, as they do in earnest: documents go back to sleep. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const end = (): void => {
      isOver = true
    }
    promise.then(end, end)
    while (!isOver) {
      await turn()
      await this.world.clock.advance(1)
    }
    return promise
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.values()) await this.during(peer.close())
    this.#peers.clear()
  }

  peer(name: Name): Peer {
    return this.#peers.get(name) as Peer
  }

  space(name: Name): Space {
    return this.peer(name).spaces[0] as Space
  }

  async write(documents: readonly number[], title: string): Promise<void> {
    const space = this.space('ada')
    for (let from = 0; from < documents.length; from += AT_ONCE) {
      const names = documents.slice(from, from + AT_ONCE).map((i) => `note/${i}`)
      const notes = await this.during(Promise.all(names.map((name) => space.open<Note>(name))))
      for (const note of notes) {
        note.change((draft) => {
          draft.title = title
        })
        note.close()
      }
      await this.during(this.peer('ada').flush())
    }
  }

  get bytes(): number {
    const { traffic } = this.peer('ada')
    return traffic.syncSent + traffic.syncReceived
  }

  /** Both hold the same, and each knows that the other has stored it. */
  get isOver(): boolean {
    return [this.space('ada'), this.space('bo')].every(
      ({ status: { current } }) => current.upToDate && current.peers.every(({ stored }) => stored),
    )
  }

  async part(): Promise<void> {
    this.world.hub.partition([['ada'], ['bo']])
    await this.world.run(10_000)
  }
}

console.log(machineLine(machine()))
for (const count of values.documents.split(',').map(Number)) await measure(count)

async function measure(count: number): Promise<void> {
  console.log(`${count} documents, one edit each`)
  const pair = new Pair()
  const { world } = pair
  const all = Array.from({ length: count }, (_, i) => i)
  const ten = Array.from({ length: TEN }, (_, i) => Math.floor((i * count) / TEN))
  await pair.open('ada')
  await pair.during(pair.peer('ada').space('Bench'))
  await tell('written and on disk', () => pair.write(all, 'x'))
  await pair.open('bo')
  await tell('another peer gets all of it from a bundle', async () => {
    const bundle = new Uint8Array(
      await pair.during(new Response(pair.peer('ada').backup({ withKeys: true })).arrayBuffer()),
    )
    pair.peer('bo').pause()
    await pair.during(pair.peer('bo').restore(bundle))
  })
  await pair.close()
  await tell('both opened again', async () => {
    world.hub.partition([['ada'], ['bo']])
    await pair.open('ada')
    await pair.open('bo')
    // What they do beside.
    await world.run(AFTER_MS)
  })
  await tell('met, nothing changed', () => meet(pair), pair)
  await pair.part()
  await tell('met again, nothing changed', () => meet(pair), pair)
  await tell('one edit, stored by the other', () => edit(pair, [0], 'y'), pair)
  await pair.part()
  await pair.write(ten, 'z')
  await tell('met again, ten differ', () => meet(pair), pair)
  await tell(`${LOOKS} edits and looks at the status`, () => look(pair), pair)
  await pair.close()
}

async function meet(pair: Pair): Promise<void> {
  pair.world.hub.heal()
  await over(pair)
}

async function over(pair: Pair): Promise<void> {
  await pair.world.until(() => pair.isOver)
  await pair.world.run(AFTER_MS)
}

async function edit(pair: Pair, documents: readonly number[], title: string): Promise<void> {
  await pair.write(documents, title)
  await over(pair)
}

async function look(pair: Pair): Promise<void> {
  const note = await pair.during(pair.space('ada').open<Note>('note/1'))
  for (let i = 0; i < LOOKS; i++) {
    note.change((draft) => {
      draft.title = String(i)
    })
    if (pair.space('ada').status.current.saved) throw new Error('a status that is older than what is known')
  }
  note.close()
  await over(pair)
}

/** What something takes of a processor; and what is said in sessions meanwhile, both ways. */
async function tell(what: string, act: () => Promise<void>, pair?: Pair): Promise<void> {
  const bytes = pair?.bytes ?? 0
  const cpu = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(cpu)
  const ms = (user + system) / 1000
  const said = pair === undefined ? '' : `, ${pair.bytes - bytes} B`
  console.log(`  ${what}: ${ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`}${said}`)
}
