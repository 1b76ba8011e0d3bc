// Signed tips in a snapshot: who could vouch for what. A cache, which differs by what each replica happened to be sent, so not canonical.
//
//   tips = (branch varint, end varint, tip hash 32, signature 64)*     ascending by branch and end

import { assert } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Canon } from './snapshot-canon.ts'
import { ColumnReader } from './snapshot-columns.ts'

const hashLength = 32
const signatureLength = 64

export interface SnapshotTip {
  /** As the graph knows it. */
  readonly branch: number
  /** Half open: how many ops it covers. */
  readonly end: number
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

export function encodeTips(tips: readonly SnapshotTip[], canon: Canon): Uint8Array {
  const sorted = [...tips].sort((a, b) => canon.indexOf(a.branch) - canon.indexOf(b.branch) || a.end - b.end)
  const writer = new ByteWriter()
  for (const { branch, end, hash, signature } of sorted) {
    assert(hash.length === hashLength && signature.length === signatureLength, 'a tip has a hash and a signature')
    writer.varint(canon.indexOf(branch)).varint(end).raw(hash).raw(signature)
  }
  return writer.finish()
}

export function decodeTips(bytes: Uint8Array, canon: Canon): SnapshotTip[] {
  const reader = new ColumnReader(bytes)
  const tips: SnapshotTip[] = []
  while (reader.left > 0) {
    const branch = canon.branches[reader.varint()]
    const end = reader.varint()
    if (branch === undefined || end === 0 || end > canon.graph.endOf(branch))
      throw new JoineryError('bad-message', 'a tip of ops that are not there')
    tips.push({ branch, end, hash: reader.raw(hashLength).slice(), signature: reader.raw(signatureLength).slice() })
  }
  return tips
}
