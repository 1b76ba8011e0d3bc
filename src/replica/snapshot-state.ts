// The state of a document (crdt/engine/state-form.ts) as streams. Containers stand in the order of their first makers' names, the root first;
// entries of a map in the order of their first heads' names, heads and members in the order of theirs: all of it by branch and seq.
//
//   kinds     of each container but the root, u8: type + 16 × (0 slot | 1 item) + 32 if it has several makers
//   parents   signed difference of the parent's index to the last one's
//   slots     of slots: key index varint, gen varint
//   makers    the first maker's dot in `dots`; of several: count varint in `counts`, and the others' dots
//   names     keys, as strings, in order of first use
//   counts    by container: entries of a map, units of a text, items of a list or log, members, heads
//   entries   signed difference of the key's index to the last one's and 1, and of each head u8: 0 set, 1 make, 2 unset, + 4 if another follows
//   values    of heads, items, members and sums, in order; an item that is a container is the byte 255 (its container is the next of its list
//             that is visible: `items` has the signed difference of its index to the last one's)
//   members   of each member: count of includes varint, count of excludes varint

import { assert, never } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import type { LV } from '../core/graph.ts'
import { containerTypes } from '../core/kinds.ts'
import { encodeValue } from '../core/value.ts'
import type {
  ContainerState,
  DocState,
  EntryState,
  HeadState,
  ItemState,
  MemberState,
  ValueState,
} from '../crdt/engine/state-form.ts'
import { type Canon, DotWriter } from './snapshot-canon.ts'
import { pack, zigzag } from './snapshot-columns.ts'

export const itemFlag = 16
export const manyMakersFlag = 32
export const moreHeadsFlag = 4
export const containerTag = 255
export const headKinds = ['set', 'make', 'unset'] as const
export const stateStreams = 12

export interface EncodedState {
  readonly bytes: Uint8Array
  /** The units of all texts. */
  readonly text: string
  readonly keys: ReadonlyMap<string, number>
  /** Of all containers in canonical order, their indexes in the state. */
  readonly order: readonly number[]
}

export function encodeState(state: DocState, canon: Canon): EncodedState {
  return new StateWriter(state, canon).run()
}

class StateWriter {
  readonly #state: DocState
  readonly #canon: Canon
  readonly #order: number[]
  /** By index in the state: the index in canonical order. */
  readonly #places: Int32Array
  readonly #keys = new Map<string, number>()
  readonly #texts: string[] = []
  readonly #kinds = new ByteWriter()
  readonly #parents = new ByteWriter()
  readonly #slots = new ByteWriter()
  readonly #dotBranches = new ByteWriter()
  readonly #dotSeqs = new ByteWriter()
  readonly #headBranches = new ByteWriter()
  readonly #headSeqs = new ByteWriter()
  readonly #names = new ByteWriter()
  readonly #counts = new ByteWriter()
  readonly #entries = new ByteWriter()
  readonly #values = new ByteWriter()
  readonly #items = new ByteWriter()
  readonly #dots: DotWriter
  readonly #heads: DotWriter
  #parent = 0
  #item = 0
  #nextKey = 0

  constructor(state: DocState, canon: Canon) {
    this.#state = state
    this.#canon = canon
    this.#dots = new DotWriter(canon, this.#dotBranches, this.#dotSeqs)
    this.#heads = new DotWriter(canon, this.#headBranches, this.#headSeqs)
    const firsts = state.containers.map(({ makers }) => canon.sorted(makers)[0] ?? -1)
    assert(firsts[0] === -1, 'the root stands first')
    const others = firsts.map((_, index) => index).slice(1)
    this.#order = [0, ...others.sort((a, b) => canon.compare(firsts[a] as LV, firsts[b] as LV))]
    this.#places = new Int32Array(this.#order.length)
    for (const [place, index] of this.#order.entries()) this.#places[index] = place
  }

  run(): EncodedState {
    for (const index of this.#order) {
      const container = this.#state.containers[index] as ContainerState
      if (container.place.in !== 'root') this.#place(container)
      this.#content(container)
    }
    const bytes = pack(
      this.#kinds,
      this.#parents,
      this.#slots,
      this.#dotBranches,
      this.#dotSeqs,
      this.#headBranches,
      this.#headSeqs,
      this.#names,
      this.#counts,
      this.#entries,
      this.#values,
      this.#items,
    )
    return { bytes, text: this.#texts.join(''), keys: this.#keys, order: this.#order }
  }

  #place({ place, makers, content }: ContainerState): void {
    assert(place.in !== 'root', 'only one container is the root')
    const [first, ...others] = this.#canon.sorted(makers)
    assert(first !== undefined, 'a container has a maker')
    this.#kinds.u8(
      containerTypes.indexOf(content.type) +
        (place.in === 'item' ? itemFlag : 0) +
        (others.length > 0 ? manyMakersFlag : 0),
    )
    const parent = this.#places[place.parent] as number
    this.#parents.varint(zigzag(parent - this.#parent))
    this.#parent = parent
    if (place.in === 'slot') this.#slots.varint(this.#key(place.key)).varint(place.gen)
    this.#dots.write(first)
    if (others.length > 0) this.#counts.varint(others.length)
    for (const maker of others) this.#dots.write(maker)
  }

