// The engine's Sequence alone, as the text (or list) under the root's key `t`: its host is a plain array of the ops whose items show. What else
// the history holds is left to a twin of its own, which says which ops are about this container.

import type { LV, Spans } from '../../src/core/graph.ts'
import { Kind, type Targets } from '../../src/core/kinds.ts'
import { Cuts } from '../../src/crdt/cuts.ts'
import { Sequence, type SequenceHost } from '../../src/crdt/eg-sequence.ts'
import { Twin } from '../model/engine-twin.ts'
import { type Known, nameAt, opAt } from '../model/twin-adapter.ts'
import type { Box, Version } from '../model/twin-box.ts'
import type { OpName } from '../model/twin-op.ts'
import { indexOf } from '../model/twin-show.ts'
import type { Subject } from './pieces.ts'

class ArrayHost implements SequenceHost {
  readonly lvs: LV[] = []

  get length(): number {
    return this.lvs.length
  }

  insert(index: number, lv: LV, count: number): void {
    if (index < 0 || index > this.length) throw new Error(`insert at ${index} of ${this.length}`)
    this.lvs.splice(index, 0, ...Array.from({ length: count }, (_, i) => lv + i))
  }

  remove(index: number, count: number): void {
    if (index < 0 || index + count > this.length) throw new Error(`remove ${count} at ${index} of ${this.length}`)
    this.lvs.splice(index, count)
  }
}

export class SequenceSubject implements Subject {
  readonly #known: Known
  readonly #twin = new Twin()
  readonly #host = new ArrayHost()
  readonly #sequence: Sequence
  readonly #cuts = new Cuts()
  /** Which container it is, once it is made. */
  #slot: string | undefined

  constructor(known: Known) {
    this.#known = known
    this.#sequence = new Sequence(known.graph, known.log, known.actors.compare, this.#host, this.#cuts)
  }

  merge(start: number, end: number, unseen: Spans): void {
    for (let lv = start; lv < end; ) {
      const stop = Math.min(end, this.#known.log.endOf(this.#known.log.rowAt(lv)))
      this.#mergeRow(lv, stop, unseen)
      lv = stop
    }
  }

  /** The names of the ops whose items show, in order. */
  get value(): unknown {
    return this.#host.lvs.map((lv) => nameAt(this.#known, lv))
  }

  expected(twin: Twin, version: Version): unknown {
    const box = this.#boxOf(twin)
    return box === undefined ? [] : twin.visible(box, version).map(({ name }) => name)
  }

  check(): void {
    this.#sequence.check()
  }

  /** Other questions: every item's place, now and at an older version. */
  probe(twin: Twin, heads: readonly LV[]): void {
    const box = this.#boxOf(twin)
    if (box === undefined) return
    const known = this.#known
    const now = twin.version(known.graph.frontier.map((lv) => nameAt(known, lv)))
    const then = twin.version(heads.map((lv) => nameAt(known, lv)))
    for (const [what, version, walk] of [
      ['order', now, (see: (lv: LV, count: number, shows: boolean) => void) => this.#sequence.order(see)],
      ['orderAt', then, (see: (lv: LV, count: number, shows: boolean) => void) => this.#sequence.orderAt(heads, see)],
    ] as const) {
      const found: [OpName, boolean][] = []
      walk((lv, count, shows) => {
        for (let i = 0; i < count; i++) found.push([nameAt(known, lv + i), shows])
      })
      const visible = new Set(twin.visible(box, version))
      const right = box.order.nodes
        .filter(({ item }) => version.has(item))
        .map(({ item }) => [item.name, visible.has(item)])
      if (JSON.stringify(found) !== JSON.stringify(right))
        throw new Error(
          `${what}(${heads.join()}) is\n    ${JSON.stringify(found)}\nand should be\n    ${JSON.stringify(right)}`,
        )
    }
    for (const [index, lv] of this.#host.lvs.entries()) {
      if (this.#sequence.lvAt(index) !== lv)
        throw new Error(`lvAt(${index}) is ${this.#sequence.lvAt(index)}, not ${lv}`)
    }
    for (const { item } of box.order.nodes) {
      if (!now.has(item)) continue
      const lv = known.graph.lvOf(known.actors.indexOf(item.actor as never), item.seq)
      const [index, right] = [this.#sequence.indexOf(lv), indexOf(twin, box, item, now)]
      if (index !== right) throw new Error(`indexOf(${item.name}) is ${index}, not ${right}`)
    }
  }

  #mergeRow(from: LV, to: LV, unseen: Spans): void {
    const { log } = this.#known
    const row = log.rowAt(from)
    const kind = log.kindOf(row)
    const entries = Array.from({ length: to - from }, (_, i) => this.#twin.add(opAt(this.#known, from + i)))
    const [first] = entries
    if (first === undefined) return
    const box = this.#boxOf(this.#twin)
    const isOurs = kind === Kind.type || kind === Kind.insert || kind === Kind.erase || kind === Kind.eraseBack
    // Its own twin is not asked whether the position is right.
    const container = first.op.container === undefined ? undefined : this.#twin.entry(first.op.container)
    const hasContainer = box !== undefined && container?.makes === box && first.past.has(container)
    const fits = kind !== (box?.type === 'text' ? Kind.insert : Kind.type)
    if (isOurs && hasContainer && fits) this.#sequence.merge(from, to, unseen)
    else for (const [i, { isVoid }] of entries.entries()) if (isVoid) log.markVoid(from + i, from + i + 1)
    if (
      !first.isVoid &&
      box !== undefined &&
      first.box === this.#twin.root &&
      'key' in first.op &&
      first.op.key === 't'
    )
      this.#sequence.clear(from, unseen)
    if (kind === Kind.revoke)
      this.#sequence.revoke(from, log.aOf(row) === 1 ? 1 : 2, log.values[log.bOf(row)] as Targets, unseen)
    if (kind === Kind.cut && this.#cuts.take(this.#known.graph, log, from) !== undefined) this.#sequence.cut(from)
    if (
      box === undefined &&
      first.makes !== undefined &&
      first.op.kind === 'make' &&
      first.op.key === 't' &&
      first.op.gen === 0
    )
      this.#slot = first.name
  }

  #boxOf(twin: Twin): Box | undefined {
    return this.#slot === undefined ? undefined : twin.entry(this.#slot).makes
  }
}
