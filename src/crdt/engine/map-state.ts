// The state of a map: for each key the antichain of effective heads, assignments that no other has seen (FORMAT §4), and the slots that stand or
// have stood there. One small object for each key.

import { inSpans, type LV, type Spans } from '../../core/graph.ts'
import { type ContainerType, containerTypes } from '../../core/kinds.ts'
import { startOfSpan } from '../../core/spans.ts'
import type { Scalar } from '../../core/value.ts'
import { type Container, State } from './state.ts'

/** An assignment nobody who saw it has replaced or removed. */
export interface Head {
  readonly lv: LV
  readonly value: Scalar | Container
}

/** Whether the first comes after the second, by (lamport, actor). */
export type IsLater = (a: LV, b: LV) => boolean

export class Entry {
  readonly key: string
  /** The key's number in the op log, once a local op has named it. */
  keyId = -1
  /** The head that shows; -1 if there is none. */
  lv: LV = -1
  value: Scalar | Container | undefined = undefined
  /** Heads that lost, by LV: this entry's own array, which grows in its place. */
  others: Head[] | undefined = undefined
  slots: Slots | undefined = undefined
  /** Whether it is among its map's busy ones. */
  busy = false

  constructor(key: string) {
    this.key = key
  }

  get heads(): readonly Head[] {
    if (this.value === undefined) return []
    return [{ lv: this.lv, value: this.value }, ...(this.others ?? [])]
  }

  /** Takes an assignment (undefined: a removal) in the place of the heads its author saw. */
  put(lv: LV, value: Scalar | Container | undefined, unseen: Spans, isLater: IsLater): void {
    if (unseen.length > 0 && this.lv >= 0) {
      const kept = headsWithin(this.others, unseen)
      if (inSpans(unseen, this.lv)) {
        this.others = kept
        if (value !== undefined) this.#join({ lv, value }, isLater)
        return
      }
      if (kept !== undefined) {
        this.setHeads(value === undefined ? kept : [...kept, { lv, value }], isLater)
        return
      }
    }
    this.lv = value === undefined ? -1 : lv
    this.value = value
    this.others = undefined
  }

  /** Another head, beside those that are. */
  #join(head: Head, isLater: IsLater): void {
    const shown = this.value === undefined ? undefined : { lv: this.lv, value: this.value }
    const isShown = shown === undefined || isLater(head.lv, shown.lv)
    const loser = isShown ? shown : head
    if (isShown) {
      this.lv = head.lv
      this.value = head.value
    }
    if (loser !== undefined) this.others = withHead(this.others ?? [], loser)
  }

  setHeads(heads: readonly Head[], isLater: IsLater): void {
    let winner: Head | undefined
    for (const head of heads) if (winner === undefined || isLater(head.lv, winner.lv)) winner = head
    this.lv = winner?.lv ?? -1
    this.value = winner?.value
    const others = heads.filter((head) => head !== winner)
    this.others = others.length > 0 ? others.sort((a, b) => a.lv - b.lv) : undefined
  }
}

/** Those that an author had not seen; undefined if there is none. Mostly all: that is found without a look at each. */
function headsWithin(heads: Head[] | undefined, unseen: Spans): Head[] | undefined {
  const first = heads?.[0]
  const last = heads?.[heads.length - 1]
  if (first === undefined || last === undefined) return undefined
  const start = startOfSpan(unseen, first.lv)
  if (start >= 0 && start === startOfSpan(unseen, last.lv)) return heads
  const kept = heads?.filter((head) => inSpans(unseen, head.lv))
  return kept !== undefined && kept.length > 0 ? kept : undefined
}

/** With one more, in its place: mostly the last. */
function withHead(heads: Head[], head: Head): Head[] {
  let after = heads.length
  while (after > 0 && (heads[after - 1] as Head).lv > head.lv) after--
  if (after === heads.length) heads.push(head)
  else heads.splice(after, 0, head)
  return heads
}

/** An op that made a container of some generation. */
interface Made {
  readonly lv: LV
  readonly gen: number
  readonly before: Made | undefined
}

/** The containers that stand or have stood under one key, by type and generation. */
export class Slots {
  readonly containers = new Map<number, Container>()
  /** Those that may hold something to clear. */
  live: Container[] = []
  /** The newest op that made one, and those before it: only such as no other makes superfluous. */
  makes: Made | undefined = undefined
  /** The greatest generation. */
  gen = -1

  get(type: ContainerType, gen: number): Container | undefined {
    return this.containers.get(slotCode(type, gen))
  }

  /** A generation counts up to one past the greatest its author saw here. */
  allows(gen: number, unseen: Spans): boolean {
    if (gen === 0) return true
    return gen <= this.gen + 1 && this.#sees(gen - 1, unseen)
  }

  made(lv: LV, gen: number, unseen: Spans): void {
    // Whoever sees this one sees that one too, which allows as much.
    if (!this.#sees(gen, unseen)) this.makes = { lv, gen, before: this.makes }
    this.gen = Math.max(this.gen, gen)
  }

  /** Whether an author has seen one of this generation or a later one. Mostly the newest is. */
  #sees(gen: number, unseen: Spans): boolean {
    for (let make = gen > this.gen ? undefined : this.makes; make !== undefined; make = make.before)
      if (make.gen >= gen && !inSpans(unseen, make.lv)) return true
    return false
  }
}

/** A slot's type and generation in one number, as make ops have them. */
export function slotCode(type: ContainerType, gen: number): number {
  return containerTypes.indexOf(type) + 16 * gen
}

export class MapState extends State {
  readonly type = 'map'
  readonly entries = new Map<string, Entry>()
  /** Keys under which there may be something to clear. */
  readonly busy = new Set<Entry>()
  #keys: readonly string[] | undefined = []

  /** Those that show, in the order of code units, which does not depend on who wrote first. */
  get keys(): readonly string[] {
    if (this.#keys !== undefined) return this.#keys
    const shown: string[] = []
    for (const entry of this.entries.values()) if (entry.value !== undefined) shown.push(entry.key)
    this.#keys = shown.sort()
    return this.#keys
  }

  /** A key shows that did not, or does not any more. */
  forgetKeys(): void {
    this.#keys = undefined
  }

  entryFor(key: string): Entry {
    const known = this.entries.get(key)
    if (known !== undefined) return known
    const entry = new Entry(key)
    this.entries.set(key, entry)
    return entry
  }

  get(key: string): Scalar | Container | undefined {
    return this.entries.get(key)?.value
  }
}
