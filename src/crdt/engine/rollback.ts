// What takes back a change that threw: steps of single values run backwards, splices of texts and lists kept as numbers, and the values as they were
// built before, so that they keep their references. Nothing is kept unless a change is being recorded.

import { assert } from '../../base/assert.ts'
import { Int32Column, UnitColumn } from '../../core/columns.ts'
import type { Item, ListState } from './list-state.ts'
import type { State } from './state.ts'
import type { TextState } from './text-state.ts'

interface Kept {
  readonly state: State
  readonly cache: unknown
  readonly last: unknown
}

export class Rollback {
  recording = false
  #steps: (() => void)[] = []
  #values: Kept[] = []
  /** The first #touchedCount are of this change. */
  readonly #touched: (TextState | ListState)[] = []
  #touchedCount = 0
  /** Four numbers each: which of #touched, index, count (negative: removed), where what was removed begins. */
  readonly #splices = new Int32Column()
  readonly #units = new UnitColumn()
  #items: Item[] = []

  begin(): void {
    assert(!this.recording, 'one change is recorded at a time')
    this.recording = true
  }

  push(step: () => void): void {
    if (this.recording) this.#steps.push(step)
  }

  /** Called before a state's value is forgotten or built. */
  keepValue(state: State): void {
    if (this.recording) this.#values.push({ state, cache: state.cache, last: state.last })
  }

  inserted(state: TextState | ListState, index: number, count: number): void {
    this.#splice(state, index, count, 0)
  }

  removedUnits(text: TextState, index: number, count: number): void {
    const from = this.#units.length
    if (count === 1) this.#units.pushUnit(text.units.unitAt(index))
    else this.#units.pushUnits(text.units.units(index, index + count))
    this.#splice(text, index, -count, from)
  }

  removedItems(list: ListState, index: number, items: readonly Item[]): void {
    const from = this.#items.length
    for (const item of items) this.#items.push(item)
    this.#splice(list, index, -items.length, from)
  }

  commit(): void {
    if (!this.recording) return
    this.recording = false
    // Arrays are emptied only where there is something in them, for that is slow.
    if (this.#steps.length > 0) this.#steps = []
    if (this.#values.length > 0) this.#values = []
    if (this.#items.length > 0) this.#items = []
    this.#splices.length = 0
    this.#units.length = 0
    this.#touchedCount = 0
  }

  /** Everything is as it was at begin(). Gives the texts and lists that were edited. */
  rollBack(): readonly (TextState | ListState)[] {
    if (!this.recording) return []
    for (const step of this.#steps.reverse()) step()
    for (let at = this.#splices.length - 4; at >= 0; at -= 4) this.#unsplice(at)
    // The oldest is what was there before.
    for (const { state, cache, last } of this.#values.reverse()) {
      state.cache = cache
      state.last = last
    }
    const touched = this.#touched.slice(0, this.#touchedCount)
    this.commit()
    return touched
  }

  #splice(state: TextState | ListState, index: number, count: number, from: number): void {
    let which = state.touched
    if (which >= this.#touchedCount || this.#touched[which] !== state) {
      which = this.#touchedCount++
      this.#touched[which] = state
      state.touched = which
    }
    this.#splices.push4(which, index, count, from)
  }

  #unsplice(at: number): void {
    const state = this.#touched[this.#splices.at(at)]
    const [index, count, from] = [this.#splices.at(at + 1), this.#splices.at(at + 2), this.#splices.at(at + 3)]
    if (state === undefined) return
    if (count > 0) state.takeOut(index, count)
    else if (state.type === 'text') state.putBack(index, this.#units.data, from, -count)
    else state.putBack(index, this.#items.slice(from, from - count))
  }
}
