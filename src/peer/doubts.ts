// Invariant 11, for the documents of one space: whether somebody else writes, or wrote, under the names of this device. A folder was set back, or copied: what
// was written as such an instance is never gone on with. A claim is no proof, and is believed as far as it costs nothing; the proof comes with the edits.

import { JoineryError } from '../base/errors.ts'
import { type ActorId, actorOf, isOwn, ownerOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { PeerContext } from './context.ts'
import type { Document } from './document.ts'

export interface DoubtsOptions {
  readonly context: Pick<PeerContext, 'actor' | 'device' | 'doubt' | 'doubted' | 'retire'>
  readonly failed: (cause: unknown) => void
}

/** One member's claims are believed of a few instances only, and until this peer is closed. */
const CLAIMS_MAX = 8
/** Devices cost a bad member nothing: few of them are believed. */
const CLAIMANTS_MAX = 16

export class Doubts {
  readonly #context: DoubtsOptions['context']
  readonly #failed: DoubtsOptions['failed']
  /** By the device that claims. */
  readonly #claims = new Map<string, ReadonlySet<ActorId>>()

  constructor({ context, failed }: DoubtsOptions) {
    this.#context = context
    this.#failed = failed
  }

  /**
   * A device says that it holds `version`, ops of ours among them that are not in what is held here. We go on under another instance, before anything is
   * written twice. It may have been before, so all instances are looked at.
   */
  claimed(held: Version, version: Version, device: string): void {
    const { keyHex } = this.#context.device
    const claimed: ReadonlySet<ActorId> = this.#claims.get(device) ?? new Set()
    const news = [...version]
      .filter(([branch, seq]) => isOwn(branch, keyHex) && seq > (held.get(branch) ?? 0))
      .map(([branch]) => actorOf(branch))
      .filter((actor) => !claimed.has(actor))
      .slice(0, CLAIMS_MAX - claimed.size)
    if (news.length === 0 || (claimed.size === 0 && this.#claims.size >= CLAIMANTS_MAX)) return
    this.#claims.set(device, new Set([...claimed, ...news]))
    this.#context.doubt(news)
  }

  /** What came from others, and was new here: ops of ours, signed by us, are the proof of what was claimed. */
  took(held: readonly SignedRange[]): void {
    const { actor, doubted } = this.#context
    const proven = held.filter((range) => range.actor === actor || doubted.has(range.actor))
    if (proven.length > 0) this.retireOwn(proven.map((range) => range.actor))
  }

  /** Edits of this very instance wait for others that are not here: it did not make them in this life, and cannot go on from them. */
  waiting({ replica }: Document): void {
    const { actor } = this.#context
    if (replica.waits(actor)) this.retireOwn([actor])
  }

  /** Edits of this very device that it does not hold, from a backup: what else it wrote as those instances nobody can tell. */
  async restored(ranges: readonly SignedRange[]): Promise<void> {
    const instances = this.#ownInstances(ranges.map(({ actor }) => actor))
    if (instances.size > 0) await this.#context.retire(instances)
  }

  /**
   * Two different edits under one name: both lives of a copied folder wrote. Nothing is lost: both are kept, on every peer (FORMAT §1), and it is told. A
   * device that finds its own instance forked never writes as that one again.
   */
  forked({ id }: Document, actors: readonly ActorId[]): void {
    const whose = this.retireOwn(actors) ? 'This device' : 'A device of a member'
    const message = `${whose} wrote in "${id.name}" from two copies of its folder or profile. Both sides are kept.`
    this.#failed(new JoineryError('forked', message, { details: { document: id.name, actors } }))
  }

  /** Whether some of them are instances of this device. */
  retireOwn(actors: readonly ActorId[]): boolean {
    const instances = this.#ownInstances(actors)
    if (instances.size === 0) return false
    this.#context.retire(instances).catch((cause: unknown) => this.#failed(cause))
    return true
  }

  #ownInstances(actors: readonly ActorId[]): ReadonlySet<number> {
    const own = actors.filter((actor) => isOwn(actor, this.#context.device.keyHex)).map(ownerOf)
    return new Set(own.flatMap((owner) => (owner.kind === 1 ? [owner.instance] : [])))
  }
}
