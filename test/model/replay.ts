// What a replica holds, as the slow twin means it: by its ops alone, read from graph and log.

import type { Replica } from '../../src/replica/replica.ts'
import { Twin } from './engine-twin.ts'
import { nameAt, opsOf } from './twin-adapter.ts'
import { valueAt } from './twin-show.ts'

export function replayModel({ history }: Replica): unknown {
  history.log.thaw()
  const twin = new Twin()
  for (const op of opsOf(history)) twin.add(op)
  return valueAt(twin, twin.version(history.graph.frontier.map((lv) => nameAt(history, lv))))
}
