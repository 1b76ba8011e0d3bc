// Undo, redo and vetoes: what a revoke does to what shows. Texts and lists have their Sequence switch items; all else is small, and made anew from
// the log without what is off. Rare, and so it may cost a walk over the rows of the log.

import { assert } from '../../base/assert.ts'
import { inSpans, type LV, type Spans } from '../../core/graph.ts'
import { Kind } from '../../core/kinds.ts'
import type { OpLog } from '../../core/op-log.ts'
import type { Scalar } from '../../core/value.ts'
import { valueKey } from '../../core/value.ts'
import { behind, type CutAct } from '../cuts.ts'
import type { Plain } from './clearing.ts'
import type { Context } from './context.ts'
import type { Effects } from './effects.ts'
import type { ListState } from './list-state.ts'
import { Entry, type MapState } from './map-state.ts'
import { noteHistory } from './noting.ts'
import { joined, minus, union } from './spans.ts'
import type { Container, State } from './state.ts'
import type { Switches } from './switches.ts'
import type { TextState } from './text-state.ts'
import { UnseenWalk } from './unseen-walk.ts'

type Sequenced = TextState | ListState

/** What must be made anew. */
interface Affected {
  readonly sequences: Set<Sequenced>
  readonly plain: Set<Plain>
  readonly entries: Map<Entry, MapState>
}

/** By key: what is somewhere in its slots, and to be made anew. */
type Under = Map<Entry, (Plain | Entry)[]>

export class Revoking {
  readonly #context: Context
  readonly #effects: Effects
  readonly #switches: Switches
  /** Spans of ops that were switched, in any order, and whose effects are yet to be made anew. */
  #switched: LV[] = []

  constructor(context: Context, effects: Effects, switches: Switches) {
    this.#context = context
    this.#effects = effects
    this.#switches = switches
  }

