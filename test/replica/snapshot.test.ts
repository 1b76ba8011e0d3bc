// Snapshots in columns: what goes in comes out, equal ops give equal bytes, and recorded traces keep their sizes.

import { describe, expect, it } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { seededRandom } from '../../src/base/random.ts'
import { actorId } from '../../src/core/ids.ts'
import { Kind } from '../../src/core/kinds.ts'
import type { DocState, HeadState } from '../../src/crdt/engine/state-form.ts'
import { Canon } from '../../src/replica/snapshot-canon.ts'
import type { SnapshotSource } from '../../src/replica/snapshot-encode.ts'
import { encodeSnapshot } from '../../src/replica/snapshot-encode.ts'
import { openSnapshot } from '../../src/replica/snapshot-open.ts'
import { walkBranch } from '../../src/replica/snapshot-walk.ts'
import { hasData } from '../setup/data.ts'
import { randomWorld, redelivered } from './snapshot-random.ts'
import { deflate, inflate, readTrace, replay, typed, World } from './snapshot-world.ts'

/** All of a log, op by op under names that every replica knows. */
function told({ actors, graph, log }: Pick<SnapshotSource, 'actors' | 'graph' | 'log'>, content = true): string[] {
  const name = (lv: number): string => (lv < 0 ? '-' : `${actors.nameOf(graph.branchAt(lv))}:${graph.seqAt(lv)}`)
  const out: string[] = []
  log.thaw()
  const canon = Canon.of(graph, actors)
  for (const index of canon.branches.keys())
    walkBranch(canon, log, index, ({ lv, kind, ref, a, b, units, isVoid }) => {
      for (let i = 0; i < units; i++) {
        const isPlaced = kind === Kind.type || kind === Kind.insert
        const place = kind === Kind.eraseBack ? a - i : isPlaced ? a + i : a
        const at = isPlaced || kind === Kind.append ? b + i : b
        const key = kind === Kind.set || kind === Kind.make || kind === Kind.unset ? log.keys[a] : ''
        const plain = kind === Kind.add ? (a === 1 ? log.values[b] : b) : kind === Kind.make ? b : ''
        const value = kind === Kind.type ? log.units.data[at] : log.values[at]
        const hasValue =
          kind !== Kind.add &&
          kind !== Kind.make &&
          kind !== Kind.unset &&
          kind !== Kind.erase &&
          kind !== Kind.eraseBack
        const targets = kind === Kind.revoke ? spanNames(value as Int32Array, name) : undefined
        out.push(
          [
            name(lv + i),
            kind === Kind.eraseBack ? Kind.erase : kind,
            name(log.makerOf(ref)),
            kind >= Kind.set && kind < Kind.revoke ? '' : place,
            key,
            String(plain),
            content && hasValue ? (targets ?? show(value)) : '',
            isVoid,
            log.changeEnds.get(lv + i),
            graph.lamportAt(lv + i),
            graph
              .parentsAt(lv + i)
              .map(name)
              .sort()
              .join(),
          ].join(' '),
        )
      }
    })
  return out.sort()
}

function spanNames(targets: Int32Array, name: (lv: number) => string): string {
  const out: string[] = []
  for (let i = 0; i < targets.length; i += 2)
    for (let lv = targets[i] as number; lv < (targets[i + 1] as number); lv++) out.push(name(lv))
  return out.sort().join()
}

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'bigint' ? `${part}n` : part instanceof Uint8Array ? `bytes ${part}` : part,
    ) ?? 'undefined'
  )
}

