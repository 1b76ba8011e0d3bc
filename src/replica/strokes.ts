// What comes one edit after the other: a run or a single op that follows its author's newest op, with no link to anybody else's, in a container that is known.
// It is entered with nothing decoded beside the log and nothing to roll back, and if that op is the newest of all, goes straight to its container.
// What it does, the way for all (admission.ts, effects.ts) would do as well.

import { ByteReader } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type LV, noSpans, type Spans } from '../core/graph.ts'
import { Kind, Make } from '../core/kinds.ts'
import { Dot, isInt32, logRowAt, Mode, positionAfter, unzigzag, Where } from '../core/wire.ts'
import { readAmount, readItem, readValue } from '../core/wire-contents.ts'
import type { CounterState } from '../crdt/engine/counter-state.ts'
import type { EngineDocument } from '../crdt/engine/document.ts'
import type { ListState } from '../crdt/engine/list-state.ts'
import type { MapState } from '../crdt/engine/map-state.ts'
import type { TextState } from '../crdt/engine/text-state.ts'
import type { History } from './history.ts'

export class Strokes {
  readonly #history: History
  readonly #document: EngineDocument
  readonly #reader = new ByteReader(new Uint8Array(0))
  /** Whether the author of what is being taken had seen everything; else, what they had not seen. */
  #isAhead = false
  #unseen: Spans = noSpans

  constructor(history: History, document: EngineDocument) {
    this.#history = history
    this.#document = document
  }

