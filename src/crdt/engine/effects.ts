// What the ops mean: alters states by ops in an order that respects causality (Invariant 3), with the same result in every such order. A remove
// removes only what its author saw. Whether an op counts is decided by its own past: what names a container or a generation its author cannot have
// seen is void, on every peer alike. Nothing here throws for what a peer wrote.

import { limits } from '../../base/limits.ts'
import type { LV, Spans } from '../../core/graph.ts'
import { type ContainerType, Kind, Make } from '../../core/kinds.ts'
import { type Scalar, valueKey } from '../../core/value.ts'
import { type Amount, times } from './amounts.ts'
import { show } from './build.ts'
import { Clearing } from './clearing.ts'
import { type Context, typeOfCode } from './context.ts'
import type { CounterState } from './counter-state.ts'
import type { ListState } from './list-state.ts'
import type { LogState } from './log-state.ts'
import { type Entry, type MapState, Slots } from './map-state.ts'
import type { RegisterState } from './register-state.ts'
import type { SetState } from './set-state.ts'
import type { Container, State } from './state.ts'
import type { TextState } from './text-state.ts'

/** Whether an op does not count for now: revoked. */
export type IsOff = (lv: LV) => boolean

export class Effects {
  readonly clearing: Clearing
  readonly #context: Context
  readonly #isOff: IsOff

