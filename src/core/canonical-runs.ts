// The runs of a block's structure (grammar: canonical.ts): each as long as it can be. The newest may still grow, and is not written until it cannot.

import { present } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import type { LV } from './graph.ts'
import { Kind } from './kinds.ts'
import { isSplit, lastOfChange } from './split-names.ts'
import type { Source } from './wire.ts'

/** No container. */
export const noRef = -1
const noKind = -1

export class CanonicalRuns {
  /** What is written: runs that cannot grow. */
  readonly bytes = new ByteWriter()
  readonly #source: Source
  /** The op that is read. */
  at: LV = 0
  /** The chain's hash after an op that is named: known where actors are forked. */
  hashAt: (named: LV) => Uint8Array = () => present<Uint8Array>(undefined, 'names of one past say one thing')
  #branch = 0
  /** The container of the last run that has one. */
  #lastRef = noRef
  // The run that may still grow.
  #kind = noKind
  #ref = 0
  #from: LV = 0
  #class = 0
  #a = 0
  #n = 0
  #amount: unknown

  constructor(source: Source) {
    this.#source = source
  }

  begin(branch: number): void {
    this.#branch = branch
    this.bytes.clear()
    this.#lastRef = noRef
    this.#kind = noKind
  }

  /** All runs, the newest as it is, and `ends` with their last count: good until the next call. */
  viewWith(ends: Uint8Array, endsCount: number): Uint8Array {
    const { bytes } = this
    const { length } = bytes
    const lastRef = this.#lastRef
    this.#write()
    const view = bytes.raw(ends).varint(endsCount).view()
    bytes.clear(length)
    this.#lastRef = lastRef
    return view
  }

  /** Ops that insert at `a`: they join the run before if it ends there. */
  grow(kind: Kind, ref: number, itemClass: number, a: number, n: number): void {
    const joins = this.#kind === kind && this.#ref === ref && this.#class === itemClass && this.#a + this.#n === a
    if (joins) this.#n += n
    else this.#start(kind, ref, itemClass, a, n)
  }

  /** Ops without position: whether they joined the run before. */
  repeat(kind: Kind, ref: number, amount: unknown, n: number): boolean {
    if (this.#kind === kind && this.#ref === ref && Object.is(this.#amount, amount)) {
      this.#n += n
      return true
    }
    this.#start(kind, ref, 0, 0, n)
    this.#amount = amount
    return false
  }

  /** The first unit may join the run before where the others do not: whether rows were cut there must not show. */
  erase(ref: number, a: number, n: number, isBack: boolean): void {
    const direction = this.#direction(ref, a)
    if (direction === noKind) {
      this.#start(isBack ? Kind.eraseBack : Kind.erase, ref, 0, a, n)
      return
    }
    const joinsWhole = n === 1 || isBack === (direction === Kind.eraseBack)
    this.#kind = direction
    this.#n += joinsWhole ? n : 1
    if (joinsWhole) return
    const rest = n - 1
    this.#start(isBack && rest > 1 ? Kind.eraseBack : Kind.erase, ref, 0, isBack ? a - 1 : a, rest)
  }

  /** Begins a run of one op, whose rest the caller writes. */
  single(kind: Kind, ref: number): ByteWriter {
    this.#write()
    this.#kind = noKind
    this.bytes.u8(kind)
    if (ref !== noRef) this.#container(ref, this.at)
    return this.bytes
  }

  /** Which way the run before goes if it takes an erase at `a`. */
  #direction(ref: number, a: number): number {
    if (this.#ref !== ref) return noKind
    if (this.#kind === Kind.eraseBack) return a === this.#a - this.#n ? Kind.eraseBack : noKind
    if (this.#kind !== Kind.erase) return noKind
    if (a === this.#a) return Kind.erase
    return this.#n === 1 && a === this.#a - 1 ? Kind.eraseBack : noKind
  }

  #start(kind: Kind, ref: number, itemClass: number, a: number, n: number): void {
    this.#write()
    this.#kind = kind
    this.#ref = ref
    this.#from = this.at
    this.#class = itemClass
    this.#a = a
    this.#n = n
  }

  #write(): void {
    if (this.#kind === noKind) return
    const kind = this.#kind as Kind
    this.bytes.u8(kind)
    this.#container(this.#ref, this.#from)
    if (kind === Kind.insert) this.bytes.u8(this.#class)
    if (kind !== Kind.append && kind !== Kind.add) this.bytes.varint(this.#a)
    this.bytes.varint(this.#n)
  }

  /** `at` is the run's first op. */
  #container(ref: number, at: LV): void {
    const { graph, log, actors } = this.#source
    const isSame = ref === this.#lastRef
    this.#lastRef = ref
    const maker = log.makerOf(ref)
    if (isSame) this.bytes.u8(0)
    else if (maker < 0) this.bytes.u8(1)
    else if (graph.isOf(this.#branch, maker)) this.bytes.u8(2).varint(graph.seqAt(maker))
    else {
      const splits = isSplit(this.#source, at, maker)
      this.bytes
        .u8(splits ? 4 : 3)
        .bytes(actors.bytesOf(graph.branchAt(maker)))
        .varint(graph.seqAt(maker))
      if (splits) this.bytes.raw(this.hashAt(lastOfChange(this.#source, maker)))
    }
  }
}
