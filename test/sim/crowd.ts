// `npm run sim:crowd`: what a crowd costs each who is in it. A thousand peers with some neighbours each, over a simulated network; replicas, journals, sync and
// sessions are the real ones. Who is whose neighbour is drawn, since a full mesh of a thousand is nobody's network.
//
//   npm run sim:crowd -- --peers 1000 --neighbours 8 --seconds 10
//
//   typing   one types 10 edits a second. Payload is what carries edits, once; control is all that sessions say besides.
//   heal     half is cut from half, both write on, then the cut heals: how many copies of what it lacked does each receive?

import { parseArgs } from 'node:util'
import { docTag, type SpaceKeys, spaceKeys } from '../../src/auth/keys.ts'
import { present } from '../../src/base/assert.ts'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { memberActor } from '../../src/core/ids.ts'
import { type MemoryHub, memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { Network } from '../../src/net/network.ts'
import { Document } from '../../src/peer/document.ts'
import { Replicator } from '../../src/peer/replicator.ts'
import type { ReplicatorHost } from '../../src/peer/replicator-host.ts'
import { initiate, respond, type SessionContext, SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { Writer } from '../../src/peer/writer.ts'
import { Replica } from '../../src/replica/replica.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { Dice } from '../../src/testing/dice.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { simulatedDevice, simulatedSealer, simulatedSigning } from '../../src/testing/simulated-crypto.ts'
import { turn } from '../../src/testing/turns.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '1000' },
    neighbours: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
})
const peers = Number(values.peers)
const neighbours = Number(values.neighbours)
const seconds = Number(values.seconds)
const name = { name: 'plan', generation: 0 }

class Node {
  readonly network: Network
  readonly document: Document
  /** Ops that others sent it when it asked. */
  served = 0
  /** Bytes of the edits that it published, sealed. */
  published = 0
  readonly #keys: SpaceKeys
  readonly #context: SessionContext
  readonly #replicator: Replicator
  readonly #writer: Writer
  readonly #incarnation: Uint8Array

