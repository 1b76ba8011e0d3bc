// The kinds of ops, and what stands in the columns of a run of each (core/op-log.ts). An op is one unit edit; a run is consecutive ops of one
// branch that one row of columns holds. `a` and `b` are 32-bit integers.
//
//   kind        ref         a                          b                                    units
//   meta        0           0                          index of a Meta in `values`          1
//   type        text        index of the first unit    offset of the first in `units`       n: unit i goes to a + i
//   insert      list        index of the first item    offset of the first in `values`      n: item i goes to a + i (a Scalar or a Make)
//   erase       text, list  index                      0                                    n: each at index a
//   eraseBack   text, list  index of the first         0                                    n ≥ 2: unit i at index a - i (backspace)
//   set         map         key                        index of a Scalar in `values`        1
//   make        map         key                        type + 16 * gen                      1
//   unset       map         key                        0                                    1
//   add         counter     0: b is the amount,        amount (int32), or index of a        n: the same amount n times
//                           1: b is an index           number or bigint in `values`
//   include     set         0                          index of a Scalar in `values`        1
//   exclude     set         0                          index of a Scalar in `values`        1
//   append      log         0                          offset of the first in `values`      n: items, one after the other
//   assign      register    0                          index of a Scalar in `values`        1
//   revoke      0           level: 1 undo, 2 redo      index of a Targets in `values`       1
//   cut         0           1 cut, 2 uncut             index of a Cut in `values`           1
//   unknown     0           kind code                  index of the bytes in `values`       1: from a newer joinery: void (even), or not merged (odd)
//
// Indexes of type, insert, erase and eraseBack refer to what the author saw: the container at the op's parents, and the run's units before.
// `ref` names the container by an op that made it; ref 0 is the root map, and stands where no container is meant.

export const Kind = {
  meta: 0,
  type: 1,
  insert: 2,
  erase: 3,
  eraseBack: 4,
  set: 5,
  make: 6,
  unset: 7,
  add: 8,
  include: 9,
  exclude: 10,
  append: 11,
  assign: 12,
  revoke: 13,
  cut: 14,
  unknown: 15,
} as const

export type Kind = (typeof Kind)[keyof typeof Kind]

/** Types of containers, by code. `set` is add-wins, `rwset` remove-wins; `counter` goes both ways, `gcounter` only grows. */
export const containerTypes = ['map', 'list', 'text', 'counter', 'set', 'rwset', 'log', 'register', 'gcounter'] as const

export type ContainerType = (typeof containerTypes)[number]

/** A container that an insert makes, as an item of its list. One for each type; they are compared by identity. */
export class Make {
  readonly type: ContainerType
  constructor(type: ContainerType) {
    this.type = type
  }
}

export const makes: Readonly<Record<ContainerType, Make>> = Object.fromEntries(
  containerTypes.map((type) => [type, new Make(type)]),
) as Record<ContainerType, Make>

/** What is no edit. Written only where it differs from what was before. */
export interface Meta {
  /** Wall time in milliseconds, for people. */
  readonly time?: number
  readonly message?: string
  /** 16 random bytes: a member's first op in a document has them, so that its tips cannot be guessed (FORMAT §2). */
  readonly salt?: Uint8Array
  /** What the change follows in other documents (sync/depends.ts), and roster citations to come; here it is carried as it came. */
  readonly depends?: Uint8Array
}

/** What a revoke switches, as spans of local versions: [start, end, start, end, …], ascending. */
export type Targets = Int32Array

/** Cuts off every op of `actor` that is not at or before `afterSeq`, the op with this hash, which it links to. The roster is to decide who may. */
export interface Cut {
  readonly actor: Uint8Array
  readonly afterSeq: number
  readonly hash: Uint8Array
}
