// A snapshot, version 0: everything held, actor by actor. Equal sets of ops give equal bytes if the signatures are left out (Invariant 6): they
// are a cache of who could vouch for what, and differ by what each replica happened to be sent. A snapshot and later ops equal the replay of
// all ops (Invariant 10), since it is received as these are.
//
//   snapshot = "joinery-snapshot" (16 bytes), version u8 0, flags u8 (1 with signatures), count varint, range*
//   Ranges are ordered by actor, then seq. Without signatures there is one for each actor, or one for about every 4 MiB.

import { ByteReader, ByteWriter, equalBytes, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'
import type { History } from './history.ts'

const magic = utf8('joinery-snapshot')
const newest = 0

export function encodeSnapshot(history: History, signatures: boolean): Uint8Array {
  const ranges = branchesInOrder(history).flatMap((branch) => rangesOf(history, branch, signatures))
  const writer = new ByteWriter(4096)
    .raw(magic)
    .u8(newest)
    .u8(signatures ? 1 : 0)
    .varint(ranges.length)
  for (const range of ranges) encodeRange(writer, range)
  return writer.finish()
}

/** Total: any bytes give ranges, or 'bad-message' or 'store-newer'. */
export function decodeSnapshot(bytes: Uint8Array): SignedRange[] {
  const reader = new ByteReader(bytes)
  if (!equalBytes(reader.raw(magic.length), magic)) throw new JoineryError('bad-message', 'this is no snapshot')
  const version = reader.u8()
  if (version > newest) throw new JoineryError('store-newer', `a snapshot of version ${version} needs a newer joinery`)
  if (reader.u8() > 1) throw new JoineryError('bad-message', 'a snapshot has unknown flags')
  const ranges: SignedRange[] = []
  for (let left = reader.varint(reader.left); left > 0; left--) ranges.push(decodeRange(reader))
  reader.end()
  return ranges
}

function branchesInOrder({ graph, actors }: History): number[] {
  const branches: number[] = []
  for (let branch = 0; branch < graph.branches; branch++) if (graph.endOf(branch) > 0) branches.push(branch)
  return branches.sort(actors.compare)
}

function rangesOf(history: History, branch: number, signatures: boolean): SignedRange[] {
  const end = history.graph.endOf(branch)
  const cuts = signatures
    ? history
        .tips(branch)
        .sparse()
        .map((tip) => tip.end)
    : []
  const ranges: SignedRange[] = []
  for (let from = 0; from < end; ) {
    const next = cuts.find((cut) => cut > from) ?? end
    const to = history.pieceEnd(branch, from, next)
    const range = history.range(branch, from, to)
    ranges.push(signatures ? range : { ...range, signature: new Uint8Array(0) })
    from = to
  }
  return ranges
}
