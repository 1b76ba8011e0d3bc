// The names of ops that are the same on every replica: branches in the order of their actors' bytes, and seqs.

import type { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Actors } from '../core/actors.ts'
import type { Graph, LV } from '../core/graph.ts'
import { type ColumnReader, unzigzag, zigzag } from './snapshot-columns.ts'

export class Canon {
  readonly graph: Graph
  /** Branches, as the graph knows them, in canonical order; those without ops are left out. */
  readonly branches: readonly number[]
  readonly #indexes = new Map<number, number>()

  constructor(graph: Graph, branches: readonly number[]) {
    this.graph = graph
    this.branches = branches
    for (const [index, branch] of branches.entries()) this.#indexes.set(branch, index)
  }

  static of(graph: Graph, actors: Actors): Canon {
    const branches: number[] = []
    for (let branch = 0; branch < graph.branches; branch++) if (graph.endOf(branch) > 0) branches.push(branch)
    return new Canon(graph, branches.sort(actors.compare))
  }

  /** The canonical index of a branch. */
  indexOf(branch: number): number {
    return this.#indexes.get(branch) ?? -1
  }

  indexAt(lv: LV): number {
    return this.indexOf(this.graph.branchAt(lv))
  }

  readonly compare = (a: LV, b: LV): number =>
    this.indexAt(a) - this.indexAt(b) || this.graph.seqAt(a) - this.graph.seqAt(b)

  sorted(lvs: readonly LV[]): LV[] {
    return lvs.length < 2 ? [...lvs] : [...lvs].sort(this.compare)
  }

  /** The LV of the op with these names, which must be below `end`. */
  lvOf(index: number, seq: number, end: LV): LV {
    const branch = this.branches[index]
    const lv = branch === undefined ? -1 : this.graph.lvOf(branch, seq)
    if (lv < 0 || lv >= end) throw new JoineryError('bad-message', `no op ${seq} of branch ${index}`)
    return lv
  }
}

/** Dots, in two streams: branches, and differences of seqs within each branch. */
export class DotWriter {
  readonly #canon: Canon
  readonly #branches: ByteWriter
  readonly #seqs: ByteWriter
  readonly #last = new Map<number, number>()

  constructor(canon: Canon, branches: ByteWriter, seqs: ByteWriter) {
    this.#canon = canon
    this.#branches = branches
    this.#seqs = seqs
  }

  write(lv: LV): void {
    const index = this.#canon.indexAt(lv)
    const seq = this.#canon.graph.seqAt(lv)
    this.#branches.varint(index)
    this.#seqs.varint(zigzag(seq - (this.#last.get(index) ?? 0)))
    this.#last.set(index, seq)
  }
}

export class DotReader {
  readonly #canon: Canon
  readonly #end: LV
  readonly #branches: ColumnReader
  readonly #seqs: ColumnReader
  readonly #last = new Map<number, number>()

  /** Dots name ops below `end`. */
  constructor(canon: Canon, end: LV, branches: ColumnReader, seqs: ColumnReader) {
    this.#canon = canon
    this.#end = end
    this.#branches = branches
    this.#seqs = seqs
  }

  read(): LV {
    const index = this.#branches.varint(this.#canon.branches.length)
    const seq = (this.#last.get(index) ?? 0) + unzigzag(this.#seqs.varint())
    this.#last.set(index, seq)
    return this.#canon.lvOf(index, seq, this.#end)
  }
}