describe('a snapshot of random histories', () => {
  const seeds = Array.from({ length: 60 }, (_, i) => Number(process.env.SEED ?? 1) + i)

  it('opens as what was written: graph, ops, content, change ends and state', () => {
    for (const seed of seeds) {
      const source = randomWorld(seededRandom(seed), 40).source()
      const opened = openSnapshot(encodeSnapshot(source, { deflate }), { inflate, replay })
      expect(opened.graph.length, `seed ${seed}`).toBe(source.graph.length)
      expect(told(opened), `seed ${seed}`).toEqual(told(source))
      const again = encodeSnapshot({ ...opened, orders: replay(opened.graph, opened.log, opened.actors) })
      expect(again, `seed ${seed}`).toEqual(encodeSnapshot(source))
    }
  })

  it('has the same bytes whatever the order and batching the ops arrived in (Invariant 6)', () => {
    for (const seed of seeds) {
      const random = seededRandom(seed)
      const world = randomWorld(random, 40)
      const bytes = encodeSnapshot(world.source())
      const other = redelivered(world, random)
      expect(told(other.source()), `seed ${seed}`).toEqual(told(world.source()))
      expect(encodeSnapshot(other.source()), `seed ${seed}`).toEqual(bytes)
    }
  })

  it('without hidden content keeps the ops, their names and what shows', () => {
    for (const seed of seeds.slice(0, 20)) {
      const source = randomWorld(seededRandom(seed), 40).source()
      const bytes = encodeSnapshot(source, { live: true })
      const opened = openSnapshot(bytes, { replay })
      expect(opened.isLive).toBe(true)
      const kept = told(opened, false)
      const all = told(source, false)
      const name = (line: string): string => line.slice(0, line.indexOf(' '))
      expect(kept.map(name), `seed ${seed}`).toEqual(all.map(name))
      const isForgotten = (line: string): boolean => line.split(' ')[1] === String(Kind.unknown)
      const known = new Set(all)
      expect(
        kept.filter((line) => !known.has(line) && !isForgotten(line)),
        `seed ${seed}`,
      ).toEqual([])
      const again = { ...opened, orders: replay(opened.graph, opened.log, opened.actors) }
      expect(encodeSnapshot(again, { live: true }), `seed ${seed}`).toEqual(bytes)
    }
  })
})

it('keys that were set again and again cost, without what was overwritten, about what they hold', () => {
  const random = seededRandom(1)
  const int = (below: number): number => Math.floor(random.unit() * below)
  const world = new World()
  const writer = world.actors.indexOf(actorId(Uint8Array.of(1)))
  let last: number | undefined
  for (let i = 0; i < 20_000; i++)
    last = world.change(writer, last === undefined ? [] : [last], (log) =>
      log.push(Kind.set, 0, log.keyId(`key${int(2000)}`), log.values.push(int(2 ** 31)) - 1, 1, false),
    )
  const { actors, graph, log } = world
  const newest = new Map<string, HeadState>()
  for (let lv = 0; lv < log.length; lv++)
    newest.set(present(log.keys[log.aOf(lv)], 'a key'), { lv, kind: 'set', value: log.values[log.bOf(lv)] as number })
  const byLv = ([, a]: [string, HeadState], [, b]: [string, HeadState]): number => a.lv - b.lv
  const entries = [...newest].sort(byLv).map(([key, head]) => ({ key, heads: [head] }))
  const state: DocState = { containers: [{ place: { in: 'root' }, makers: [], content: { type: 'map', entries } }] }
  const bytes = encodeSnapshot({ actors, graph, log, orders: [], state }, { deflate, live: true })
  expect(bytes.length).toBeLessThanOrEqual(18_000)
  const opened = openSnapshot(bytes, { inflate, replay })
  expect(opened.state).toEqual(state)
  opened.log.thaw()
  expect(encodeSnapshot({ ...opened, orders: [] }, { deflate, live: true })).toEqual(bytes)
})

