// What is to happen in a simulated world: who writes when, and which faults strike whom. Drawn from a seed before anything runs, each step with all that it
// needs in itself, so that steps can be left out and the others do what they did: a failing plan is made small that way.

import { Dice } from './dice.ts'

export const faultKinds = [
  'loss', // some of everything that is sent, all the time
  'bursts', // nearly all of it, for a while
  'repeats', // gossip arrives twice
  'disorder', // gossip overtakes itself
  'delay', // a slow network
  'one-way', // what one sends does not reach another, while the way back is good
  'partitions', // groups that do not reach one another: told so, or by silence alone
  'flapping', // a connection that breaks and comes back, again and again
  'slow', // a peer that takes in a few bytes at a time
  'noise', // bits flipped on the way
  'flips', // bits flipped in what was opened already: bad memory
  'truncation', // a connection that breaks in the middle of a frame
  'crashes', // a process that is killed
  'power', // a power cut: what was not synced is lost, torn, reordered
  'clocks', // wall clocks years off, and set
  'freezes', // a peer that stands still, for seconds or, by its own clock, for days
  'pauses', // a peer that is cut off by its user
  'restores', // a folder set back to an older copy of itself
  'forks', // the same, written in before it meets anybody: two lives of one actor
  'hostile', // a member that says what it likes
] as const

export type FaultKind = (typeof faultKinds)[number]

/** How things are on the network all the time. */
export interface Climate {
  readonly delayMs: number
  readonly jitterMs: number
  readonly loss: number
  readonly repeats: number
  readonly noise: number
}

export type Act =
  | { readonly type: 'write'; readonly peer: number; readonly seed: number }
  | { readonly type: 'show'; readonly peer: number; readonly seed: number }
  | { readonly type: 'settle'; readonly peer: number; readonly others: number }
  | { readonly type: 'compact'; readonly peer: number }
  | { readonly type: 'burst'; readonly forMs: number }
  | { readonly type: 'one-way'; readonly from: number; readonly to: number; readonly forMs: number }
  | { readonly type: 'partition'; readonly groups: readonly number[]; readonly silent: boolean; readonly forMs: number }
  | { readonly type: 'flap'; readonly a: number; readonly b: number; readonly times: number; readonly everyMs: number }
  | { readonly type: 'slow'; readonly peer: number; readonly bytesPerMs: number; readonly forMs: number }
  | { readonly type: 'flip'; readonly peer: number; readonly frames: number; readonly seed: number }
  | { readonly type: 'truncate'; readonly from: number; readonly to: number }
  | { readonly type: 'crash'; readonly peer: number; readonly how: 'process' | 'power'; readonly forMs: number }
  | { readonly type: 'jump'; readonly peer: number; readonly ms: number }
  | { readonly type: 'freeze'; readonly peer: number; readonly forMs: number; readonly leapMs: number }
  | { readonly type: 'pause'; readonly peer: number; readonly forMs: number }
  | { readonly type: 'backup'; readonly peer: number }
  | { readonly type: 'restore'; readonly peer: number; readonly aloneMs: number }
  | { readonly type: 'attack'; readonly peer: number; readonly seed: number }
  | { readonly type: 'overwhelm'; readonly backwards: boolean; readonly seed: number }

/** `number` is its place in the whole plan, which it keeps when others are left out. */
export type Step = Act & { readonly number: number; readonly atMs: number }

export interface Plan {
  readonly seed: number
  readonly peers: number
  /** Which of them keep what they have in files; the others in memory. */
  readonly inFiles: readonly boolean[]
  /** By how much their wall clocks are off. */
  readonly clockOffsetsMs: readonly number[]
  readonly kinds: readonly FaultKind[]
  readonly climate: Climate
  readonly steps: readonly Step[]
  readonly chaosMs: number
}

export interface PlanOptions {
  readonly seed: number
  readonly peers: number
  readonly faults: readonly FaultKind[]
  readonly chaosMs: number
  readonly writes: number
}

const YEAR_MS = 365.25 * 86_400_000

