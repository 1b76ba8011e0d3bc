// Reads the state of a document; snapshot-state.ts has the streams.

import { ByteReader } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV } from '../core/graph.ts'
import { type ContainerType, containerTypes } from '../core/kinds.ts'
import { decodeTagged, type Scalar } from '../core/value.ts'
import type {
  ContainerState,
  Content,
  DocState,
  EntryState,
  HeadState,
  ItemState,
  MemberState,
  Place,
  ValueState,
} from '../crdt/engine/state-form.ts'
import { type Canon, DotReader } from './snapshot-canon.ts'
import { type ColumnReader, unpack } from './snapshot-columns.ts'
import { containerTag, headKinds, itemFlag, manyMakersFlag, moreHeadsFlag, stateStreams } from './snapshot-state.ts'
import { checkItems, linked } from './snapshot-state-links.ts'

export interface DecodedState {
  readonly state: DocState
  readonly keys: readonly string[]
  /** Of all containers in canonical order, their indexes in the state. */
  readonly order: readonly number[]
  /** Of each container in canonical order, where its units begin in the text of all. */
  readonly textsAt: readonly number[]
  /** Values the state has: of heads, items and members. */
  readonly values: number
}

/** `text` is that of all texts; ops are named below `base`. */
export function decodeState(bytes: Uint8Array, text: string, canon: Canon, base: LV): DecodedState {
  return new StateReader(bytes, text, canon, base).run()
}

interface Header {
  readonly type: ContainerType
  readonly place: Place
  readonly makers: readonly LV[]
}

const root: Header = { type: 'map', place: { in: 'root' }, makers: [] }

class StateReader {
  readonly #text: string
  readonly #columns: readonly ColumnReader[]
  readonly #values: ByteReader
  readonly #valuesLeft: () => number
  readonly #dots: DotReader
  readonly #heads: DotReader
  readonly #keys: string[] = []
  readonly #headers: Header[] = []
  readonly #contents: Content[] = []
  readonly #textsAt: number[] = []
  #unit = 0
  #parent = 0
  #item = 0
  #nextKey = 0
  #count = 0

  constructor(bytes: Uint8Array, text: string, canon: Canon, base: LV) {
    this.#text = text
    this.#columns = unpack(bytes, stateStreams)
    this.#values = new ByteReader(this.#column(10).rest())
    this.#valuesLeft = () => this.#values.left
    this.#dots = new DotReader(canon, base, this.#column(3), this.#column(4))
    this.#heads = new DotReader(canon, base, this.#column(5), this.#column(6))
  }

