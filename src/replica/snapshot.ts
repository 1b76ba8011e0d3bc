// A snapshot, version 0: everything held, actor by actor. Equal sets of ops give equal bytes if the signatures are left out (Invariant 6): they
// are a cache of who could vouch for what, and differ by what each replica happened to be sent. A snapshot and later ops equal the replay of
// all ops (Invariant 10), since it is received as these are.
//
//   snapshot = "joinery-snapshot" (16 bytes), version u8 0, flags u8 (1 with signatures), count varint, range*
//   Ranges are ordered by actor, then seq. Without signatures there is one for each actor, or one for about every 4 MiB.

import { ByteReader, ByteWriter, equalBytes, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { compareActors } from '../core/ids.ts'
import type { Branch, Log, SignedTip } from '../core/log.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'

const magic = utf8('joinery-snapshot')
const newest = 0
/** Older tips are kept this far apart in a snapshot. */
const tipSpacing = 4096

export function encodeSnapshot(log: Log, signatures: boolean): Uint8Array {
  const branches = [...log.branches.values()].filter((branch) => branch.end > 0)
  branches.sort((a, b) => compareActors(a.name, b.name))
  const ranges = branches.flatMap((branch) => rangesOf(log, branch, signatures))
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

function rangesOf(log: Log, branch: Branch, signatures: boolean): SignedRange[] {
  if (signatures) return log.ranges(branch, 0, branch.changes.length, sparse(branch.tips))
  return log.ranges(branch, 0, branch.changes.length).map((range) => ({ ...range, signature: new Uint8Array(0) }))
}

/** The newest signed tip, and some before it. */
function sparse(tips: readonly SignedTip[]): SignedTip[] {
  let last = 0
  return tips.filter((tip, i) => {
    if (tip.end < last + tipSpacing && i < tips.length - 1) return false
    last = tip.end
    return true
  })
}
