// What every part of one peer shares. Made once by the peer, handed down, so that nothing reaches for a platform global.

import type { Device } from '../auth/device.ts'
import type { Sealer } from '../auth/seal.ts'
import type { Signing } from '../auth/signing.ts'
import type { Clock } from '../base/clock.ts'
import type { JoineryError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import type { BufferPool } from '../core/buffer-pool.ts'
import type { ActorId } from '../core/ids.ts'
import type { Network } from '../net/network.ts'
import type { Store } from '../store/store.ts'
import type { Awake } from './awake.ts'
import type { Storage } from './storage.ts'
import type { TabReport } from './tabs.ts'
import type { Writer } from './writer.ts'

export interface PeerContext {
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  readonly signing: Signing
  readonly trace: Trace
  readonly device: Device
  readonly store: Store
  readonly writer: Writer
  readonly awake: Awake
  readonly name: string
  /** The actor this process or tab writes as; another one after doubt (Invariant 11). */
  readonly actor: ActorId
  /** The network, where this peer owns one now. */
  readonly network: Network | undefined
  /** Opened with a network. */
  readonly networked: boolean
  readonly leading: boolean
  readonly paused: boolean
  readonly storage: Storage
  /** What waits in the documents of all spaces, counted together. */
  readonly pool: BufferPool
  /** Something went wrong that no call can be told of. */
  report(error: JoineryError): void
  /** A listener of the application threw: told to the platform, never to us. */
  readonly onThrow: (error: unknown) => void
  /** The status of a space may be another one; and now is the time to tell. */
  statusTouched(): void
  statusTold(): void
  /** Actors of this device that wrote what is not here, as somebody says: not written as while this peer runs. */
  readonly doubted: ReadonlySet<ActorId>
  /** Doubts those too, and goes on as another instance if ours is among them. */
  doubt(actors: readonly ActorId[]): void
  /** Never uses these instance numbers again, and takes another one if ours is among them. */
  retire(instances: ReadonlySet<number>): Promise<void>
  /** Reads what other tabs appended. False if not all of it is read: nothing may be put in its place. */
  readonly catchUp: () => Promise<boolean>
  /** Opens a session with a connected node for a space, unless one stands. */
  greet(space: object, node: string): void
  left(space: object): void
  /** A space's keys are gone from the store: the other tabs are told, and what is left of it goes. */
  forgotten(idHex: string): Promise<void>
  /** Whether somebody who read the log up to `cursor` has read all that this tab wrote. */
  readonly seenAll: (cursor: number) => boolean
  /** Hands a beat of presence to the other tabs. */
  tellBeat(idHex: string, beat: Uint8Array): void
  /** Tells the other tabs what this one, which carries the connection, knows of a space. */
  tellTabs(space: { report(): TabReport }): void
}