  constructor(context: Context, isOff: IsOff) {
    this.#context = context
    this.#isOff = isOff
    this.clearing = new Clearing(context, (counter, spans, each) => this.#addsWithin(counter, spans, each))
  }

  /** Applies ops [from, to) of one row that came from a peer. */
  apply(from: LV, to: LV, unseen: Spans): void {
    const { log } = this.#context
    const first = log.rowAt(from)
    const kind = log.kindOf(first)
    if (log.isVoid(first) || kind === Kind.meta) return
    const container = this.#context.seenContainer(log.refOf(first), from, unseen)
    // Looking for it may have brought rows.
    const row = log.isWhole ? log.rowAt(from) : first
    if (container === undefined || !this.#applyTo(container, row, kind, from, to, unseen)) log.markVoid(from, to)
  }

  /** Ops [from, to) of one row that are off as they come: nothing shows them, but Sequences, and whoever makes another container, must know. */
  applyOff(from: LV, to: LV, unseen: Spans): void {
    const { log } = this.#context
    const row = log.rowAt(from)
    const kind = log.kindOf(row)
    if (log.isVoid(row) || kind === Kind.meta) return
    const container = this.#context.seenContainer(log.refOf(row), from, unseen)
    if (container === undefined || !this.#applyOffTo(container, row, kind, from, to, unseen)) log.markVoid(from, to)
  }

  /** False if the ops are void. */
  #applyOffTo(container: Container, row: number, kind: Kind, from: LV, to: LV, unseen: Spans): boolean {
    switch (kind) {
      case Kind.set:
      case Kind.unset:
        if (container.type !== 'map') return false
        this.clearing.clearOff(container.entries.get(this.#keyOf(row)), from, unseen)
        return true
      case Kind.make:
        return container.type === 'map' && this.#makeOff(container, row, from, unseen)
      case Kind.add: {
        const amount = this.amountOf(row)
        return isCounter(container) && amount !== undefined && (container.type === 'counter' || amount >= 0)
      }
      case Kind.include:
      case Kind.exclude:
        return isSet(container)
      case Kind.append:
        return container.type === 'log'
      case Kind.assign:
        return container.type === 'register'
      default:
        // A Sequence knows that they are off.
        return this.#applyTo(container, row, kind, from, to, unseen)
    }
  }

  #makeOff(map: MapState, row: number, lv: LV, unseen: Spans): boolean {
    const code = this.#context.log.bOf(row)
    const gen = Math.floor(code / 16)
    if (map.depth >= limits.depth || typeOfCode(code) === undefined || gen < 0) return false
    const entry = map.entryFor(this.#keyOf(row))
    if (!(entry.slots ?? new Slots()).allows(gen, unseen)) return false
    this.clearing.clearOff(entry, lv, unseen)
    this.makeOff(lv, unseen)
    return true
  }

  /** False if the ops are void. */
  #applyTo(container: Container, row: number, kind: Kind, from: LV, to: LV, unseen: Spans): boolean {
    const { log } = this.#context
    switch (kind) {
      case Kind.type:
        return container.type === 'text' && this.#sequence(container, from, to, unseen)
      case Kind.insert:
        return container.type === 'list' && this.#insert(container, from, to, unseen)
      case Kind.erase:
      case Kind.eraseBack:
        if (container.type !== 'text' && container.type !== 'list') return false
        return this.#sequence(container, from, to, unseen)
      case Kind.set:
      case Kind.make:
      case Kind.unset:
        return container.type === 'map' && this.#key(container, row, kind, from, unseen)
      case Kind.add: {
        const amount = this.amountOf(row)
        return isCounter(container) && amount !== undefined && this.add(container, amount, to - from)
      }
      case Kind.include:
        return isSet(container) && this.include(container, this.#valueOf(row), from, unseen)
      case Kind.exclude:
        return isSet(container) && this.exclude(container, this.#valueOf(row), from, unseen)
      case Kind.append:
        if (container.type !== 'log') return false
        for (let lv = from; lv < to; lv++)
          this.append(container, lv, log.values[log.bOf(row) + lv - log.startOf(row)] as Scalar)
        return true
      case Kind.assign:
        return container.type === 'register' && this.assign(container, this.#valueOf(row), from, unseen)
      default:
        return false
    }
  }

  // Maps.

  #key(map: MapState, row: number, kind: Kind, lv: LV, unseen: Spans): boolean {
    const { log } = this.#context
    const key = this.#keyOf(row)
    if (kind === Kind.set) this.setEntry(map, map.entryFor(key), this.#valueOf(row), lv, unseen)
    else if (kind === Kind.unset) this.unsetKey(map, key, lv, unseen)
    else {
      const code = log.bOf(row)
      const type = typeOfCode(code)
      return type !== undefined && this.makeKey(map, key, type, Math.floor(code / 16), lv, unseen) !== undefined
    }
    return true
  }

  setEntry(map: MapState, entry: Entry, value: Scalar, lv: LV, unseen: Spans): void {
    const cleared = entry.slots !== undefined && this.clearing.clearEntry(entry, lv, unseen)
    this.#give(map, entry, value, lv, unseen, cleared)
  }

  unsetKey(map: MapState, key: string, lv: LV, unseen: Spans): void {
    const entry = map.entries.get(key)
    if (entry === undefined) return
    const cleared = this.clearing.clearEntry(entry, lv, unseen)
    const changed = this.clearing.put(map, entry, lv, undefined, unseen)
    if (changed || (cleared && entry.lv >= 0)) this.patchKey(map, entry)
  }

  /** The container that shows then or would, undefined if the op is void: too deep, or of a generation its author cannot have known. */
  makeKey(map: MapState, key: string, type: ContainerType, gen: number, lv: LV, unseen: Spans): Container | undefined {
    if (map.depth >= limits.depth || gen < 0) return undefined
    const entry = map.entryFor(key)
    const slots = entry.slots ?? new Slots()
    if (!slots.allows(gen, unseen)) return undefined
    entry.slots = slots
    const cleared = this.clearing.clearEntry(entry, lv, unseen)
    const container = this.#context.slotOf(map, key, slots, type, gen, lv)
    const { makes, gen: genBefore } = slots
    slots.made(lv, gen, unseen)
    this.#context.rollback.push(() => {
      slots.makes = makes
      slots.gen = genBefore
    })
    this.#give(map, entry, container, lv, unseen, cleared)
    return container
  }

  /** A make that is off: its container is there all the same, and its generation counts; it shows nothing and clears nothing. */
  makeOff(lv: LV, unseen: Spans): void {
    const { log } = this.#context
    const map = this.#context.seenContainer(log.refOf(log.rowAt(lv)), lv, unseen)
    const row = log.rowAt(lv)
    const code = log.bOf(row)
    const type = typeOfCode(code)
    if (map?.type !== 'map' || type === undefined) return
    const key = log.keys[log.aOf(row)] as string
    const entry = map.entryFor(key)
    entry.slots ??= new Slots()
    this.#context.slotOf(map, key, entry.slots, type, Math.floor(code / 16), lv)
    entry.slots.made(lv, Math.floor(code / 16), unseen)
  }

  #give(map: MapState, entry: Entry, value: Scalar | Container, lv: LV, unseen: Spans, cleared: boolean): void {
    const changed = this.clearing.put(map, entry, lv, value, unseen)
    if (!entry.busy) {
      entry.busy = true
      map.busy.add(entry)
    }
    if (map.spent) this.#context.grow(map)
    if (changed || cleared) this.patchKey(map, entry)
  }

  patchKey(map: MapState, entry: Entry): void {
    const path = this.#context.patchPath(map)
    if (path === undefined) return
    const at = [...path, entry.key]
    if (entry.value === undefined) this.#context.patches?.push({ type: 'delete', path: at })
    else this.#context.patches?.push({ type: 'set', path: at, value: show(entry.value, this.#context.rollback) })
  }

  // Lists and texts.

  /** Containers that would be too deep are void, one by one; the rest goes in as if they had never been. */
  #insert(list: ListState, from: LV, to: LV, unseen: Spans): boolean {
    const { log } = this.#context
    if (list.depth < limits.depth) {
      this.#sequence(list, from, to, unseen)
      return true
    }
    for (let lv = from; lv < to; lv++) {
      const row = log.rowAt(lv)
      if (log.values[log.bOf(row) + lv - log.startOf(row)] instanceof Make) log.markVoid(lv, lv + 1)
      else this.#sequence(list, lv, lv + 1, unseen)
    }
    return true
  }

  #sequence(container: ListState | TextState, from: LV, to: LV, unseen: Spans): boolean {
    container.sequence.merge(from, to, unseen)
    // What was inserted may be invisible, and is to be cleared all the same.
    if (container.spent) this.#context.grow(container)
    return true
  }

  // Counters, sets, logs and registers.

  /** False if the ops are void. */
  add(counter: CounterState, amount: Amount, count: number): boolean {
    if (counter.type === 'gcounter' && amount < 0) return false
    const by = times(amount, count)
    const { value } = counter
    counter.add(by)
    if (this.#context.rollback.recording)
      this.#context.rollback.push(() => {
        counter.value = value
      })
    this.#changed(counter)
    const path = this.#context.patchPath(counter)
    if (path !== undefined) this.#context.patches?.push({ type: 'increment', path, by, value: counter.value })
    return true
  }

