// Twenty-five peers in one process beside the one that made the document, each with twenty edits: until all of them show all.

import type { Measurement } from '../measurement.ts'
import { AFTER_MS, sleep } from '../pair.ts'
import { sharedOne, withPair } from './typing.ts'

const PEERS = 25
const EACH = 20

export const crowd: readonly Measurement[] = [
  {
    id: '25-peers',
    rows: { '25-peers/time': 'ms' },
    limitMs: 180_000,
    run: (engine) =>
      withPair(
        engine,
        async (pair) => {
          const id = await sharedOne(pair)
          await sleep(AFTER_MS)
          const beganAt: number = await pair.b.call('crowd', { id, each: EACH })
          const ends: number[] = await Promise.all(
            [pair.a, pair.b].map((side) => side.call('reached', { ids: [id], length: PEERS * EACH })),
          )
          await pair.ensureSame([id])
          return { '25-peers/time': Math.max(...ends) - beganAt }
        },
        { count: PEERS },
      ),
  },
]