  run(): DecodedState {
    for (let names = new ByteReader(this.#column(7).rest()); !names.done; )
      this.#keys.push(names.string(limits.keyBytes))
    const kinds = this.#column(0)
    const containers = kinds.left + 1
    // No bytes at all are a document in which nothing was done.
    const isEmpty = this.#column(8).left === 0
    for (let i = 0; i < containers; i++) {
      const header = i === 0 ? root : this.#header(kinds.u8(), containers)
      this.#headers.push(header)
      this.#textsAt.push(this.#unit)
      this.#contents.push(isEmpty && i === 0 ? { type: 'map', entries: [] } : this.#content(header.type, containers))
    }
    if (this.#unit !== this.#text.length)
      throw new JoineryError('bad-message', `${this.#text.length} units for texts of ${this.#unit}`)
    for (const column of this.#columns) column.end()
    this.#values.end()
    return this.#ordered()
  }

  #column(index: number): ColumnReader {
    return this.#columns[index] as ColumnReader
  }

  #header(code: number, containers: number): Header {
    const type = containerTypes[code % 16]
    if (type === undefined || code >= 64) throw new JoineryError('bad-message', `a container of kind ${code}`)
    this.#parent += this.#column(1).signed()
    if (!(this.#parent >= 0 && this.#parent < containers))
      throw new JoineryError('bad-message', `no container ${this.#parent}`)
    const slots = this.#column(2)
    const place: Place =
      (code & itemFlag) !== 0
        ? { in: 'item', parent: this.#parent }
        : { in: 'slot', parent: this.#parent, key: this.#key(slots.varint()), gen: slots.varint(limits.seq) }
    const makers = [this.#dots.read()]
    if ((code & manyMakersFlag) !== 0)
      for (let left = this.#column(8).varint(this.#column(4).left); left > 0; left--) makers.push(this.#dots.read())
    return { type, place, makers: ascending(makers) }
  }

  #key(index: number): string {
    const key = this.#keys[index]
    if (key === undefined) throw new JoineryError('bad-message', `no key ${index}`)
    return key
  }

  #content(type: ContainerType, containers: number): Content {
    const counts = this.#column(8)
    switch (type) {
      case 'map':
        return { type, entries: this.#map(counts.varint(this.#column(9).left)) }
      case 'text': {
        const from = this.#unit
        this.#unit += counts.varint(this.#text.length - from)
        return { type, text: this.#text.slice(from, this.#unit) }
      }
      case 'list':
        return { type, items: this.#list(counts.varint(this.#valuesLeft()), containers) }
      case 'counter':
      case 'gcounter': {
        const sum = this.#value()
        if (typeof sum !== 'bigint' && (typeof sum !== 'number' || !Number.isSafeInteger(sum)))
          throw new JoineryError('bad-message', 'no sum')
        return { type, sum }
      }
      case 'set':
      case 'rwset':
        return { type, members: this.#members(counts.varint(this.#valuesLeft())) }
      case 'log':
        return { type, items: this.#valueStates(counts.varint(this.#valuesLeft())) }
      case 'register': {
        const heads = this.#valueStates(counts.varint(this.#valuesLeft()))
        return { type, heads: byLv(heads) }
      }
    }
  }

  #value(): Scalar {
    this.#count++
    return decodeTagged(this.#values, this.#values.u8())
  }

  #map(count: number): EntryState[] {
    const entries: EntryState[] = []
    const seen = new Set<number>()
    for (let left = count; left > 0; left--) {
      const key = this.#nextKey + this.#column(9).signed()
      this.#nextKey = key + 1
      if (seen.has(key)) throw new JoineryError('bad-message', 'a map has a key twice')
      seen.add(key)
      entries.push({ key: this.#key(key), heads: byLv(this.#entryHeads()) })
    }
    return entries
  }

  #entryHeads(): HeadState[] {
    const heads: HeadState[] = []
    for (;;) {
      const code = this.#column(9).u8()
      const kind = headKinds[code % moreHeadsFlag]
      if (kind === undefined || code >= 2 * moreHeadsFlag)
        throw new JoineryError('bad-message', `a head of kind ${code}`)
      const lv = this.#heads.read()
      if (kind === 'set') heads.push({ lv, kind, value: this.#value() })
      // The container is found by its maker when all are known.
      else if (kind === 'make') heads.push({ lv, kind, container: -1 })
      else heads.push({ lv, kind })
      if (code < moreHeadsFlag) return heads
    }
  }

  #list(count: number, containers: number): ItemState[] {
    const items: ItemState[] = []
    for (let left = count; left > 0; left--) {
      const tag = this.#values.u8()
      if (tag === containerTag) {
        this.#item += this.#column(11).signed()
        if (!(this.#item >= 0 && this.#item < containers))
          throw new JoineryError('bad-message', `no item ${this.#item}`)
        items.push({ container: this.#item })
      } else {
        this.#count++
        items.push({ value: decodeTagged(this.#values, tag) })
      }
    }
    return items
  }

  #members(count: number): MemberState[] {
    const members: MemberState[] = []
    const counts = this.#column(8)
    for (let left = count; left > 0; left--) {
      const includes = this.#lvs(counts.varint(this.#column(6).left))
      const excludes = this.#lvs(counts.varint(this.#column(6).left))
      if (includes.length + excludes.length === 0) throw new JoineryError('bad-message', 'a member that nobody added')
      members.push({ value: this.#value(), includes, excludes })
    }
    return members
  }

  #lvs(count: number): LV[] {
    const lvs: LV[] = []
    for (let left = count; left > 0; left--) lvs.push(this.#heads.read())
    return ascending(lvs)
  }

  #valueStates(count: number): ValueState[] {
    const out: ValueState[] = []
    for (let left = count; left > 0; left--) out.push({ lv: this.#heads.read(), value: this.#value() })
    return out
  }

  /** Puts containers in the order of LVs, each after the one it is in, and names them by their new indexes. */
  #ordered(): DecodedState {
    const firstOf = (index: number): LV => (this.#headers[index] as Header).makers[0] ?? -1
    const places = this.#headers.map((_, index) => index).sort((a, b) => firstOf(a) - firstOf(b))
    const indexes = new Int32Array(places.length)
    for (const [index, place] of places.entries()) indexes[place] = index
    const slots = new Map<LV, number>()
    const depths = new Int32Array(places.length)
    const containers: { place: Place; makers: readonly LV[] }[] = []
    for (const [index, at] of places.entries()) {
      const { place, makers } = this.#headers[at] as Header
      if (place.in === 'root') containers.push({ place, makers })
      else {
        const parent = indexes[place.parent] as number
        // A maker has seen what its container is in: so nothing is in itself.
        if (firstOf(place.parent) >= firstOf(at))
          throw new JoineryError('bad-message', 'a container older than its place')
        const { type } = this.#headers[place.parent] as Header
        if (type !== (place.in === 'slot' ? 'map' : 'list'))
          throw new JoineryError('bad-message', `a ${place.in} of a ${type}`)
        depths[index] = 1 + (depths[parent] as number)
        if ((depths[index] as number) > limits.depth) throw new JoineryError('bad-message', 'containers are too deep')
        containers.push({ place: { ...place, parent }, makers })
      }
      for (const maker of makers) {
        if (slots.has(maker)) throw new JoineryError('bad-message', 'one op makes two containers')
        slots.set(maker, index)
      }
    }
    const contents = places.map((at) => linked(this.#contents[at] as Content, indexes, slots))
    checkItems(containers, contents)
    return {
      state: {
        containers: containers.map(
          (container, i): ContainerState => ({ ...container, content: contents[i] as Content }),
        ),
      },
      keys: this.#keys,
      order: Array.from(indexes),
      textsAt: this.#textsAt,
      values: this.#count,
    }
  }
}

function ascending(lvs: LV[]): LV[] {
  return lvs.sort((a, b) => a - b)
}

function byLv<T extends { readonly lv: LV }>(heads: T[]): T[] {
  return heads.sort((a, b) => a.lv - b.lv)
}
