// The table of branches, ascending by the bytes of their actors (FORMAT §1), each with what its ops end in: so that the branch's next op can be
// written as a difference to its last without reading its history.
//
//   table  = count varint, branch*
//   branch = 2 × actor length + isFork varint, actor bytes, [branch varint, base varint], end varint, kind u8, next varint,
//            container: 0 none or the root | 1 + branch varint, seq varint
//   times  = 0 | 1 + zigzag varint     of each branch: its newest wall time, as the difference to the one before
//   A fork (core/forks.ts) has the first `base` ops of a branch before it, which are not written again; branches of one actor stand in their order.
//   Kind and container are those of the branch's last run, `next` is where its last run that had a place ended.

import { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Actors } from '../core/actors.ts'
import type { LV } from '../core/graph.ts'
import { type ActorId, actorId, compareActors, isSelfCertifying } from '../core/ids.ts'
import { Kind } from '../core/kinds.ts'
import type { Canon } from './snapshot-canon.ts'
import { type ColumnReader, pack, unpack, unzigzag, zigzag } from './snapshot-columns.ts'

/** What a branch's ops end in. */
export interface BranchContext {
  readonly kind: Kind
  /** The LV of the op that made the container of the last op; -1 for the root, or where none is meant. */
  readonly container: LV
  /** Where its last run that had a place ended. */
  readonly next: number
  /** Its newest wall time, if it ever said one. */
  readonly time: number | undefined
}

/** Where a run that has a place ends: the next index of one who goes on. */
export function endOfRun(kind: Kind, a: number, units: number): number {
  if (kind === Kind.type || kind === Kind.insert) return a + units
  return kind === Kind.eraseBack ? a - units + 1 : a
}

export function hasPlace(kind: Kind): boolean {
  return kind >= Kind.type && kind <= Kind.eraseBack
}

export function encodeBranches(canon: Canon, actors: Actors, contexts: readonly BranchContext[]): Uint8Array {
  const table = new ByteWriter()
  const times = new ByteWriter()
  let last = 0
  table.varint(canon.branches.length)
  for (const [index, branch] of canon.branches.entries()) {
    const actor = actors.bytesOf(branch)
    const { kind, next, container, time } = contexts[index] as BranchContext
    const origin = canon.origins[index] as number
    table.varint(2 * actor.length + (origin < 0 ? 0 : 1)).raw(actor)
    if (origin >= 0) table.varint(origin).varint(canon.starts[index] as number)
    table.varint(canon.graph.endOf(branch)).u8(kind).varint(zigzag(next))
    if (container < 0) table.varint(0)
    else table.varint(1 + canon.indexAt(container)).varint(canon.graph.seqAt(container))
    if (time === undefined) times.varint(0)
    else {
      times.varint(1 + zigzag(time - last))
      last = time
    }
  }
  return pack(table, times)
}

/** A row of the table; its container is named by branch and seq, as the graph is not there yet. */
export interface BranchRow {
  readonly actor: ActorId
  /** Of a fork: which row it goes on from, and how many ops it has of that. */
  readonly fork: { readonly origin: number; readonly base: number } | undefined
  readonly end: number
  readonly context: Omit<BranchContext, 'container'>
  readonly container: { readonly index: number; readonly seq: number } | undefined
}

export function decodeBranches(bytes: Uint8Array): BranchRow[] {
  const [table, times] = unpack(bytes, 2) as [ColumnReader, ColumnReader]
  const rows: BranchRow[] = []
  let left = limits.seq
  let lastTime = 0
  let ofActor = 0
  for (let count = bytes.length === 0 ? 0 : table.varint(table.left); count > 0; count--) {
    const length = table.varint()
    const actor = actorId(table.raw(Math.floor(length / 2)))
    const before = rows.at(-1)
    const order = before === undefined ? -1 : compareActors(before.actor, actor)
    const fork = length % 2 === 1 ? readFork(table, actor, rows) : undefined
    if (fork === undefined ? order >= 0 : order !== 0)
      throw new JoineryError('bad-message', 'branches are not in order')
    ofActor = fork === undefined ? 1 : ofActor + 1
    if (ofActor > limits.branches) throw new JoineryError('bad-message', `an actor has ${ofActor} branches`)
    const end = table.varint(limits.seq)
    const count = end - (fork?.base ?? 0)
    if (count <= 0 || count > left) throw new JoineryError('bad-message', 'a branch without ops')
    left -= count
    const kind = table.u8()
    if (kind > Kind.unknown) throw new JoineryError('bad-message', `no kind ${kind}`)
    const next = placeOf(table.signed())
    const at = table.varint()
    const container = at === 0 ? undefined : { index: at - 1, seq: table.varint() }
    const time = timeAfter(times.varint(), lastTime)
    lastTime = time ?? lastTime
    rows.push({ actor, fork, end, context: { kind: kind as Kind, next, time }, container })
  }
  table.end()
  times.end()
  return rows
}

function readFork(table: ColumnReader, actor: ActorId, rows: readonly BranchRow[]): BranchRow['fork'] {
  const origin = table.varint(rows.length)
  const base = table.varint(limits.seq)
  const from = rows[origin]
  if (from === undefined || from.actor !== actor || base >= from.end || isSelfCertifying(actor))
    throw new JoineryError('bad-message', 'a fork of nothing')
  return { origin, base }
}

/** An index as columns hold it; below 0 where erasing backwards went too far, which counts for nothing. */
export function placeOf(place: number): number {
  if (!(place >= -limits.seq && place <= limits.seq)) throw new JoineryError('bad-message', `no place ${place}`)
  return place
}

function timeAfter(code: number, last: number): number | undefined {
  return code === 0 ? undefined : last + unzigzag(code - 1)
}