describe('a log that was opened', () => {
  it('takes new ops before its history is there, and has all of them after (Invariant 10)', () => {
    const world = new World()
    const writer = world.actors.indexOf(actorId(Uint8Array.of(1)))
    const made = world.change(writer, [], (log) => log.push(Kind.make, 0, log.keyId('t'), 2, 1, false))
    world.change(writer, [made], (log) => log.push(Kind.type, log.refTo(made), 0, log.units.push('hello'), 5, false))
    const source = world.source()
    const { graph, log, actors, contexts, state } = openSnapshot(encodeSnapshot(source), { replay })
    expect(contexts.get(0)).toEqual({ kind: Kind.type, container: 0, next: 5, time: undefined })
    log.push(Kind.type, log.refTo(0), 5, log.units.push('!?'), 2, true)
    log.endChange(2)
    graph.append(0, 2, [5])
    expect([log.isWhole, log.count, log.rowAt(6)]).toEqual([false, 1, 0])
    expect(log.kindOf(log.rowAt(0))).toBe(Kind.make)
    expect([log.isWhole, log.count, log.length, log.rowAt(7)]).toEqual([true, 3, 8, 2])
    const texts = [1, 2].map((row) => log.units.slice(log.bOf(row), log.bOf(row) + log.endOf(row) - log.startOf(row)))
    expect(texts).toEqual(['hello', '!?'])
    const text = { ...present(state.containers[1], 'the text'), content: { type: 'text' as const, text: 'hello!?' } }
    const later = {
      actors,
      graph,
      log,
      orders: replay(graph, log, actors),
      state: { containers: [present(state.containers[0], 'the root'), text] },
    }
    world.change(writer, [5], (its) => its.push(Kind.type, its.refTo(made), 5, its.units.push('!?'), 2, true))
    expect(encodeSnapshot(later)).toEqual(encodeSnapshot(world.source()))
  })

  it('keeps its history when a change that needed it is forgotten', () => {
    const world = randomWorld(seededRandom(3), 30)
    const source = world.source()
    const { graph, log, actors } = openSnapshot(encodeSnapshot(source), { replay })
    const [start, units, values] = [log.length, log.units.length, log.values.length]
    log.push(Kind.set, 0, log.keyId('a'), log.values.push('x') - 1, 1, false)
    log.thaw()
    log.truncate(start, units, values)
    expect(told({ graph, log, actors })).toEqual(told(source))
  })
})

describe.skipIf(!hasData('traces'))('recorded typing', () => {
  it.each([
    ['sequential/automerge-paper', 76_300, 48_700],
    ['concurrent/friendsforever', 24_700, 24_700],
    ['concurrent/node_nodecc', 267_000, 267_000],
  ])('%s keeps its size, and comes back unit by unit', { timeout: 60_000 }, (name, fullMax, liveMax) => {
    const trace = readTrace(name)
    const source = typed(trace).source()
    const texts = source.state.containers.map(({ content }) => (content.type === 'text' ? content.text : ''))
    expect(texts.join('') === trace.endContent).toBe(true)
    const full = encodeSnapshot(source, { deflate })
    const live = encodeSnapshot(source, { deflate, live: true })
    const plain = encodeSnapshot(source)
    expect(full.length, 'full').toBeLessThanOrEqual(fullMax)
    expect(live.length, 'live').toBeLessThanOrEqual(liveMax)
    const opened = openSnapshot(full, { inflate, replay })
    const again = encodeSnapshot({ ...opened, orders: replay(opened.graph, opened.log, opened.actors) })
    expect(Buffer.compare(again, plain)).toBe(0)
    expect(unitsOf(opened) === unitsOf(source)).toBe(true)
    process.stdout.write(`${name}: ${full.length} B, live ${live.length} B, not compressed ${plain.length} B\n`)
  })

  function unitsOf({ graph, log, actors }: Pick<SnapshotSource, 'graph' | 'log' | 'actors'>): string {
    const parts: string[] = []
    const canon = Canon.of(graph, actors)
    for (const index of canon.branches.keys())
      walkBranch(canon, log, index, ({ kind, b, units }) => {
        if (kind === Kind.type) parts.push(log.units.slice(b, b + units))
      })
    return parts.join('')
  }
})