/** Of the faults each is in half of all plans: what hides behind another fault shows where that one is not. */
export function planOf({ seed, peers, faults, chaosMs, writes }: PlanOptions): Plan {
  const dice = new Dice(seed)
  const kinds = faults.filter(() => dice.maybe(0.5))
  const has = (kind: FaultKind): boolean => kinds.includes(kind)
  const climate: Climate = {
    delayMs: has('delay') ? dice.between(20, 400) : dice.between(1, 20),
    jitterMs: has('disorder') ? dice.between(5, 500) : 0,
    loss: has('loss') ? 0.3 * dice.unit() : 0,
    repeats: has('repeats') ? 0.5 * dice.unit() : 0,
    noise: has('noise') ? 0.02 * dice.unit() : 0,
  }
  const acts: (Act & { atMs: number })[] = []
  const at = (act: Act): void => void acts.push({ ...act, atMs: dice.below(chaosMs) })
  for (let i = dice.between(writes >> 1, writes + 1); i > 0; i--)
    at({ type: 'write', peer: dice.below(peers), seed: dice.seed() })
  for (let i = dice.below(5); i > 0; i--) at({ type: 'settle', peer: dice.below(peers), others: dice.below(peers) })
  if (dice.maybe(0.5))
    for (let i = dice.below(8); i > 0; i--) at({ type: 'show', peer: dice.below(peers), seed: dice.seed() })
  for (let i = dice.below(4); i > 0; i--) at({ type: 'compact', peer: dice.below(peers) })
  for (const kind of kinds)
    for (let i = dice.between(1, 4); i > 0; i--) for (const act of blow(kind, { dice, peers, chaosMs })) at(act)
  const steps = acts
    .map((act, order) => ({ act, order }))
    .sort((a, b) => a.act.atMs - b.act.atMs || a.order - b.order)
    .map(({ act }, number) => ({ ...act, number }))
  return {
    seed,
    peers,
    inFiles: Array.from({ length: peers }, () => dice.maybe(0.75)),
    clockOffsetsMs: Array.from({ length: peers }, () => (has('clocks') ? Math.floor(dice.unit() * 20 * YEAR_MS) : 0)),
    kinds,
    climate,
    steps,
    chaosMs,
  }
}

type Striking = Pick<PlanOptions, 'peers' | 'chaosMs'> & { readonly dice: Dice }

/** One blow of a fault that strikes now and then. Those of the climate are there all the time. */
function blow(kind: FaultKind, { dice, peers, chaosMs }: Striking): readonly Act[] {
  const peer = dice.below(peers)
  const other = (peer + 1 + dice.below(peers - 1)) % peers
  const forMs = dice.between(200, chaosMs >> 1)
  switch (kind) {
    case 'loss':
    case 'repeats':
    case 'disorder':
    case 'delay':
    case 'noise':
      return []
    case 'bursts':
      return [{ type: 'burst', forMs: dice.between(200, 6_000) }]
    case 'one-way':
      return [{ type: 'one-way', from: peer, to: other, forMs }]
    case 'partitions': {
      const groups = Array.from({ length: peers }, () => dice.below(2))
      return [{ type: 'partition', groups, silent: dice.maybe(0.5), forMs }]
    }
    case 'flapping':
      return [{ type: 'flap', a: peer, b: other, times: dice.between(2, 12), everyMs: dice.between(50, 1_500) }]
    case 'slow':
      return [{ type: 'slow', peer, bytesPerMs: 0.05 + 2 * dice.unit(), forMs }]
    case 'flips':
      return [{ type: 'flip', peer, frames: dice.between(1, 20), seed: dice.seed() }]
    case 'truncation':
      return [{ type: 'truncate', from: peer, to: other }]
    case 'crashes':
      return [{ type: 'crash', peer, how: 'process', forMs: dice.between(0, 8_000) }]
    case 'power':
      return [{ type: 'crash', peer, how: 'power', forMs: dice.between(0, 8_000) }]
    case 'clocks':
      return [{ type: 'jump', peer, ms: Math.floor((dice.unit() - 0.5) * 10 * YEAR_MS) }]
    case 'freezes': {
      const leapMs = dice.maybe(0.4) ? dice.between(3_600_000, 9 * 86_400_000) : 0
      return [{ type: 'freeze', peer, forMs: dice.between(500, 15_000), leapMs }]
    }
    case 'pauses':
      return [{ type: 'pause', peer, forMs }]
    case 'restores':
    case 'forks':
      return [
        { type: 'backup', peer },
        { type: 'restore', peer, aloneMs: kind === 'forks' ? dice.between(1_000, 8_000) : 0 },
      ]
    case 'hostile':
      return [
        ...Array.from({ length: 6 }, () => ({ type: 'attack', peer: dice.below(peers), seed: dice.seed() }) as const),
        // It takes seconds, so it is rare.
        ...(dice.maybe(0.04) ? [{ type: 'overwhelm', backwards: dice.maybe(0.5), seed: dice.seed() } as const] : []),
      ]
  }
}
