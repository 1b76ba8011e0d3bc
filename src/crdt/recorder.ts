// Turns edits into ops while a change function runs, and applies each at once, so that what follows reads what was written.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Content, Make, type Op, type Ref, unitsOf } from '../core/op.ts'
import type { Scalar } from '../core/value.ts'
import type { Container, CounterState, ListState, MapState, SetState, TextState } from './container.ts'
import type { Document } from './document.ts'
import type { Plan } from './input.ts'
import type { Path } from './patch.ts'
import type { Item } from './sequence.ts'
import type { Stamp } from './stamp.ts'

export class Recorder {
  readonly ops: Op[] = []
  readonly document: Document
  readonly #start: number
  readonly #stampAt: (seq: number) => Stamp
  #seq: number

  constructor(document: Document, start: number, stampAt: (seq: number) => Stamp) {
    this.document = document
    this.#start = start
    this.#seq = start
    this.#stampAt = stampAt
  }

  get count(): number {
    return this.#seq - this.#start
  }

  setKey(map: MapState, key: string, plan: Plan): void {
    if (plan.type === 'scalar') {
      this.#record({ type: 'set', at: map.ref, key, value: plan.value })
      return
    }
    const dot = this.#record({ type: 'set', at: map.ref, key, value: new Make(plan.type, genFor(map, key, plan.type)) })
    this.#fill(dot, plan)
  }

  deleteKey(map: MapState, key: string): void {
    this.#record({ type: 'delete', at: map.ref, key })
  }

  insert(list: ListState, index: number, plans: readonly Plan[]): void {
    if (plans.length === 0) return
    const values = plans.map((plan): Content => (plan.type === 'scalar' ? plan.value : new Make(plan.type, 0)))
    const dot = this.#record({ type: 'insert', at: list.ref, left: leftOf(list.items.at(index - 1)), values })
    for (const [i, plan] of plans.entries())
      if (plan.type !== 'scalar') this.#fill({ actor: dot.actor, seq: dot.seq + i }, plan)
  }

  type(text: TextState, index: number, content: string): void {
    if (content === '') return
    this.#record({ type: 'type', at: text.ref, left: leftOf(text.items.at(index - 1)), text: content })
  }

  remove(list: ListState | TextState, index: number, count: number): void {
    if (count === 0) return
    const items: readonly Item<unknown>[] = list.items.slice(index, index + count)
    this.#record({ type: 'remove', at: list.ref, targets: targetsOf(items) })
  }

  add(counter: CounterState, by: number): void {
    if (by !== 0) this.#record({ type: 'add', at: counter.ref, by })
  }

  include(set: SetState, value: Scalar): void {
    this.#record({ type: 'include', at: set.ref, value })
  }

  exclude(set: SetState, value: Scalar): void {
    this.#record({ type: 'exclude', at: set.ref, value })
  }

  meta(): void {
    this.#record({ type: 'meta' })
  }

  pathOf(container: Container): Path {
    return this.document.pathOf(container) ?? []
  }

  /** Writes the contents of a container just made. */
  #fill(dot: Ref, plan: Plan): void {
    const container = this.document.made(dot)
    if (container === undefined) return
    if (plan.type === 'map' && container.type === 'map')
      for (const [key, item] of plan.entries) this.setKey(container, key, item)
    if (plan.type === 'list' && container.type === 'list') this.insert(container, 0, plan.items)
    if (plan.type === 'text' && container.type === 'text') this.type(container, 0, plan.text)
    if (plan.type === 'counter' && container.type === 'counter')
      for (const part of safeParts(plan.value)) this.add(container, part)
    if (plan.type === 'set' && container.type === 'set') for (const value of plan.values) this.include(container, value)
  }

  #record(op: Op): Ref {
    const units = unitsOf(op)
    if (this.count + units > limits.changeOps)
      throw new JoineryError('limit', `one change holds at most ${limits.changeOps} ops: make several changes`)
    if (this.#seq + units > limits.seq)
      throw new JoineryError('limit', 'this device has written all it can in this document')
    const stamp = this.#stampAt(this.#seq)
    this.document.apply(op, stamp)
    this.ops.push(op)
    this.#seq += units
    return { actor: stamp.actor, seq: stamp.seq }
  }
}

/** The generation for a new container: that of the one that shows, if it is of this type; else one that was never there. */
function genFor(map: MapState, key: string, type: Container['type']): number {
  const entry = map.entries.get(key)
  if (entry === undefined || entry.gen < 0) return 0
  const current = entry.slots.get(`${type} ${entry.gen}`)
  const alive = current !== undefined && entry.heads.some((head) => head.value === current)
  return alive ? entry.gen : entry.gen + 1
}

function leftOf(item: Item<unknown> | undefined): Ref | undefined {
  return item === undefined ? undefined : { actor: item.actor, seq: item.seq }
}

/** Items as runs of consecutive dots. */
function targetsOf(items: readonly Item<unknown>[]): { actor: number; seq: number; count: number }[] {
  const targets: { actor: number; seq: number; count: number }[] = []
  for (const { actor, seq } of items) {
    const last = targets.at(-1)
    if (last !== undefined && last.actor === actor && last.seq + last.count === seq) last.count++
    else targets.push({ actor, seq, count: 1 })
  }
  return targets
}

/** A sum as amounts one op can hold. */
function safeParts(value: number | bigint): number[] {
  if (typeof value === 'number') return [value]
  const step = BigInt(Number.MAX_SAFE_INTEGER) * (value < 0n ? -1n : 1n)
  const parts: number[] = []
  for (let rest = value; rest !== 0n; ) {
    const part = (rest > 0n ? rest > step : rest < step) ? step : rest
    parts.push(Number(part))
    rest -= part
  }
  return parts
}
