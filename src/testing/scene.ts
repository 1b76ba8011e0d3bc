// Everything there is in a simulated world, for those who act in it and those who look.

import type { MemoryHub } from '../net/memory.ts'
import type { Chronicle } from './chronicle.ts'
import type { Truth } from './claims.ts'
import type { Dice } from './dice.ts'
import type { HostileMember } from './hostile-member.ts'
import type { ManualClock } from './manual-clock.ts'
import type { Mirrors } from './mirrors.ts'
import type { SimulatedApp } from './run.ts'
import type { SimulatedPeer } from './simulated-peer.ts'
import type { SimulatedWeather } from './simulated-weather.ts'

export interface Scene {
  readonly app: SimulatedApp
  readonly clock: ManualClock
  readonly dice: Dice
  readonly weather: SimulatedWeather
  readonly hub: MemoryHub
  readonly peers: readonly SimulatedPeer[]
  readonly mirrors: Mirrors
  readonly chronicle: Chronicle
  readonly truth: Truth
  /** Actors who may have two lives. */
  readonly declared: Set<string>
  readonly hostile: HostileMember | undefined
  /** Begins a peer's next life. Never rejects. */
  open(peer: SimulatedPeer): Promise<void>
  /** Notes as whom it writes. */
  noteActor(peer: SimulatedPeer): void
  /** What goes on beside the world: its end is not waited for, and only some ends are good. */
  track(peer: SimulatedPeer, doing: Promise<unknown>): void
}
