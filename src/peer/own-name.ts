// The name that this process or tab writes under: an actor, leased from the store (Invariant 11: no two living writers share one). Where there is doubt whether
// another life of this device used it, the next one is taken; what was written as the old one stays.

import type { Device } from '../auth/device.ts'
import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { type ActorId, memberActor, ownerOf } from '../core/ids.ts'
import type { Lease, Store } from '../store/store.ts'
import { retiredKey, retiredPrefix } from './shelf.ts'

export interface OwnNameOptions {
  readonly store: Store
  readonly device: Device
  readonly lease: Lease
  readonly trace: Trace
  readonly isClosing: () => boolean
  /** We are another actor now. */
  readonly renewed: () => void
  /** Another writer took our name: nothing may be written any more. */
  readonly lost: (error: JoineryError) => void
  readonly failed: (cause: unknown) => void
}

export class OwnName {
  /** Actors of this device that wrote what is not here, as somebody says: not written as while this peer runs. */
  readonly doubted = new Set<ActorId>()
  readonly #options: OwnNameOptions
  readonly #leases: Lease[] = []
  #actor: ActorId

  constructor(options: OwnNameOptions) {
    this.#options = options
    this.#actor = this.#actorOf(options.lease.instance)
    this.#hold(options.lease)
  }

  get actor(): ActorId {
    return this.#actor
  }

  get instance(): number {
    const owner = ownerOf(this.#actor)
    assert(owner.kind === 1, 'this peer writes as a member')
    return owner.instance
  }

  /** Doubts those too, and goes on as another instance if ours is among them. */
  doubt(actors: readonly ActorId[]): void {
    for (const actor of actors) this.doubted.add(actor)
    if (this.#options.isClosing() || !this.doubted.has(this.#actor)) return
    this.#renew().catch((cause: unknown) => this.#options.failed(cause))
  }

  /** Instances whose edits are forgotten here, and remembered elsewhere, are never used again. */
  async retire(instances: ReadonlySet<number>): Promise<void> {
    for (const instance of instances) {
      await this.#options.store.set(retiredKey(instance), Uint8Array.of(0))
      this.doubted.delete(this.#actorOf(instance))
    }
    if (instances.has(this.instance)) await this.#renew()
  }

  async release(): Promise<void> {
    for (const lease of this.#leases) await lease.release().catch(() => {})
  }

  #actorOf(instance: number): ActorId {
    return memberActor(this.#options.device.publicKey, instance)
  }

  async #renew(): Promise<void> {
    const { store, trace, renewed } = this.#options
    const doubted = this.#actor
    const lease = await leaseFresh(store, (instance) => this.doubted.has(this.#actorOf(instance)))
    // Several documents may have raised the same doubt.
    if (this.#actor !== doubted) return lease.release()
    this.#hold(lease)
    this.#actor = this.#actorOf(lease.instance)
    renewed()
    trace('peer', 'goes on as instance', lease.instance)
  }

  #hold(lease: Lease): void {
    this.#leases.push(lease)
    void lease.lost.then(() => {
      if (this.#options.isClosing()) return
      const message = 'Another writer took over the store of this peer, so it stopped writing. Open the peer again.'
      this.#options.lost(new JoineryError('store-failed', message))
    })
  }
}

/** The lowest free instance that was not retired, nor is in doubt. */
export async function leaseFresh(store: Store, isDoubted: (instance: number) => boolean = () => false): Promise<Lease> {
  const retired = new Set(await store.keys(retiredPrefix))
  const passed: Lease[] = []
  try {
    while (true) {
      const lease = await store.lease()
      if (!retired.has(retiredKey(lease.instance)) && !isDoubted(lease.instance)) return lease
      passed.push(lease)
    }
  } finally {
    for (const lease of passed) await lease.release()
  }
}
