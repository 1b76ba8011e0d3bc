// Ops on the wire, version 0: the body of a range, whole consecutive changes of one branch, from its op `fromSeq` on, to the end of the bytes.
// (Deltas, which hold such bodies, are in wire-delta.ts. What is hashed is another grammar: canonical.ts.) Many bodies can say the same ops.
//
//   body      = item*                        the last op ends its change
//   item      = head u8, rest                head = kind | where << 4 | mode << 6
//
//   kind      = as in kinds.ts. Kinds to come stand under 15 with a number from 16 on and their length; those with odd numbers are critical:
//               who does not know them must not merge their change or anything after it. The others are void where they are not known.
//   where     = 0 the container of the op before, at the position where that op ended
//             | 1 the same container, at another position: jump
//             | 2 container, and a position from 0 on
//               Kinds without positions use 0 and 2; those with a key add 1 where this body named the key before; kinds without a container
//               (meta, revoke, cut, 15) use 0.
//   mode      = 0 one op, the last of its change | 1 n ops, each the last of its change (n ≥ 2)
//             | 2 n ops, the last one the last of its change (n ≥ 2) | 3 n ops, none of them (n ≥ 1)
//               Only type, insert, erase, eraseBack, add and append have n; the others are one op, with mode 0 or 3.
//
//   rest      = [n varint], [container], [jump zigzag varint | position varint], content
//   content   = type       n units: each a varint
//             | insert     n × (value | 16 + type u8)         a Make of this type
//             | erase | eraseBack                             nothing; eraseBack of n goes from its position downwards
//             | set        key, value | make key, type + 16 * gen varint | unset key
//             | add        0 value | 1 + zigzag(int32) varint
//             | include, exclude, assign: value | append: n values
//             | meta       flags u8 (1 time, 2 message, 4 salt, 8 depends), [zigzag varint: ms since the last time in this body, at first 0],
//                          [string], [16 bytes], [bytes]
//             | revoke     level u8, count varint, (dot, count varint)*
//             | cut        1 | 2 u8, actor bytes, afterSeq varint, hash (32)
//             | 15         code varint, bytes
//   links     = head 0x10, count varint (1-32), dot*          no op: before the first op of a change; never the own branch
//   key       = string | i varint                             the i-th key of this body
//   dot       = 0 seq: the own branch's | 1 n: the own op n + 1 before this one | 2 short id (8), seq | 3 actor bytes, seq
//             | 4 actor bytes, tag (8), rest varint, seq: of a forked actor, where whoever writes the body knows of the fork (forks.ts): the first
//               bytes of the chain's hash after the change of that op, of targets of the last one, which has so many ops behind it
//             | 5 + i, seq: the i-th actor in the table
//   table     = in a stand-alone body: who was named by 2 or 3, in order; in a session (wire-delta.ts): the session's, and 2 and 3 add nothing
//   container = 0 the root map | 1 + the first number of a dot, and its rest: an op that made it
//
// The op before the first one is the branch's op before `fromSeq`, which whoever merges the body has: so one more typed character is two bytes.
// A stand-alone body (`alone`) begins with where = 2 instead. Before op 0 is the root, position 0.
// The position where an op ended: after type and insert behind what they inserted, after erase and eraseBack where the gap is (an eraseBack that
// goes on begins one before). After any other op it is 0; and after an op without container, the container is the root.

import type { Actors } from './actors.ts'
import type { Chains, Forks } from './forks.ts'
import type { Graph } from './graph.ts'
import { Kind } from './kinds.ts'
import type { OpLog } from './op-log.ts'

/** Where ops are read from. */
export interface Source {
  readonly graph: Graph
  readonly log: OpLog
  readonly actors: Actors
  /** Asked only where an actor was forked. */
  readonly chain?: Chains
  readonly forks?: Forks
}

/** Where an op ended: what the next one may refer to. The container by the op that made it; branch -1 is the root map. */
export interface WirePlace {
  branch: number
  seq: number
  position: number
}

export const rootBranch = -1
/** Stands for the branch of a body that is read before it is known which one that is. */
export const ownBranch = 2 ** 30
export const wireVersion = 0
export const messageBytesMax = 4096
export const timeMax = 8.64e15
export const saltBytes = 16
export const hashBytes = 32
export const actorBytesMax = 64
/** Kinds to come are numbered from here on. */
export const newKindMin = 16
export const linksHead = 0x10
/** In a head: the key was named before. */
export const knownKey = 0x10

export const Where = { on: 0, jump: 1, other: 2 } as const
export const Mode = { one: 0, each: 1, last: 2, none: 3 } as const
export const Dot = { own: 0, back: 1, short: 2, full: 3, forked: 4, table: 5 } as const

/** By kind: whether a run of it has n ops, a position in a sequence, a container. */
const hasCount = 1
const hasPosition = 2
const hasContainer = 4
const traits = new Uint8Array(16)
for (const kind of [Kind.type, Kind.insert, Kind.erase, Kind.eraseBack])
  traits[kind] = hasCount | hasPosition | hasContainer
for (const kind of [Kind.add, Kind.append]) traits[kind] = hasCount | hasContainer
for (const kind of [Kind.set, Kind.make, Kind.unset, Kind.include, Kind.exclude, Kind.assign])
  traits[kind] = hasContainer

export function isRun(kind: number): boolean {
  return ((traits[kind] as number) & hasCount) !== 0
}

export function hasKey(kind: number): boolean {
  return kind === Kind.set || kind === Kind.make || kind === Kind.unset
}

export function isSequence(kind: number): boolean {
  return ((traits[kind] as number) & hasPosition) !== 0
}

export function isInContainer(kind: number): boolean {
  return ((traits[kind] as number) & hasContainer) !== 0
}

/** Where n ops of this kind end that begin at `a`. */
export function positionAfter(kind: number, a: number, n: number): number {
  if (kind === Kind.type || kind === Kind.insert) return a + n
  if (kind === Kind.erase) return a
  return kind === Kind.eraseBack ? a - n + 1 : 0
}

/** The row of an LV: most often the newest, or the one looked at before. */
export function logRowAt(log: OpLog, lv: number): number {
  const last = log.count - 1
  return log.startOf(last) <= lv ? last : log.rowAt(lv)
}

/** Where the op before ended, if that is not known: from the middle of all positions, jumps lead to one in either direction. */
export const anywhere: WirePlace = { branch: rootBranch, seq: 0, position: 2 ** 30 }

/** Where a branch's newest op before `seq` ended; the root if there is none. */
export function placeBefore({ graph, log }: Source, branch: number, seq: number): WirePlace {
  if (seq === 0) return { branch: rootBranch, seq: 0, position: 0 }
  const lv = graph.lvOf(branch, seq - 1)
  const row = logRowAt(log, lv)
  const maker = log.makerOf(log.refOf(row))
  const position = positionAfter(log.kindOf(row), log.aOf(row), lv - log.startOf(row) + 1)
  if (maker < 0) return { branch: rootBranch, seq: 0, position }
  return { branch: graph.branchAt(maker), seq: graph.seqAt(maker), position }
}

export function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value && !Object.is(value, -0)
}

export function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
