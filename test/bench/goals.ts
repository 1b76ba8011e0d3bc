// What we aim at, row by row: a share of the best other's figure in the same run, or a plain limit.

import type { Goal } from './statistics.ts'

const atMost = (most: number): Goal => ({ most })
const ofBest = (ratio: number): Goal => ({ ratio })

export const goals: Readonly<Record<string, Goal>> = {
  'B1.1/time': ofBest(0.5),
  'B1.3/time': ofBest(0.5),
  'B1.4/time': ofBest(0.5),
  'B1.5/time': ofBest(0.5),
  'B1.7/time': ofBest(0.5),
  'B1.8/time': ofBest(0.5),
  'B1.10/time': ofBest(0.3),
  'B1.11/time': ofBest(0.3),
  'B1.4/bytes': ofBest(0.95),
  'B1.5/bytes': ofBest(0.95),
  'B2.2/time': ofBest(0.8),
  'B2.3/time': ofBest(0.8),
  'B2.4/time': ofBest(0.8),
  'B3.1/batch': ofBest(1),
  'B3.2/batch': ofBest(1),
  'B3.3/batch': ofBest(1),
  'B3.4/batch': ofBest(1),
  'B3.5/batch': ofBest(1),
  'B4/handle': ofBest(0.5),
  'B4/change': ofBest(0.5),
  'B4/one-transaction': ofBest(0.6),
  'B4/bytes-full': ofBest(0.7),
  'B4/bytes-live': ofBest(0.75),
  'B4/load': ofBest(0.5),
  'B4/load-uncompressed': ofBest(0.5),
  'B4/load-first-edit': ofBest(0.5),
  'B4/memory': ofBest(0.8),
  'B4x100/time': atMost(5000),
  'B4x100/memory': atMost(80),
  'delta/bytes': ofBest(1),
  'delta/apply': ofBest(1),
  'delta/one-character': atMost(5),
  'delta/one-character-bytes': atMost(17),
  'delta/one-character-bytes-session': atMost(12),
  'friendsforever/stream': ofBest(1),
  'friendsforever/merge': ofBest(1.2),
  'friendsforever/bytes': ofBest(0.75),
  'node_nodecc/merge': ofBest(1),
  'node_nodecc/bytes': ofBest(0.8),
  'map100k/local': ofBest(0.4),
  'map100k/remote': ofBest(0.5),
  'map100k/load': ofBest(0.6),
  'map100k/delta-bytes': ofBest(0.6),
  'map100k/bytes': ofBest(0.65),
  'todo/local': ofBest(0.5),
  'todo/remote': ofBest(0.5),
  'todo/load': ofBest(0.5),
  'counter50k/local': ofBest(0.1),
  'counter50k/delta-bytes': atMost(12),
  'list-move/local': ofBest(0.5),
  'list-move/delta-bytes': ofBest(0.25),
}

/** Rows of ours alone that are held against what the others do in another row. */
export const comparedWith: Readonly<Record<string, string>> = {
  'B4/change': 'B4/handle',
  'B4/load-uncompressed': 'B4/load',
  'B4/bytes-uncompressed': 'B4/bytes-full',
}

/** The weight of `joinery/doc`, minified and gzipped, with all its exports. */
export const sizeGoalBytes = 20_000

const cold =
  'measured in fresh processes, where part of the time, in the short rows most of it, goes by before the platform has compiled what runs; and our way from an edit to its bytes, and back, has more functions than theirs.'

/** What holds a row back, if it falls short of its goal. */
const reasons: Readonly<Record<string, string>> = {
  'map100k/bytes':
    'a full history keeps each of the 90,000 values that were overwritten, theirs does not; `live` drops them.',
  'map100k/delta-bytes':
    'a delta that stands alone names its actor in 8 bytes, and the key in full; in a session the actor is named once.',
  'counter50k/delta-bytes': 'a delta that stands alone names its actor in 8 bytes; in a session it is named once.',
  'B4x100/time': 'the bytes of each edit are an array of their own, and 26 million of them are made and dropped.',
  'B4x100/memory':
    'the log keeps a row for each run, and all that was ever typed, unpacked while the document is open.',
  'delta/bytes': 'not compressed; the smallest one is.',
  'list-move/local': 'there is no movable list yet.',
  'list-move/delta-bytes': 'there is no movable list yet.',
}

export function reasonOf(row: string): string {
  return reasons[row] ?? cold
}
