// What the twin of the engine keeps: one entry for each op, one box for each container. Nothing is ever taken out of a box; what counts is
// asked anew for each version.

import type { ContainerType } from '../../src/core/kinds.ts'
import type { OpName, TwinOp } from './twin-op.ts'
import { Order, type Rule } from './twin-order.ts'

/** Ops, the past of each among them. */
export type Version = ReadonlySet<Entry>

export interface Entry {
  readonly op: TwinOp
  readonly name: OpName
  readonly actor: string
  readonly seq: number
  /** All that its author had seen; itself is not among them. */
  readonly past: Version
  readonly lamport: number
  /** Counts for nothing, ever. */
  isVoid: boolean
  /** The container it is about. */
  box: Box | undefined
  /** The container it makes, perhaps together with others. */
  makes: Box | undefined
  /** The item it erases. */
  erases: Entry | undefined
}

/** Where a container stands. */
export type Place =
  | { readonly type: 'root' }
  | { readonly type: 'key'; readonly box: Box; readonly key: string }
  | { readonly type: 'item'; readonly box: Box }

export class Box {
  readonly type: ContainerType
  readonly place: Place
  /** The root is at 0. */
  readonly depth: number
  /** The ops about it that are not void. */
  readonly entries: Entry[] = []
  /** A list's or text's items. */
  readonly order: Order<Entry>
  /** A map's slots, by key, type and generation. */
  readonly slots = new Map<string, Box>()

  constructor(type: ContainerType, place: Place, rule: Rule) {
    this.type = type
    this.place = place
    this.depth = place.type === 'root' ? 0 : place.box.depth + 1
    this.order = new Order(rule)
  }

  /** The keys it hangs under, from the nearest up, as far as it hangs by slots: who clears one of them clears what is in here. */
  get under(): { box: Box; key: string }[] {
    const out: { box: Box; key: string }[] = []
    for (let { place } = this as Box; place.type === 'key'; place = place.box.place) out.push(place)
    return out
  }
}