  #key(key: string): number {
    let index = this.#keys.get(key)
    if (index === undefined) {
      index = this.#keys.size
      this.#keys.set(key, index)
      this.#names.string(key)
    }
    return index
  }

  #content({ content }: ContainerState): void {
    switch (content.type) {
      case 'map':
        this.#map(content.entries)
        break
      case 'text':
        this.#counts.varint(content.text.length)
        this.#texts.push(content.text)
        break
      case 'list':
        this.#list(content.items)
        break
      case 'counter':
      case 'gcounter':
        encodeValue(this.#values, content.sum)
        break
      case 'set':
      case 'rwset':
        this.#set(content.members)
        break
      case 'log':
        this.#valueStates(content.items)
        break
      case 'register':
        this.#valueStates(this.#byLv(content.heads))
        break
      default:
        never(content)
    }
  }

  #valueStates(states: readonly ValueState[]): void {
    this.#counts.varint(states.length)
    for (const { lv, value } of states) {
      this.#heads.write(lv)
      encodeValue(this.#values, value)
    }
  }

  #map(entries: readonly EntryState[]): void {
    const sorted = entries.map(({ key, heads }) => ({ key, heads: this.#byLv(heads) }))
    sorted.sort((a, b) => this.#canon.compare((a.heads[0] as HeadState).lv, (b.heads[0] as HeadState).lv))
    this.#counts.varint(sorted.length)
    for (const { key, heads } of sorted) {
      const index = this.#key(key)
      this.#entries.varint(zigzag(index - this.#nextKey))
      this.#nextKey = index + 1
      for (const [i, head] of heads.entries()) {
        this.#entries.u8(headKinds.indexOf(head.kind) + (i < heads.length - 1 ? moreHeadsFlag : 0))
        this.#heads.write(head.lv)
        if (head.kind === 'set') encodeValue(this.#values, head.value)
      }
    }
  }

  #list(items: readonly ItemState[]): void {
    this.#counts.varint(items.length)
    for (const item of items) {
      if ('value' in item) encodeValue(this.#values, item.value)
      else {
        this.#values.u8(containerTag)
        const place = this.#places[item.container] as number
        this.#items.varint(zigzag(place - this.#item))
        this.#item = place
      }
    }
  }

  #set(members: readonly MemberState[]): void {
    const canon = this.#canon
    const sorted = members.map(({ value, includes, excludes }) => ({
      value,
      includes: canon.sorted(includes),
      excludes: canon.sorted(excludes),
    }))
    const firstOf = (member: MemberState): LV => (member.includes[0] ?? member.excludes[0]) as LV
    sorted.sort((a, b) => canon.compare(firstOf(a), firstOf(b)))
    this.#counts.varint(sorted.length)
    for (const { value, includes, excludes } of sorted) {
      this.#counts.varint(includes.length).varint(excludes.length)
      for (const lv of includes) this.#heads.write(lv)
      for (const lv of excludes) this.#heads.write(lv)
      encodeValue(this.#values, value)
    }
  }

  #byLv<T extends { readonly lv: LV }>(heads: readonly T[]): T[] {
    return heads.length < 2 ? [...heads] : [...heads].sort((a, b) => this.#canon.compare(a.lv, b.lv))
  }
}
