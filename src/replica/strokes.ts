// What comes from whoever writes alone, one edit after the other: a run or a single op that follows the newest op here, which is its author's too and
// in the same container. It goes straight there, with nothing decoded beside the log and nothing to roll back. What it does, the way for all
// (admission.ts, effects.ts) would do as well.

import { ByteReader } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV } from '../core/graph.ts'
import { Kind, Make } from '../core/kinds.ts'
import { isInt32, Mode, positionAfter, unzigzag, Where } from '../core/wire.ts'
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
    if ((!isRun && head >> 6 !== Mode.one) || where > Where.jump) return 0
    const row = log.count - 1
    if (row < 0 || !graph.isAhead(branch) || graph.mayHaveCuts || this.#history.isStopping) return 0
    // A self-certifying actor makes one change, and whoever goes on in its name is told so.
    if (this.#history.isInit(branch)) return 0
    const ref = log.refOf(row)
    const container = this.#document.containerOf(ref)
    if (container === undefined) return 0

    const reader = this.#reader
    reader.reset(bytes, at + 1)
    try {
      const count = isRun ? reader.varint(limits.changeOps) : 1
      if ((isRun && count < 2) || count > limits.changeOps || graph.length + count >= limits.seq) return 0
      if (container.type === 'text' || container.type === 'list') {
        let index = positionAfter(log.kindOf(row), log.aOf(row), log.length - log.startOf(row))
        if (kind === Kind.eraseBack) index--
        if (where === Where.jump) index += unzigzag(reader.varint(4 * limits.seq))
        if (index < 0 || index > container.length) return 0
        if (kind === Kind.erase || (kind === Kind.eraseBack && count === 1))
          return this.#erase(branch, container, ref, index, count)
        if (container.type === 'text') return kind === Kind.type ? this.#type(branch, container, ref, index, count) : 0
        return kind === Kind.insert && count === 1 ? this.#insert(branch, container, ref, index) : 0
      }
      if (where !== Where.on || isRun) return 0
      if (kind === Kind.set && container.type === 'map') return this.#set(branch, container, ref)
      return kind === Kind.add && container.type === 'counter' ? this.#add(branch, container, ref) : 0
    } catch (error) {
      if (error instanceof JoineryError) return 0
      throw error
    }
  }

  #erase(branch: number, container: TextState | ListState, ref: number, index: number, count: number): number {
    if (!this.#reader.done || index + count > container.length) return 0
    const { graph, log } = this.#history
    const lv = log.length
    graph.goOn(branch, count)
    log.push(Kind.erase, ref, index, 0, count, true)
    log.endChange(count)
    container.remove(index, count)
    return this.#edited(container, lv, count)
  }

  #type(branch: number, text: TextState, ref: number, index: number, count: number): number {
    const { graph, log } = this.#history
    const { units } = log
    const lv = log.length
    const offset = units.length
    if (count > this.#reader.left) return 0
    units.reserve(count)
    // Beyond its length they are nowhere yet.
    this.#reader.units(units.data, offset, count)
    if (!this.#reader.done) return 0
    units.length = offset + count
    graph.goOn(branch, count)
    log.push(Kind.type, ref, index, offset, count, true)
    log.endChange(count)
    text.put(index, offset, count)
    return this.#edited(text, lv, count)
  }

  #insert(branch: number, list: ListState, ref: number, index: number): number {
    const { graph, log } = this.#history
    const item = readItem(this.#reader)
    if (!this.#reader.done || item instanceof Make) return 0
    const lv = log.length
    graph.goOn(branch, 1)
    log.push(Kind.insert, ref, index, log.values.push(item) - 1, 1, true)
    log.endChange(1)
    list.insert(index, lv, 1)
    return this.#edited(list, lv, 1)
  }

  #set(branch: number, map: MapState, ref: number): number {
    const { graph, log } = this.#history
    const key = this.#reader.string(limits.keyBytes)
    const value = readValue(this.#reader)
    if (!this.#reader.done) return 0
    const lv = log.length
    const entry = map.entryFor(key)
    if (entry.keyId < 0) entry.keyId = log.keyId(key)
    graph.goOn(branch, 1)
    log.push(Kind.set, ref, entry.keyId, log.values.push(value) - 1, 1, true)
    log.endChange(1)
    this.#document.set(map, entry, value, lv)
    return 1
  }

  #add(branch: number, counter: CounterState, ref: number): number {
    const { graph, log } = this.#history
    const amount = readAmount(this.#reader)
    if (!this.#reader.done) return 0
    graph.goOn(branch, 1)
    if (isInt32(amount)) log.push(Kind.add, ref, 0, amount, 1, true)
    else log.push(Kind.add, ref, 1, log.values.push(amount) - 1, 1, true)
    log.endChange(1)
    this.#document.add(counter, amount)
    return 1
  }

  /** As whoever had seen everything edits, and they had: their Sequence need only know that they did. */
  #edited({ sequence }: TextState | ListState, lv: LV, count: number): number {
    sequence.local(lv, lv + count)
    return count
  }
}