  private constructor(crowd: Crowd, network: Network, store: Awaited<ReturnType<ReturnType<typeof memoryStore>>>) {
    const { clock, keys } = crowd
    const random = new Dice(crowd.dice.seed())
    const publicKey = random.bytes(32)
    const device = simulatedDevice(publicKey)
    const actor = memberActor(publicKey, 0)
    const tag = docTag(keys.nameKey, name.name, name.generation)
    this.#keys = keys
    this.network = network
    this.#incarnation = random.bytes(16)
    this.document = new Document(name, tag, toHex(keys.spaceId), {
      makeReplica: () => new Replica({ docTag: tag, actor, now: () => clock.now(), random }),
      touched: () => {},
    })
    this.#context = {
      clock,
      random,
      sealer: simulatedSealer,
      signing: simulatedSigning(random),
      device,
      node: network.id,
    }
    this.#writer = new Writer({
      store,
      device,
      clock,
      onDurable: (document, own) => this.#replicator.durable(document, own),
      onError: (error) => {
        throw error
      },
    })
    this.#replicator = new Replicator({
      host: this.#host(),
      network,
      clock,
      random,
      sealer: simulatedSealer,
      signing: simulatedSigning(random),
      trace: (event, ...details) => this.#note(crowd, event, details),
    })
    network.handle(SYNC_PROTOCOL, async (stream) => {
      const found = await respond(stream, [{ keys }], this.#context, async () => this.#introduction)
      if (found !== undefined) await this.#replicator.serve(found.session, 'neighbour')
    })
  }

  static async join(crowd: Crowd, id: string): Promise<Node> {
    const store = await memoryStore(memoryDisk({ random: crowd.dice }))(id)
    return new Node(crowd, await memoryNetwork(crowd.hub, { id })({ shelf: store }), store)
  }

  async meet(other: Node): Promise<void> {
    await this.network.dial([`memory:${other.network.id}`])
    const stream = await this.network.open(other.network.id, SYNC_PROTOCOL)
    const session = await initiate(stream, this.#keys, this.#context, this.#introduction)
    void this.#replicator.serve(present(session, 'both know the space'), 'neighbour')
  }

  /** Types one character, as somebody does who goes on where they were. */
  type(): void {
    const { document } = this
    document.change((draft: Record<string, string>) => {
      draft.typed = `${`${draft.typed ?? ''}`.slice(-20)}x`
    }, undefined)
    this.#writer.add(document, this.#keys.spaceId, { actor: document.replica.actor })
  }

  get ops(): number {
    return this.document.replica.history.graph.length
  }

  get #introduction() {
    return { name: this.network.id, incarnation: this.#incarnation, durable: true, book: 0 }
  }

  #host(): ReplicatorHost {
    const { document } = this
    const documentsByKey = new Map([[`${name.generation}\0${name.name}`, document]])
    return {
      keys: this.#keys,
      documentsByKey,
      admit: () => document,
      wake: async () => {},
      admissible: () => true,
      receive: (_, ranges, { source }) => {
        const before = this.ops
        const { held } = document.receive(ranges, 'gossip', source)
        if (held.length > 0) this.#writer.add(document, this.#keys.spaceId, { received: held })
        return this.ops - before
      },
      heardBeat: async () => 'ignore',
      heardNews: async () => {},
      heardOwn: () => {},
      touched: () => {},
      failed: (error) => {
        throw error
      },
      agreed: () => {},
    }
  }

  #note(crowd: Crowd, event: string, details: readonly unknown[]): void {
    if (event === 'gossip' && details[0] === 'sent') this.published += Number(details[2])
    if (event === 'sync' && details[1] === 'serve') crowd.noteServed(String(details[0]), Number(details[3]))
  }

  /** 'peer:…', as others call it in their traces. */
  get id(): string {
    return `peer:${toHex(this.#context.device.publicKey).slice(0, 16)}`
  }
}

class Crowd {
  readonly clock = new ManualClock()
  readonly dice = new Dice(Number(values.seed))
  readonly hub: MemoryHub = memoryHub({ clock: this.clock, delayMs: 20, random: this.dice })
  readonly keys = spaceKeys({ genesis: this.dice.bytes(70), secret: this.dice.bytes(32) })
  readonly nodes: Node[] = []
  readonly pairs: (readonly [Node, Node])[] = []
  events = 0
  readonly #byId = new Map<string, Node>()

  async gather(): Promise<void> {
    for (let i = 0; i < peers; i++) {
      const node = await this.during(Node.join(this, `n${i}`))
      this.nodes.push(node)
      this.#byId.set(node.id, node)
    }
    // A ring, so that all are reached, and others drawn: each has about `neighbours`.
    for (const [i, node] of this.nodes.entries())
      for (let k = 0; k < neighbours / 2; k++) {
        const other = k === 0 ? this.nodes[(i + 1) % peers] : this.dice.pick(this.nodes)
        const pair = [node, present(other, 'one of the nodes')] as const
        if (pair[1] !== node && !this.pairs.some(([a, b]) => pair.includes(a) && pair.includes(b)))
          this.pairs.push(pair)
      }
    await this.connect(this.pairs)
  }

  async connect(pairs: Crowd['pairs']): Promise<void> {
    const meeting = Promise.all(pairs.map(([a, b]) => a.meet(b)))
    await this.during(meeting)
    await this.run(5_000)
  }

  async until(done: () => boolean): Promise<number> {
    const startMs = this.clock.now()
    while (!done()) {
      if (this.clock.now() - startMs > 300_000) throw new Error('the crowd does not come to rest')
      await this.run(100)
    }
    return this.clock.now() - startMs
  }

  run(ms: number): Promise<void> {
    return this.clock.advance(ms, () => {
      this.events++
      return turn()
    })
  }

