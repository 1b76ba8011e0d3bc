// Maps, lists of objects, counters and moves: many small edits, each with a delta of its own, and another document that takes them.

import {
  defaultLimitMs,
  ensureEqual,
  loadedMegabytes,
  type Measurement,
  type Outcome,
  type Task,
  timeMs,
  type Unit,
} from '../measurement.ts'
import type { PeerDoc, Todo } from '../peer.ts'
import { dice, randomSets } from '../workload.ts'
import { averageBytes, documentOf } from './b1.ts'

const longMs = 2 * defaultLimitMs

interface Work {
  readonly id: string
  /** Not timed, with a delta of its own. */
  begin?(doc: PeerDoc): void
  prepare(): (doc: PeerDoc) => void
  read(doc: PeerDoc): unknown
}

const map100k: Work = {
  id: 'map100k',
  prepare: () => {
    const sets = randomSets(100_000, 10_000, dice(1))
    return (doc) => {
      for (const [key, value] of sets) doc.setMap(key, value)
    }
  },
  read: (doc) => Object.entries(doc.map()).sort(([a], [b]) => (a < b ? -1 : 1)),
}

const todos = 10_000
const todo: Work = {
  id: 'todo',
  prepare: () => {
    const { int, word } = dice(1)
    const made = Array.from({ length: todos }, (): Todo => ({ title: word(), done: false, due: int(1e9) }))
    const changed = Array.from({ length: 30_000 }, () => int(todos))
    return (doc) => {
      for (const one of made) doc.pushTodo(one)
      for (const [i, index] of changed.entries()) {
        if (i % 3 === 0) doc.setTodo(index, 'title', `task ${i}`)
        else if (i % 3 === 1) doc.setTodo(index, 'done', true)
        else doc.setTodo(index, 'due', i)
      }
    }
  },
  read: (doc) => {
    // Each property is read: engines that hand out lazy objects must look inside.
    const list = doc.list() as readonly Todo[]
    return list.map(({ title, done, due }) => [title, done, due])
  },
}

const counter50k: Work = {
  id: 'counter50k',
  prepare: () => {
    const { int } = dice(1)
    const steps = Array.from({ length: 50_000 }, () => int(9) + 1)
    return (doc) => {
      for (const by of steps) doc.add(by)
    }
  },
  read: (doc) => doc.counter(),
}

const moves = 10_000
const listMove: Work = {
  id: 'list-move',
  begin: (doc) => doc.fillMovable(moves),
  prepare: () => {
    const { int } = dice(1)
    const steps = Array.from({ length: moves }, () => [int(moves), int(moves)] as const)
    return (doc) => {
      for (const [from, to] of steps) doc.move(from, to)
    }
  },
  read: (doc) => doc.movable(),
}

export const collections: readonly Measurement[] = [map100k, todo, counter50k, listMove].flatMap((work) => [
  {
    id: `${work.id}/edit`,
    rows: { ...rows(work.id, ['local', 'remote', 'encode'], 'ms'), ...rows(work.id, ['delta-bytes', 'bytes'], 'B') },
    limitMs: longMs,
    run: (task) => edit(work, task),
  },
  {
    id: `${work.id}/open`,
    rows: rows(work.id, ['load'], 'ms'),
    needs: `${work.id}/edit`,
    limitMs: defaultLimitMs,
    run: (task) => open(work, task),
  },
  {
    id: `${work.id}/hold`,
    rows: rows(work.id, ['memory'], 'MB'),
    needs: `${work.id}/edit`,
    limitMs: defaultLimitMs,
    run: async ({ peer, fixture }) => ({
      rows: { [`${work.id}/memory`]: await loadedMegabytes(peer, () => documentOf(fixture), work.read) },
    }),
  },
])

function rows(id: string, names: readonly string[], unit: Unit): Record<string, Unit> {
  return Object.fromEntries(names.map((name) => [`${id}/${name}`, unit]))
}

function edit({ id, begin, prepare, read }: Work, { peer }: Task): Outcome {
  const editAll = prepare()
  const deltas: Uint8Array[] = []
  const doc1 = peer.create({ actor: 1, onDelta: (delta) => deltas.push(delta) })
  const doc2 = peer.create({ actor: 2 })
  begin?.(doc1)
  for (const delta of deltas.splice(0)) doc2.receive(delta)

  const localMs = timeMs(() => editAll(doc1))
  let value: unknown
  const remoteMs = timeMs(() => {
    for (const delta of deltas) doc2.receive(delta)
    value = read(doc2)
  })
  ensureEqual(value, read(doc1), 'the other document')
  let document = new Uint8Array()
  const encodeMs = timeMs(() => {
    document = Uint8Array.from(doc1.save())
  })
  return {
    rows: {
      [`${id}/local`]: localMs,
      [`${id}/remote`]: remoteMs,
      [`${id}/encode`]: encodeMs,
      [`${id}/delta-bytes`]: averageBytes(deltas),
      [`${id}/bytes`]: document.length,
    },
    fixture: { document, value },
  }
}

function open({ id, read }: Work, { peer, fixture }: Task): Outcome {
  const document = documentOf(fixture)
  let value: unknown
  const loadMs = timeMs(() => {
    value = read(peer.load(document, { actor: 3 }))
  })
  ensureEqual(value, fixture.value, 'the loaded document')
  return { rows: { [`${id}/load`]: loadMs } }
}