  /**
   * Takes the body that goes from `at` to the end of the bytes, the next of its branch; gives how many ops it had. 0, with nothing altered, for all that is
   * something else, and for what is not as it should be: the way for all says why.
   */
  take(branch: number, bytes: Uint8Array, at: number): number {
    const { graph, log } = this.#history
    const head = bytes[at] as number
    const kind = head & 15
    const where = (head >> 4) & 3
    const isRun = head >> 6 === Mode.last
    if ((!isRun && head >> 6 !== Mode.one) || where > Where.other) return 0
    if (graph.mayHaveCuts || this.#history.isStopping || log.length === 0) return 0
    // A self-certifying actor makes one change, and whoever goes on in its name is told so.
    if (this.#history.isInit(branch)) return 0
    this.#isAhead = graph.isAhead(branch)
    const last = this.#isAhead ? log.length - 1 : graph.lvOf(branch, graph.endOf(branch) - 1)
    // What is to be read may be no history: the way for all says so before anything is entered.
    if (last < 0 || (!this.#isAhead && !log.isWhole)) return 0
    const row = logRowAt(log, last)
    const reader = this.#reader
    reader.reset(bytes, at + 1)
    try {
      const count = isRun ? reader.varint(limits.changeOps) : 1
      if ((isRun && count < 2) || count > limits.changeOps || graph.length + count >= limits.seq) return 0
      const ref = where === Where.other ? this.#ref(branch) : log.refOf(row)
      const container = ref < 0 ? undefined : this.#document.containerOf(ref)
      if (container === undefined) return 0
      if (container.type === 'text' || container.type === 'list') {
        let index = 0
        if (where === Where.other) index = reader.varint(limits.seq)
        else {
          index = positionAfter(log.kindOf(row), log.aOf(row), last - log.startOf(row) + 1)
          if (kind === Kind.eraseBack) index--
          if (where === Where.jump) index += unzigzag(reader.varint(4 * limits.seq))
        }
        // Whoever has not seen all may have seen more than there is.
        if (index < 0 || index > (this.#isAhead ? container.length : limits.seq - count)) return 0
        if (kind === Kind.erase || (kind === Kind.eraseBack && count === 1))
          return this.#erase(branch, container, ref, index, count)
        if (container.type === 'text') return kind === Kind.type ? this.#type(branch, container, ref, index, count) : 0
        return kind === Kind.insert && count === 1 ? this.#insert(branch, container, ref, index) : 0
      }
      if (where === Where.jump || isRun) return 0
      if (kind === Kind.set && container.type === 'map') return this.#set(branch, container, ref)
      return kind === Kind.add && container.type === 'counter' ? this.#add(branch, container, ref) : 0
    } catch (error) {
      if (error instanceof JoineryError) return 0
      throw error
    }
  }

  /** The container that is named, if it is the root or its author made it; -1 for all else. */
  #ref(branch: number): number {
    const { graph, log } = this.#history
    const code = this.#reader.varint()
    if (code === 0) return 0
    const isBack = code === 1 + Dot.back
    if (!isBack && code !== 1 + Dot.own) return -1
    const number = this.#reader.varint(limits.seq)
    const maker = graph.lvOf(branch, isBack ? graph.endOf(branch) - 1 - number : number)
    return maker < 0 || this.#document.madeAt(maker) === undefined ? -1 : log.refTo(maker)
  }

  #erase(branch: number, container: TextState | ListState, ref: number, index: number, count: number): number {
    if (!this.#reader.done || (this.#isAhead && index + count > container.length)) return 0
    const lv = this.#enter(branch, Kind.erase, ref, index, 0, count)
    if (this.#mergedFor(lv, count)) return count
    container.remove(index, count)
    container.sequence.local(lv, lv + count)
    return count
  }

  #type(branch: number, text: TextState, ref: number, index: number, count: number): number {
    const { units } = this.#history.log
    const offset = units.length
    if (count > this.#reader.left) return 0
    units.reserve(count)
    // Beyond its length they are nowhere yet.
    this.#reader.units(units.data, offset, count)
    if (!this.#reader.done) return 0
    units.length = offset + count
    const lv = this.#enter(branch, Kind.type, ref, index, offset, count)
    if (this.#mergedFor(lv, count)) return count
    text.put(index, offset, count)
    text.sequence.local(lv, lv + count)
    return count
  }

  #insert(branch: number, list: ListState, ref: number, index: number): number {
    const { values } = this.#history.log
    const item = readItem(this.#reader)
    if (!this.#reader.done || item instanceof Make) return 0
    const lv = this.#enter(branch, Kind.insert, ref, index, values.push(item) - 1, 1)
    if (this.#mergedFor(lv, 1)) return 1
    list.insert(index, lv, 1)
    list.sequence.local(lv, lv + 1)
    return 1
  }

  #set(branch: number, map: MapState, ref: number): number {
    const { log } = this.#history
    const key = this.#reader.string(limits.keyBytes)
    const value = readValue(this.#reader)
    if (!this.#reader.done) return 0
    const entry = map.entryFor(key)
    if (entry.keyId < 0) entry.keyId = log.keyId(key)
    const lv = this.#enter(branch, Kind.set, ref, entry.keyId, log.values.push(value) - 1, 1)
    if (!this.#mergedFor(lv, 1)) this.#document.set(map, entry, value, lv)
    return 1
  }

  #add(branch: number, counter: CounterState, ref: number): number {
    const { values } = this.#history.log
    const amount = readAmount(this.#reader)
    if (!this.#reader.done) return 0
    const isSmall = isInt32(amount)
    const lv = this.#enter(branch, Kind.add, ref, isSmall ? 0 : 1, isSmall ? amount : values.push(amount) - 1, 1)
    if (!this.#mergedFor(lv, 1)) this.#document.add(counter, amount)
    return 1
  }

  /** Appends the change to graph and log; gives its first LV. What its author had not seen is left in #unseen. */
  #enter(branch: number, kind: Kind, ref: number, a: number, b: number, count: number): LV {
    const { graph, log } = this.#history
    const lv = log.length
    if (this.#isAhead) {
      graph.goOn(branch, count)
      this.#unseen = noSpans
    } else {
      const parents = [graph.lvOf(branch, graph.endOf(branch) - 1)]
      this.#unseen = graph.unseen(branch, parents)
      graph.append(branch, count, parents)
      graph.remember(branch, this.#unseen)
    }
    log.push(kind, ref, a, b, count, this.#isAhead || graph.startOfRow(graph.rows - 1) < lv)
    log.endChange(count)
    return lv
  }

  /** Merges what its author made without having seen all; false if they had, which is for the caller. */
  #mergedFor(lv: LV, count: number): boolean {
    if (this.#isAhead) return false
    this.#document.merge(lv, lv + count, this.#unseen)
    return true
  }
}
