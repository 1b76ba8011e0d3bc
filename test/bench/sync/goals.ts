// What we aim at, row by row: a share of the best other's figure in the same run, or a limit, which may be made of other figures of that run.

import { type Goal, ours } from '../statistics.ts'
import { floor } from './engine.ts'

/** The median of an engine in a row, if there is one. */
export type Figure = (row: string, engine: string) => number | undefined

const atMost = (most: number) => (): Goal => ({ most })
const ofBest = (ratio: number) => (): Goal => ({ ratio })

const goals: Readonly<Record<string, (figure: Figure) => Goal | undefined>> = {
  'latency/median': (figure) => twiceFloor(figure, 'median'),
  'latency/p99': (figure) => twiceFloor(figure, 'p99'),
  'lone-edit/bytes': atMost(300),
  'burst/time': ofBest(1),
  'burst/bytes': atMost(105_000),
  'unchanged/bytes': atMost(500),
  'unchanged-1000/bytes': atMost(500),
  'told-1000/unchanged-bytes': atMost(500),
  'told-10000/unchanged-bytes': atMost(500),
  'told-100000/unchanged-bytes': atMost(500),
  '10-of-1000/time': atMost(200),
  '10-of-1000/bytes': (figure) => besides(figure('10-of-1000/missing-bytes', ours), 1, 2_500),
  'told-1000/10-bytes': (figure) => besides(figure('10-of-1000/missing-bytes', ours), 1, 2_500),
  'told-10000/10-bytes': (figure) => besides(figure('10-of-1000/missing-bytes', ours), 1, 2_500),
  'told-100000/10-bytes': (figure) => besides(figure('10-of-1000/missing-bytes', ours), 1, 2_500),
  'told-1000/10-round-trips': atMost(1.5),
  'told-10000/10-round-trips': atMost(1.5),
  'told-100000/10-round-trips': atMost(1.5),
  'rejoin/time': atMost(100),
  'rejoin/bytes': (figure) => besides(figure('rejoin/missing-compressed', ours), 1.1, 512),
  'first-sync/time': atMost(50),
  'first-sync/bytes': (figure) => besides(figure('first-sync/snapshot', ours), 1.03, 0),
  'symbols/20': atMost(1.7),
  'symbols/100': atMost(1.7),
  'symbols/1000': atMost(1.7),
  'symbols/10000': atMost(1.7),
  '25-peers/time': (figure) => besides(figure('25-peers/time', 'yjs'), 3, 0),
}

export function goalOf(row: string, figure: Figure): Goal | undefined {
  return goals[row]?.(figure)
}

/** Twice what gossipsub alone takes for a message, and a sync to disk, together. */
function twiceFloor(figure: Figure, what: 'median' | 'p99'): Goal | undefined {
  const [message, sync] = [figure(`latency/${what}`, floor), figure(`fdatasync/${what}`, floor)]
  return message === undefined || sync === undefined ? undefined : { most: 2 * (message + sync) }
}

function besides(bytes: number | undefined, times: number, more: number): Goal | undefined {
  return bytes === undefined ? undefined : { most: Math.round(times * bytes + more) }
}

const opening =
  'libp2p opens a stream for it, and adds more to each of these small frames than half of what is in it; the frames alone are within the goal (`told-…`).'

/** What holds a row back, if it falls short of its goal. */
const reasons: Readonly<Record<string, string>> = {
  'unchanged/bytes': opening,
  'unchanged-1000/bytes': opening,
  '10-of-1000/bytes': opening,
  'lone-edit/bytes':
    'besides the edit, which gossip carries, its writer says its new state, and the other that it is on its disk.',
  'rejoin/bytes':
    'each side signs what it tells, and says when it is on its disk; and libp2p adds to each small frame.',
}

export function reasonOf(row: string): string {
  return reasons[row] ?? 'signed, sealed, and on disk before it is told, which none of the others is.'
}
