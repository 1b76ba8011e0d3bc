// Who sets or removes a key also removes what they saw inside its slots, all the way down through slots (FORMAT §4); items of lists stay as they
// are in lists that are emptied. Every function gives whether something went.

import type { LV, Spans } from '../../core/graph.ts'
import type { Context } from './context.ts'
import type { AddsWithin, CounterState } from './counter-state.ts'
import type { ListState } from './list-state.ts'
import type { LogState } from './log-state.ts'
import type { Entry, MapState } from './map-state.ts'
import type { RegisterState } from './register-state.ts'
import type { SetState } from './set-state.ts'
import type { Container } from './state.ts'
import type { TextState } from './text-state.ts'

/** What is neither a map nor a text or list. */
export type Plain = CounterState | SetState | LogState | RegisterState

export class Clearing {
  readonly #context: Context
  readonly #addsWithin: AddsWithin

  constructor(context: Context, addsWithin: AddsWithin) {
    this.#context = context
    this.#addsWithin = addsWithin
  }

  /** Clears what the author of the op at `lv` saw in the slots of a key. */
  clearEntry(entry: Entry, lv: LV, unseen: Spans): boolean {
    const { slots } = entry
    if (slots === undefined || slots.containers.size === 0) return false
    const before = slots.live
    // Who saw all saw what emptied the others. Who did not may be the only one that later authors saw: their Sequences must know.
    const concerned = unseen.length === 0 ? before : [...slots.containers.values()]
    if (concerned.length === 0) return false
    const cleared = this.#context.quietly(() => {
      let some = false
      for (const container of concerned) if (this.#clear(container, lv, unseen)) some = true
      return some
    })
    slots.live = before.filter((container) => !container.spent)
    this.#context.rollback.push(() => {
      // What was made there since, and is empty again, stays among them.
      slots.live = before.concat(slots.live.filter((container) => !before.includes(container)))
    })
    return cleared
  }

  /** The same by an op that is off: nothing goes, but to who has not seen why, and so texts and lists are told. */
  clearOff(entry: Entry | undefined, lv: LV, unseen: Spans): void {
    for (const container of entry?.slots?.containers.values() ?? [])
      if (container.type === 'text' || container.type === 'list') container.sequence.clear(lv, unseen)
      else if (container.type === 'map')
        for (const inner of container.entries.values()) this.clearOff(inner, lv, unseen)
  }

  #clear(container: Container, lv: LV, unseen: Spans): boolean {
    const cleared = this.#clearContent(container, lv, unseen)
    if (cleared) this.#context.touch(container)
    const isSpent = container.type === 'map' ? container.busy.size === 0 : unseen.length === 0 && !container.exact
    if (isSpent) {
      container.spent = true
      container.skips = true
      this.#context.rollback.push(() => {
        container.spent = false
      })
    }
    return cleared
  }

  #clearContent(container: Container, lv: LV, unseen: Spans): boolean {
    switch (container.type) {
      case 'map':
        return this.#clearMap(container, lv, unseen)
      case 'list':
      case 'text':
        return this.#clearItems(container, lv, unseen)
      default:
        return this.clearPlain(container, lv, unseen)
    }
  }

  #clearItems(container: TextState | ListState, lv: LV, unseen: Spans): boolean {
    const { isShallow, rollback } = this.#context
    if (!isShallow) {
      rollback.push(() => container.sequence.withdraw(lv))
      return container.sequence.clear(lv, unseen)
    }
    // Who had not seen all would have had the history brought in.
    const { length } = container
    if (length > 0) container.remove(0, length)
    return length > 0
  }

  /** Drops what was seen of a container whose content is small. */
  clearPlain(container: Plain, lv: LV, unseen: Spans): boolean {
    switch (container.type) {
      case 'counter':
      case 'gcounter': {
        const { value, clears } = container
        this.#context.rollback.push(() => Object.assign(container, { value, clears }))
        return container.clear(lv, unseen, this.#addsWithin)
      }
      case 'set':
      case 'rwset': {
        const members = [...container.members]
        this.#context.rollback.push(() => {
          for (const [key, member] of members) container.put(key, member)
        })
        return container.clear(unseen)
      }
      case 'log': {
        const [lvs, values] = [[...container.lvs], [...container.values]]
        this.#context.rollback.push(() => {
          container.reset()
          for (const [i, item] of lvs.entries()) container.insert(i, item, values[i] ?? null)
        })
        return container.clear(unseen)
      }
      case 'register': {
        const { heads } = container
        this.#context.rollback.push(() => {
          container.heads = heads
        })
        return container.clear(unseen)
      }
    }
  }

  #clearMap(map: MapState, lv: LV, unseen: Spans): boolean {
    let some = false
    for (const entry of unseen.length === 0 ? [...map.busy] : map.entries.values()) {
      if (this.clearEntry(entry, lv, unseen)) some = true
      if (this.put(map, entry, lv, undefined, unseen)) some = true
      if (!entry.busy || entry.lv >= 0 || (entry.slots?.live.length ?? 0) > 0) continue
      entry.busy = false
      map.busy.delete(entry)
      this.#context.rollback.push(() => {
        entry.busy = true
        map.busy.add(entry)
      })
    }
    return some
  }

  /** Gives a key another head, or takes those away that were seen. True if another shows then. */
  put(map: MapState, entry: Entry, lv: LV, value: Entry['value'], unseen: Spans): boolean {
    const { lv: lvBefore, value: valueBefore, others } = entry
    entry.put(lv, value, unseen, this.#context.isLater)
    if (this.#context.rollback.recording)
      this.#context.rollback.push(() => {
        entry.lv = lvBefore
        entry.value = valueBefore
        entry.others = others
        map.forgetKeys()
      })
    if (entry.lv === lvBefore) return false
    if (lvBefore < 0 || entry.lv < 0) map.forgetKeys()
    this.#context.touch(map)
    return true
  }
}