  include(set: SetState, value: Scalar, lv: LV, unseen: Spans): boolean {
    const key = valueKey(value)
    const before = this.#member(set, key)
    set.include(key, value, lv, unseen)
    this.#patchMember(set, key, value, before)
    return true
  }

  exclude(set: SetState, value: Scalar, lv: LV, unseen: Spans): boolean {
    const key = valueKey(value)
    const before = this.#member(set, key)
    set.exclude(key, value, lv, unseen)
    this.#patchMember(set, key, value, before)
    return true
  }

  append(log: LogState, lv: LV, value: Scalar): void {
    const index = log.placeOf(lv, this.#context.isLater)
    log.insert(index, lv, value)
    // What is appended here comes last.
    if (this.#context.rollback.recording) this.#context.rollback.push(() => log.withdraw(1))
    this.#changed(log)
    if (this.#context.patches !== undefined) this.#context.patchItems(log, index, [value])
  }

  assign(register: RegisterState, value: Scalar, lv: LV, unseen: Spans): boolean {
    const { heads } = register
    register.assign(lv, value, unseen, this.#context.isLater)
    this.#context.rollback.push(() => {
      register.heads = heads
    })
    this.#changed(register)
    if (register.heads[0] !== heads[0]) this.#context.patchWhole(register)
    return true
  }

  /** What an add op adds; undefined if it is none. */
  amountOf(row: number): Amount | undefined {
    const { log } = this.#context
    if (log.aOf(row) === 0) return log.bOf(row)
    const amount = log.values[log.bOf(row)]
    return typeof amount === 'bigint' || (typeof amount === 'number' && Number.isSafeInteger(amount))
      ? amount
      : undefined
  }

  #addsWithin(counter: CounterState, spans: Spans, each: (amount: Amount) => void): void {
    const { log } = this.#context
    for (let i = 0; i < spans.length; i += 2)
      for (let lv = spans[i] as LV; lv < (spans[i + 1] as LV); ) {
        const row = log.rowAt(lv)
        const end = Math.min(log.endOf(row), spans[i + 1] as LV)
        const isAdd = log.kindOf(row) === Kind.add && !log.isVoid(row)
        const amount = isAdd ? this.amountOf(row) : undefined
        if (amount !== undefined && this.#context.containerOf(log.refOf(row)) === counter) {
          let count = 0
          for (; lv < end; lv++) if (!this.#isOff(lv)) count++
          each(times(amount, count))
        }
        lv = end
      }
  }

  #member(set: SetState, key: string): boolean {
    const before = set.members.get(key)
    this.#context.rollback.push(() => set.put(key, before))
    return set.has(key)
  }

  #patchMember(set: SetState, key: string, value: Scalar, before: boolean): void {
    const isIn = set.has(key)
    if (set.spent) this.#context.grow(set)
    if (isIn === before) return
    this.#context.touch(set)
    const path = this.#context.patchPath(set)
    const shown = path === undefined ? undefined : show(value, this.#context.rollback)
    if (path !== undefined) this.#context.patches?.push({ type: isIn ? 'add' : 'take', path, value: shown })
  }

  #changed(state: State): void {
    if (state.spent) this.#context.grow(state)
    this.#context.touch(state)
  }

  #keyOf(row: number): string {
    const { log } = this.#context
    return log.keys[log.aOf(row)] as string
  }

  #valueOf(row: number): Scalar {
    return this.#context.log.values[this.#context.log.bOf(row)] as Scalar
  }
}

function isCounter(container: Container): container is CounterState {
  return container.type === 'counter' || container.type === 'gcounter'
}

function isSet(container: Container): container is SetState {
  return container.type === 'set' || container.type === 'rwset'
}
