// Where merging stopped: the ops of a branch from there on are held, and only a newer joinery knows what they mean or what they build on.
//
//   stops = (branch varint, seq varint)*     ascending by branch

import { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Canon } from './snapshot-canon.ts'
import { ColumnReader } from './snapshot-columns.ts'

export interface Stop {
  /** As the graph knows it. */
  readonly branch: number
  /** The first op that is not merged. */
  readonly seq: number
}

export function encodeStops(stops: readonly Stop[], canon: Canon): Uint8Array {
  const writer = new ByteWriter()
  const first = new Map<number, number>()
  for (const { branch, seq } of stops)
    for (const one of canon.graph.familyOf(branch)) {
      const index = canon.indexOf(one)
      const from = Math.max(seq, canon.starts[index] ?? 0)
      if (index < 0 || !canon.graph.isOf(one, canon.graph.lvOf(branch, seq)) || from >= canon.graph.endOf(one)) continue
      first.set(index, Math.min(from, first.get(index) ?? from))
    }
  for (const [index, seq] of [...first].sort(([a], [b]) => a - b)) writer.varint(index).varint(seq)
  return writer.finish()
}

export function decodeStops(bytes: Uint8Array, canon: Canon): Stop[] {
  const reader = new ColumnReader(bytes)
  const stops: Stop[] = []
  for (let last = -1; reader.left > 0; ) {
    const index = reader.varint()
    const branch = canon.branches[index]
    const seq = reader.varint()
    if (index <= last || branch === undefined || seq >= canon.graph.endOf(branch))
      throw new JoineryError('bad-message', 'a snapshot stops where nothing is')
    last = index
    stops.push({ branch, seq })
  }
  return stops
}
