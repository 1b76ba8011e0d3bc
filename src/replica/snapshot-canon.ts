// The names of ops that are the same on every replica: branches in the order of their actors' bytes, and seqs. Of a forked actor, its branches in the
// order of their hashes; the ops that several share are the first one's, and each begins where it leaves those before it.

import type { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Actors } from '../core/actors.ts'
import type { Graph, LV } from '../core/graph.ts'
import { type ColumnReader, unzigzag, zigzag } from './snapshot-columns.ts'

export class Canon {
  readonly graph: Graph
  /** Branches, as the graph knows them, in canonical order; those without ops are left out. */
  readonly branches: readonly number[]
  /** By canonical index: where the ops that count as the branch's own begin; and of which one it goes on. */
  readonly starts: readonly number[]
  readonly origins: readonly number[]
  readonly #indexes = new Map<number, number>()

  constructor(graph: Graph, branches: readonly number[]) {
    this.graph = graph
    this.branches = branches
    for (const [index, branch] of branches.entries()) this.#indexes.set(branch, index)
    const starts: number[] = []
    const origins: number[] = []
    for (const [index, branch] of branches.entries()) {
      let [origin, start] = [-1, 0]
      for (const other of graph.familyOf(branch)) {
        const before = this.#indexes.get(other)
        if (before === undefined || before >= index) continue
        const common = graph.common(other, branch)
        if (origin < 0 || common > start || (common === start && before < origin)) [origin, start] = [before, common]
      }
      starts.push(start)
      origins.push(origin)
    }
    this.starts = starts
    this.origins = origins
  }

  static of(graph: Graph, actors: Actors): Canon {
    const branches: number[] = []
    for (let branch = 0; branch < graph.branches; branch++)
      if (graph.endOf(branch) > graph.baseOf(branch)) branches.push(branch)
    return new Canon(graph, branches.sort(actors.compare))
  }

  /** How many ops count as a branch's own. */
  countOf(index: number): number {
    return this.graph.endOf(this.branches[index] as number) - (this.starts[index] as number)
  }

  /** The canonical index of a branch. */
  indexOf(branch: number): number {
    return this.#indexes.get(branch) ?? -1
  }

  indexAt(lv: LV): number {
    const owner = this.graph.branchAt(lv)
    const family = this.graph.familyOf(owner)
    if (family.length === 1) return this.indexOf(owner)
    let first = -1
    for (const branch of family) {
      const index = this.indexOf(branch)
      if (index >= 0 && (first < 0 || index < first) && this.graph.isOf(branch, lv)) first = index
    }
    return first
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
