// The event graph in its slowest form: every op knows its whole past, as a set of bits. Beside src/core/graph.ts in tests.

import { present } from '../../src/base/assert.ts'

export interface PlainOp {
  readonly branch: number
  readonly seq: number
  readonly parents: readonly number[]
  readonly lamport: number
  /** Bit lv: that op is in the past of this one, or is this one. */
  readonly past: bigint
}

const bit = (lv: number): bigint => 1n << BigInt(lv)

export class PlainGraph {
  readonly ops: PlainOp[] = []

  append(branch: number, count: number, parents: readonly number[]): void {
    for (let i = 0; i < count; i++) {
      const theirs = i === 0 ? parents : [this.ops.length - 1]
      const lamport = Math.max(0, ...theirs.map((lv) => this.op(lv).lamport)) + 1
      const past = this.version(theirs) | bit(this.ops.length)
      this.ops.push({ branch, seq: this.endOf(branch), parents: theirs, lamport, past })
    }
  }

  op(lv: number): PlainOp {
    return present(this.ops[lv], `no op ${lv}`)
  }

  endOf(branch: number): number {
    return this.ops.filter((op) => op.branch === branch).length
  }

  /** A version as the set of all that is in it. */
  version(heads: readonly number[]): bigint {
    return heads.reduce((set, lv) => set | this.op(lv).past, 0n)
  }

  get all(): bigint {
    return bit(this.ops.length) - 1n
  }

  list(set: bigint): number[] {
    return Array.from(this.ops.keys()).filter((lv) => (set & bit(lv)) !== 0n)
  }

  spans(set: bigint): number[] {
    const out: number[] = []
    for (const lv of this.list(set)) {
      if (out.at(-1) === lv) out[out.length - 1] = lv + 1
      else out.push(lv, lv + 1)
    }
    return out
  }

  /** Those in no other's past. */
  heads(lvs: readonly number[]): number[] {
    const sorted = [...new Set(lvs)].sort((x, y) => x - y)
    return sorted.filter((lv) => sorted.every((other) => other === lv || (this.op(other).past & bit(lv)) === 0n))
  }

  /** The greatest version with at most so many ops of each branch. */
  within(ends: readonly number[]): bigint {
    let set = 0n
    for (const [lv, { branch, seq, past }] of this.ops.entries())
      if (seq < (ends[branch] ?? 0) && (past & ~bit(lv) & ~set) === 0n) set |= bit(lv)
    return set
  }

  isCritical(cut: number): boolean {
    const before = bit(cut) - 1n
    return this.ops.every(({ past }, lv) => lv < cut || (before & ~past) === 0n)
  }
}
