// Runs cut anew: the rows of a log are cut by arrival, by void marks and by links; the runs of a snapshot are as long as they can be, taking op
// after op, so they are a function of the ops alone (Invariant 6). All pieces handed in are of one branch, in the order of seqs.

import { Kind } from '../core/kinds.ts'

/** Code of an unknown kind: ops whose content did not show and was dropped, kind and all. They keep their names, and count for nothing. */
export const forgotten = 0

export interface Run {
  kind: Kind
  /** The container, as the log's ref. */
  ref: number
  a: number
  /** Of an add, the amount; of others what stands in `b`. */
  b: unknown
  units: number
}

export class RunCutter {
  readonly #emit: (run: Readonly<Run>) => void
  #run: Run | undefined

  constructor(emit: (run: Readonly<Run>) => void) {
    this.#emit = emit
  }

  push(kind: Kind, ref: number, a: number, b: unknown, units: number): void {
    if (kind === Kind.erase || (kind === Kind.eraseBack && units === 1)) this.#erase(ref, a, units)
    else if (kind === Kind.eraseBack) this.#eraseBack(ref, a, units)
    else if (!this.#joins(kind, ref, a, b, units)) this.#begin(kind, ref, a, b, units)
  }

  flush(): void {
    if (this.#run !== undefined) this.#emit(this.#run)
    this.#run = undefined
  }

  #begin(kind: Kind, ref: number, a: number, b: unknown, units: number): void {
    this.flush()
    this.#run = { kind, ref, a, b, units }
  }

  #joins(kind: Kind, ref: number, a: number, b: unknown, units: number): boolean {
    const run = this.#run
    if (run === undefined || run.kind !== kind || run.ref !== ref) return false
    const isNext =
      kind === Kind.type || kind === Kind.insert
        ? a === run.a + run.units
        : kind === Kind.append ||
          (kind === Kind.add && Object.is(b, run.b)) ||
          (kind === Kind.unknown && a === forgotten && run.a === forgotten)
    if (isNext) run.units += units
    return isNext
  }

  /** One after the other at the same index; the first of them may instead end a run backwards. */
  #erase(ref: number, a: number, units: number): void {
    const run = this.#run
    if (run !== undefined && run.ref === ref && run.kind === Kind.erase && run.a === a) {
      run.units += units
      return
    }
    const left = this.#stepsBack(ref, a, 1) ? units - 1 : units
    if (left > 0) this.#begin(Kind.erase, ref, a, 0, left)
  }

  /** One before the other; the first of them may instead end a run at its index. */
  #eraseBack(ref: number, a: number, units: number): void {
    const run = this.#run
    if (this.#stepsBack(ref, a, units)) return
    if (run !== undefined && run.ref === ref && run.kind === Kind.erase && run.a === a) {
      run.units += 1
      this.#begin(units === 2 ? Kind.erase : Kind.eraseBack, ref, a - 1, 0, units - 1)
    } else this.#begin(Kind.eraseBack, ref, a, 0, units)
  }

  #stepsBack(ref: number, a: number, units: number): boolean {
    const run = this.#run
    if (run === undefined || run.ref !== ref || a !== run.a - run.units) return false
    if (run.kind !== Kind.eraseBack && (run.kind !== Kind.erase || run.units !== 1)) return false
    run.kind = Kind.eraseBack
    run.units += units
    return true
  }
}