  /** Takes a revoke. What is not in texts and lists is made anew by settle(), once for many revokes. */
  revoke(lv: LV, level: 1 | 2, targets: ArrayLike<number>, unseen: Spans): void {
    const { revoke, switched } = this.#switches.add(lv, level, targets, unseen)
    const { sequences } = this.#affectedBy(revoke.targets)
    if (level === 1) for (const sequence of sequences) revoke.sequences.add(sequence)
    else
      for (const other of this.#switches.revokedBy(revoke))
        for (const sequence of other.sequences) sequences.add(sequence)
    for (const sequence of sequences) {
      this.#makeExact(sequence, lv)
      sequence.sequence.revoke(lv, level, revoke.targets, unseen)
      if (sequence.spent) this.#context.grow(sequence)
    }
    for (let i = 0; i < switched.length; i++) this.#switched.push(switched[i] as LV)
  }

  /** Brings about what revokes have left to be done: all ops before `end` are applied. Until then things read as they did. */
  settle(end: LV): void {
    if (this.#switched.length === 0) return
    const switched = joined(this.#switched)
    this.#switched = []
    this.#makeAnew(this.#affectedBy(switched), end)
  }

  /** The newest of the document's cuts. */
  cut({ lv, cut }: CutAct): void {
    this.settle(lv)
    const switches = this.#switches
    const before = switches.off
    switches.renew(lv)
    const { off } = switches
    const named = behind(this.#context.graph, cut, lv)
    const affected = this.#affectedBy(union(named, union(minus(off, before), minus(before, off))))
    for (const revoke of switches.revokes)
      if (inSpans(named, revoke.lv))
        for (const one of revoke.level === 1 ? [revoke] : switches.revokedBy(revoke))
          for (const sequence of one.sequences) affected.sequences.add(sequence)
    for (const sequence of affected.sequences) {
      this.#makeExact(sequence, lv)
      sequence.sequence.cut(lv)
      if (sequence.spent) this.#context.grow(sequence)
    }
    this.#makeAnew(affected, lv)
  }

  /** A document that was loaded as it shows is told of the history of its texts and lists, of its counters and of what is off. */
  deepen(end: LV): void {
    const { graph, log } = this.#context
    const sequenceOf = (maker: LV): Sequenced => {
      const container = this.#context.madeAt(maker)
      assert(container?.type === 'text' || container?.type === 'list', `the op ${maker} made a text or list`)
      return container
    }
    const { cuts } = this.#context
    const { sequences, switches } = noteHistory(graph, log, end, cuts, (maker) => sequenceOf(maker).newSequence())
    for (const { maker, sequence } of sequences) sequenceOf(maker).sequence = sequence
    this.#switches.become(switches)
    for (const revoke of this.#switches.revokes)
      if (revoke.level === 1)
        for (const sequence of this.#affectedBy(revoke.targets).sequences) revoke.sequences.add(sequence)
    const plain = new Set<Plain>()
    for (const row of rowsOf(log, end)) {
      const container = log.isVoid(row) ? undefined : this.#containerOf(row)
      // A key that nothing shows at has no entry yet, and may get something again.
      if (container?.type === 'map') container.entryFor(log.keys[log.aOf(row)] as string)
      else if (container !== undefined && 'clears' in container) plain.add(container)
    }
    for (const counter of plain) counter.reset()
    this.#replay({ plain, entries: new Map(), sequences: new Set() }, end)
  }

  /** What ops concern: what they edit, and what those that set or remove a key have cleared. */
  #affectedBy(spans: Spans): Affected {
    const affected: Affected = { sequences: new Set(), plain: new Set(), entries: new Map() }
    const { log } = this.#context
    for (let i = 0; i < spans.length; i += 2)
      for (let lv = spans[i] as LV; lv < (spans[i + 1] as LV); ) {
        log.thaw()
        const row = log.rowAt(lv)
        lv = log.endOf(row)
        const container = log.isVoid(row) ? undefined : this.#containerOf(row)
        if (container === undefined) continue
        if (container.type !== 'map') add(affected, container)
        else addEntry(affected, container.entryFor(log.keys[log.aOf(row)] as string), container)
      }
    return affected
  }

  /** A Sequence that was not told of every clear is told now: its history is noted again, from the log. */
  #makeExact(container: Sequenced, end: LV): void {
    if (!container.skips) return
    const { log, graph } = this.#context
    log.thaw()
    const sequence = container.newSequence()
    const above = entriesAbove(container)
    let count = 0
    for (let row = 0; row < log.count && log.startOf(row) < end; row++) {
      const lv = log.startOf(row)
      const kind = log.kindOf(row)
      if (log.isVoid(row)) continue
      if (kind === Kind.revoke) {
        const revoke = this.#switches.revokeAt(lv)
        if (revoke !== undefined) sequence.noteRevoke(lv, revoke.level, revoke.targets)
      } else {
        const other = this.#containerOf(row)
        if (other === container) {
          sequence.note(lv, Math.min(end, log.endOf(row)))
          count++
        } else if (other?.type === 'map' && count > 0) {
          const entry = other.entries.get(log.keys[log.aOf(row)] as string)
          if (entry !== undefined && above.includes(entry)) sequence.noteClear(lv)
        }
      }
    }
    sequence.loaded(graph.length)
    container.sequence = sequence
    container.skips = false
    container.exact = true
    if (container.spent) this.#context.grow(container)
  }

  // Anew from the log.

  /** By the ops before `end`: those after it, of the same change, are in the log and yet to be applied. */
  #makeAnew({ plain, entries }: Affected, end: LV): void {
    if (plain.size === 0 && entries.size === 0) return
    const readings = [...plain].map((state) => [state, this.#reading(state)] as const)
    const heads = [...entries].map(([entry, map]) => ({ entry, map, lv: entry.lv }))
    for (const state of plain) state.reset()
    for (const entry of entries.keys()) entry.setHeads([], this.#context.isLater)
    this.#replay({ plain, entries, sequences: new Set() }, end)
    for (const state of plain) if (state.spent) this.#context.grow(state)
    const changed: { readonly depth: number; readonly tell: () => void }[] = []
    for (const { entry, map, lv } of heads) {
      this.#revive(map, entry)
      if (entry.lv === lv) continue
      if (entry.lv < 0 || lv < 0) map.forgetKeys()
      this.#context.touch(map)
      changed.push({ depth: map.depth, tell: () => this.#effects.patchKey(map, entry) })
    }
    for (const [state, before] of readings) {
      if (this.#reading(state) === before) continue
      this.#context.touch(state)
      changed.push({ depth: state.depth, tell: () => this.#context.patchWhole(state) })
    }
    // From the outside in: a patch within what another shows again finds it there.
    for (const { tell } of changed.sort((a, b) => a.depth - b.depth)) tell()
  }

  /** Applies to what is affected all that was ever said of it and counts, with what cleared it. */
  #replay(affected: Affected, end: LV): void {
    const { log, isLater } = this.#context
    const { clearing } = this.#effects
    log.thaw()
    const under = underOf(affected)
    const walk = new UnseenWalk(this.#context.graph)
    for (let row = 0; row < log.count && log.startOf(row) < end; row++) {
      const container = log.isVoid(row) ? undefined : this.#containerOf(row)
      if (container === undefined) continue
      if (container.type === 'map') {
        const entry = container.entries.get(log.keys[log.aOf(row)] as string)
        const lv = log.startOf(row)
        if (entry === undefined || this.#switches.isOff(lv)) continue
        for (const inner of under.get(entry) ?? []) {
          if (inner instanceof Entry) inner.put(lv, undefined, walk.unseenAt(lv), isLater)
          else clearing.clearPlain(inner, lv, walk.unseenAt(lv))
        }
        if (affected.entries.has(entry)) entry.put(lv, this.#valueOf(row, container), walk.unseenAt(lv), isLater)
      } else if (isPlain(container) && affected.plain.has(container)) this.#replayRow(container, row, end, walk)
    }
  }

  #replayRow(container: Plain, row: number, end: LV, walk: UnseenWalk): void {
    const { log, isLater } = this.#context
    const { values } = log
    const b = log.bOf(row)
    const start = log.startOf(row)
    for (let lv = start; lv < Math.min(end, log.endOf(row)); lv++) {
      if (this.#switches.isOff(lv)) continue
      if ('add' in container) container.add(this.#effects.amountOf(row) ?? 0)
      else if ('placeOf' in container)
        container.insert(container.placeOf(lv, isLater), lv, values[b + lv - start] as Scalar)
      else {
        const value = values[b] as Scalar
        if ('assign' in container) container.assign(lv, value, walk.unseenAt(lv), isLater)
        else if (log.kindOf(row) === Kind.include) container.include(valueKey(value), value, lv, walk.unseenAt(lv))
        else container.exclude(valueKey(value), value, lv, walk.unseenAt(lv))
      }
    }
  }

  #valueOf(row: number, map: MapState): Entry['value'] {
    const { log } = this.#context
    const kind = log.kindOf(row)
    if (kind === Kind.unset) return undefined
    if (kind === Kind.set) return log.values[log.bOf(row)] as Scalar
    return map.entries.get(log.keys[log.aOf(row)] as string)?.slots?.containers.get(log.bOf(row))
  }

  /** What was made anew may hold something to clear again. */
  #revive(map: MapState, entry: Entry): void {
    if (!entry.busy) {
      entry.busy = true
      map.busy.add(entry)
    }
    if (map.spent) this.#context.grow(map)
  }

  /** What tells one reading from another. */
  #reading(state: Plain): unknown {
    switch (state.type) {
      case 'counter':
      case 'gcounter':
        return state.value
      case 'register':
        return state.heads[0]?.lv
      case 'log':
        return state.lvs.join()
      default:
        return [...state.members.keys()]
          .filter((key) => state.has(key))
          .sort()
          .join('\n')
    }
  }

  #containerOf(row: number): Container | undefined {
    const { log } = this.#context
    const kind = log.kindOf(row)
    if (kind === Kind.meta || kind >= Kind.revoke) return undefined
    return this.#context.containerOf(log.refOf(row))
  }
}

function* rowsOf(log: OpLog, end: LV): Generator<number> {
  log.thaw()
  for (let row = 0; row < log.count && log.startOf(row) < end; row++) yield row
}

function isPlain(container: Container): container is Plain {
  return container.type !== 'map' && container.type !== 'list' && container.type !== 'text'
}

function add(affected: Affected, container: Container): void {
  if (container.type === 'list' || container.type === 'text') affected.sequences.add(container)
  else if (isPlain(container)) affected.plain.add(container)
  else for (const entry of container.entries.values()) addEntry(affected, entry, container)
}

/** A key, and all that hangs under it by slots: as deep as containers go, which is limited. */
function addEntry(affected: Affected, entry: Entry, map: MapState): void {
  affected.entries.set(entry, map)
  for (const container of entry.slots?.containers.values() ?? []) add(affected, container)
}

/** The keys a container hangs under by slots, from the nearest up. */
function entriesAbove(container: State): Entry[] {
  const out: Entry[] = []
  for (let at: State | undefined = container; at?.entry !== undefined; at = at.parent) out.push(at.entry)
  return out
}

function underOf({ plain, entries }: Affected): Under {
  const under: Under = new Map()
  const note = (inner: Plain | Entry, around: State): void => {
    for (const entry of entriesAbove(around)) {
      const known = under.get(entry)
      if (known === undefined) under.set(entry, [inner])
      else known.push(inner)
    }
  }
  for (const state of plain) note(state, state)
  for (const [entry, map] of entries) note(entry, map)
  return under
}
