// Texts that several people typed at once: made with one replica an agent, then taken delta by delta, and all at once.

import {
  defaultLimitMs,
  ensureEqual,
  type Fixture,
  type Measurement,
  type Outcome,
  orMissing,
  type Task,
  timeMs,
} from '../measurement.ts'
import { concurrent } from '../traces.ts'
import { typeInto } from '../workload.ts'
import { documentOf } from './b1.ts'

const longMs = 5 * defaultLimitMs

interface Trace {
  /** In friendsforever nobody inserts where another does at the same time; node_nodecc's end depends on the order of ties. */
  readonly isEndKnown: boolean
  /** 204 replicas take minutes to build. */
  readonly isOnce: boolean
}

const traces: Readonly<Record<string, Trace>> = {
  friendsforever: { isEndKnown: true, isOnce: false },
  node_nodecc: { isEndKnown: false, isOnce: true },
}

export const concurrentTraces: readonly Measurement[] = Object.entries(traces).flatMap(([name, { isOnce }]) => [
  {
    id: `${name}/make`,
    rows: { [`${name}/build`]: 'ms', [`${name}/delta-bytes`]: 'B', [`${name}/bytes`]: 'B' },
    limitMs: isOnce ? longMs : defaultLimitMs,
    isOnce,
    run: (task) => build(name, task),
  },
  taking(name, 'stream', ({ peer, fixture }) => {
    const doc = peer.create({ actor: 0 })
    for (const delta of deltasOf(fixture)) doc.receive(delta)
    return doc.text()
  }),
  taking(name, 'merge', ({ peer, fixture }) => {
    const doc = peer.create({ actor: 0 })
    if (fixture.everything instanceof Uint8Array) doc.receiveSince(fixture.everything)
    else doc.receiveAll(deltasOf(fixture))
    return doc.text()
  }),
  taking(name, 'load', ({ peer, fixture }) => peer.load(documentOf(fixture), { actor: 0 }).text()),
])

function build(name: string, { peer }: Task): Outcome {
  const { agents, turns, end } = concurrent(name)
  const deltas: Uint8Array[] = []
  const onDelta = (delta: Uint8Array): void => {
    deltas.push(delta)
  }
  const docs = Array.from({ length: agents }, (_, agent) => peer.create({ actor: agent + 1, onDelta }))
  const buildMs = timeMs(() => {
    for (const [at, { agent, lacks, patches }] of turns.entries()) {
      const doc = docs[agent]
      if (doc === undefined) throw new RangeError(`there is no agent ${agent}`)
      if (lacks.length > 0) doc.receiveAll(lacks.map((turn) => deltaAt(deltas, turn)))
      doc.transact(() => typeInto(doc, patches))
      // A turn that changes nothing has nothing to tell; the others are counted on.
      if (deltas.length === at) deltas.push(new Uint8Array())
    }
  })

  const whole = peer.create({ actor: agents + 1 })
  whole.receiveAll(deltas.filter(({ length }) => length > 0))
  const text = whole.text()
  if (traces[name]?.isEndKnown) ensureEqual(text, end, 'the text')
  const document = Uint8Array.from(whole.save())
  return {
    rows: {
      [`${name}/build`]: buildMs,
      [`${name}/delta-bytes`]: deltas.reduce((sum, { length }) => sum + length, 0) / deltas.length,
      [`${name}/bytes`]: document.length,
    },
    fixture: { document, deltas, everything: orMissing(() => whole.since()), text },
  }
}

function taking(name: string, what: string, take: (task: Task) => string): Measurement {
  return {
    id: `${name}/${what}`,
    rows: { [`${name}/${what}`]: 'ms' },
    needs: `${name}/make`,
    limitMs: defaultLimitMs,
    run: (task) => {
      let text = ''
      const ms = timeMs(() => {
        text = take(task)
      })
      ensureEqual(text, task.fixture.text, 'the text')
      return { rows: { [`${name}/${what}`]: ms } }
    },
  }
}

function deltaAt(deltas: readonly Uint8Array[], turn: number): Uint8Array {
  const delta = deltas[turn]
  if (delta === undefined) throw new RangeError(`turn ${turn} has no delta`)
  return delta
}

function deltasOf({ deltas }: Fixture): Uint8Array[] {
  if (!Array.isArray(deltas)) throw new Error('no deltas were made before')
  return deltas.filter((delta) => delta instanceof Uint8Array && delta.length > 0)
}
