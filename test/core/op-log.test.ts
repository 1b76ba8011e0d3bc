import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Kind } from '../../src/core/kinds.ts'
import { advanceA, advanceB, OpLog } from '../../src/core/op-log.ts'

/** One unit op, as a plain object: what a log of runs stands for. */
interface UnitOp {
  readonly kind: Kind
  readonly ref: number
  readonly a: number
  readonly b: number
  isVoid: boolean
  isEnd: boolean
}

/** The ops of a log, one by one. A delete of one unit has no direction. */
function unitOps(log: OpLog): UnitOp[] {
  const out: UnitOp[] = []
  for (let row = 0; row < log.count; row++) {
    const [start, end, kind] = [log.startOf(row), log.endOf(row), log.kindOf(row)]
    expect(start).toBe(out.length)
    if (kind === Kind.eraseBack) expect(end - start).toBeGreaterThan(1)
    for (let lv = start; lv < end; lv++) {
      expect(log.rowAt(lv)).toBe(row)
      out.push({
        kind: kind === Kind.eraseBack ? Kind.erase : kind,
        ref: log.refOf(row),
        a: advanceA(kind, log.aOf(row), lv - start),
        b: advanceB(kind, log.bOf(row), lv - start),
        isVoid: log.isVoid(row),
        isEnd: log.changeEnds.get(lv) === 1,
      })
    }
  }
  expect(log.length).toBe(out.length)
  return out
}

class Pair {
  readonly log = new OpLog()
  readonly plain: UnitOp[] = []
  /** Where changes began, with the lengths of the stores then. */
  readonly #marks: (readonly [lv: number, units: number, values: number])[] = []
  readonly #below: (max: number) => number

  constructor(seed: number) {
    const random = seededRandom(seed)
    this.#below = (max) => Math.floor(random.unit() * max)
  }

  change(): void {
    const { log, plain } = this
    this.#marks.push([log.length, log.units.length, log.values.length])
    const start = log.length
    const goesOn = this.#below(4) > 0
    for (let i = this.#below(4); i >= 0; i--) this.#push(goesOn || i > 0)
    log.endChange(log.length - start)
    const last = plain.at(-1)
    if (last !== undefined) last.isEnd = true
  }

  /** One run of any kind; usually one that may join the last. Ends no change. */
  #push(goesOn: boolean): void {
    const { log, plain } = this
    const below = this.#below
    const last = plain.at(-1)
    const kinds = [
      Kind.type,
      Kind.type,
      Kind.erase,
      Kind.erase,
      Kind.eraseBack,
      Kind.insert,
      Kind.append,
      Kind.add,
      Kind.set,
    ]
    const like = last !== undefined && below(3) > 0
    const kind = like && last.kind !== Kind.erase ? last.kind : (kinds[below(kinds.length)] as Kind)
    const ref = like ? last.ref : below(3)
    const near = like ? last.a + below(3) - 1 : below(50) + 10
    const n = kind === Kind.set ? 1 : kind === Kind.eraseBack ? 2 + below(3) : 1 + below(3)
    const a = kind === Kind.append ? 0 : kind === Kind.add ? below(2) : Math.max(10, near)
    const b = this.#content(kind, n)
    log.push(kind, ref, a, b, n, goesOn)
    for (let i = 0; i < n; i++)
      plain.push({
        kind: kind === Kind.eraseBack ? Kind.erase : kind,
        ref,
        a: advanceA(kind, a, i),
        b: advanceB(kind, b, i),
        isVoid: false,
        isEnd: false,
      })
  }

  #content(kind: Kind, n: number): number {
    const { log } = this
    if (kind === Kind.type) return log.units.push('x'.repeat(n))
    if (kind === Kind.insert || kind === Kind.append || kind === Kind.set) {
      for (let i = 0; i < n; i++) log.values.push(i)
      return log.values.length - n
    }
    return kind === Kind.add ? this.#below(2) : 0
  }

  alter(): void {
    const { log, plain } = this
    const from = this.#below(plain.length + 1)
    const to = Math.min(plain.length, from + this.#below(6))
    const what = this.#below(6)
    if (what === 0) log.splitAt(from)
    else if (what === 1 && from < to) {
      log.markVoid(from, to)
      for (const op of plain.slice(from, to)) op.isVoid = true
    } else if (what === 2 && this.#marks.length > 0) {
      const keep = Math.max(0, this.#marks.length - 1 - this.#below(3))
      const [lv, units, values] = this.#marks[keep] as readonly [number, number, number]
      this.#marks.length = keep
      log.truncate(lv, units, values)
      plain.length = lv
      expect([log.length, log.units.length, log.values.length, log.changeEnds.length]).toEqual([lv, units, values, lv])
    }
  }
}

describe('the op log', () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed + 1))('is a list of unit ops, seed %i', (seed) => {
    const pair = new Pair(seed)
    for (let step = 0; step < 150; step++) {
      pair.change()
      pair.alter()
      expect(unitOps(pair.log)).toEqual(pair.plain)
    }
  })

  const log = (pushes: readonly (readonly [kind: Kind, a: number, units: number])[]): string => {
    const made = new OpLog()
    for (const [kind, a, units] of pushes) {
      const b = kind === Kind.type ? made.units.push('x'.repeat(units)) : 0
      made.push(kind, 1, a, b, units, true)
    }
    const names = new Map(Object.entries(Kind).map(([name, kind]) => [kind, name]))
    const rows = Array.from({ length: made.count }, (_, row) => row)
    return rows
      .map((row) => `${names.get(made.kindOf(row))} ${made.aOf(row)} x${made.endOf(row) - made.startOf(row)}`)
      .join(', ')
  }

  it.each([
    [
      'what is typed on',
      [
        [Kind.type, 5, 1],
        [Kind.type, 6, 2],
        [Kind.type, 8, 1],
      ],
      'type 5 x4',
    ],
    [
      'typed elsewhere',
      [
        [Kind.type, 5, 1],
        [Kind.type, 5, 1],
      ],
      'type 5 x1, type 5 x1',
    ],
    [
      'deleted onwards',
      [
        [Kind.erase, 5, 1],
        [Kind.erase, 5, 2],
      ],
      'erase 5 x3',
    ],
    [
      'deleted backwards',
      [
        [Kind.erase, 5, 1],
        [Kind.erase, 4, 1],
        [Kind.erase, 3, 1],
      ],
      'eraseBack 5 x3',
    ],
    [
      'a pair deleted backwards',
      [
        [Kind.erase, 5, 2],
        [Kind.erase, 4, 1],
      ],
      'erase 5 x2, erase 4 x1',
    ],
    [
      'a run backwards that goes on',
      [
        [Kind.erase, 5, 1],
        [Kind.eraseBack, 4, 3],
      ],
      'eraseBack 5 x4',
    ],
    [
      'backwards, then onwards',
      [
        [Kind.eraseBack, 5, 2],
        [Kind.erase, 4, 1],
      ],
      'eraseBack 5 x2, erase 4 x1',
    ],
  ] as const)('%s', (_, pushes, rows) => {
    expect(log(pushes)).toBe(rows)
  })

  it('gives keys and containers numbers that stay', () => {
    const made = new OpLog()
    expect([made.keyId('a'), made.keyId('__proto__'), made.keyId('a')]).toEqual([0, 1, 0])
    expect([made.refTo(-1), made.refTo(7), made.refTo(9), made.refTo(7)]).toEqual([0, 1, 2, 1])
    expect([made.makerOf(0), made.makerOf(2)]).toEqual([-1, 9])
  })
})