  async during<T>(promise: Promise<T>): Promise<T> {
    let over = false
    const ended = promise.finally(() => {
      over = true
    })
    ended.catch(() => {})
    await turn()
    while (!over) await this.run(1)
    return ended
  }

  get isAgreed(): boolean {
    const first = present(this.nodes[0], 'there is a node').document.digest
    return this.nodes.every(({ document }) => equalBytes(document.digest, first))
  }

  noteServed(id: string, ops: number): void {
    present(this.#byId.get(id), 'who is served is one of us').served += ops
  }

  get counters(): { readonly stream: number; readonly gossip: number } {
    let [stream, gossip] = [0, 0]
    for (const { network } of this.nodes) {
      const { counters } = network as Network & { counters: { streamReceived: number; gossipReceived: number } }
      stream += counters.streamReceived
      gossip += counters.gossipReceived
    }
    return { stream, gossip }
  }
}

const started = performance.now()
const crowd = new Crowd()
await crowd.gather()
console.log(`${peers} peers, ${((2 * crowd.pairs.length) / peers).toFixed(1)} neighbours each; gathered in ${took()}`)
const isFine = [await typing(), await heal()].every(Boolean)
console.log(`${crowd.events} events, ${took()}`)
process.exit(isFine ? 0 : 1)

/** 10 edits a second by one. */
async function typing(): Promise<boolean> {
  const typist = present(crowd.nodes[0], 'there is a typist')
  const before = crowd.counters
  for (let i = 0; i < 10 * seconds; i++) {
    typist.type()
    await crowd.run(100)
  }
  const restMs = await crowd.until(() => crowd.isAgreed)
  await crowd.run(1_000)
  const payload = typist.published
  const control = (crowd.counters.stream - before.stream) / peers
  const copies = (crowd.counters.gossip - before.gossip) / peers / payload
  console.log(
    `typing: ${10 * seconds} edits in ${seconds} s; all hold the last ${restMs} ms after it; each peer receives`,
  )
  console.log(
    `  payload ${payload} bytes (a flood brings ${copies.toFixed(1)} copies), control ${Math.round(control)} bytes: ${(control / payload).toFixed(2)} of its payload (at most 1)`,
  )
  return control <= payload
}

/** Half against half. */
async function heal(): Promise<boolean> {
  const half = crowd.nodes.length >> 1
  const ids = crowd.nodes.map(({ network }) => network.id)
  crowd.hub.partition([ids.slice(0, half), ids.slice(half)])
  const before = present(crowd.nodes[0], 'there is a node').ops
  for (let i = 0; i < 50; i++) {
    present(crowd.nodes[0], 'there is a node').type()
    present(crowd.nodes[half], 'there is another').type()
    await crowd.run(100)
  }
  await crowd.run(10_000)
  const lacking = crowd.nodes.map(({ ops }) => before + 100 - ops)
  for (const node of crowd.nodes) node.served = 0
  crowd.hub.heal()
  const apart = crowd.pairs.filter(([a, b]) => ids.indexOf(a.network.id) < half !== ids.indexOf(b.network.id) < half)
  const startMs = crowd.clock.now()
  await crowd.during(Promise.all(apart.map(([a, b]) => a.meet(b))))
  await crowd.until(() => crowd.isAgreed)
  const restMs = crowd.clock.now() - startMs
  await crowd.run(5_000)
  const copies = crowd.nodes.map(({ served }, i) => served / (lacking[i] ?? 1))
  const mean = copies.reduce((sum, each) => sum + each, 0) / copies.length
  console.log(
    `heal: ${half} against ${peers - half}, over ${apart.length} connections; all are alike after ${restMs} ms`,
  )
  console.log(
    `  copies received of each missing op: ${mean.toFixed(2)} on average (at most 1.5), ${Math.max(...copies).toFixed(2)} at most`,
  )
  return mean <= 1.5
}

function took(): string {
  return `${((performance.now() - started) / 1000).toFixed(0)} s`
}
