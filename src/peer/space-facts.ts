// What is known of a space, and of each of its documents, for a status: gathered anew at each look, and from where something happens alone (Invariant 13). In a
// tab that does not carry the connection, whom the space is in contact with is what another tab said.

import { docKey } from '../sync/holdings.ts'
import type { Asked, PeerStatus } from './api.ts'
import type { Contact } from './contacts.ts'
import type { PeerContext } from './context.ts'
import type { Delivery } from './delivery.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'
import type { Following } from './following.ts'
import { least } from './joined-status.ts'
import type { Members } from './members.ts'
import { TOLD_MAX, type WaitingOps } from './pending.ts'
import type { Replicator } from './replicator.ts'
import type { Facts } from './status.ts'
import { peersAsReported, type TabReport } from './tabs.ts'
import type { Want } from './wants.ts'

export interface SpaceFactsOptions {
  readonly context: PeerContext
  /** The space, by its id. */
  readonly space: string
  readonly documents: Documents
  readonly members: Members
  readonly delivery: Delivery
  /** While there is a network. */
  readonly replicator: () => Replicator | undefined
  /** What was missing when this peer last ran, above all. */
  readonly wants: () => Iterable<Want>
  readonly lastAgreedAt: number | undefined
}

export class SpaceFacts {
  readonly #options: SpaceFactsOptions
  #report: TabReport | undefined
  #lastAgreedAt: number | undefined

  constructor(options: SpaceFactsOptions) {
    this.#options = options
    this.#lastAgreedAt = options.lastAgreedAt
  }

  /** When this copy last agreed with any member, in ms since 1970; undefined if never. */
  get lastAgreedAt(): number | undefined {
    return this.#lastAgreedAt
  }

  agreed(contact: Contact): void {
    this.#lastAgreedAt = contact.agreedAt
    this.#options.members.agreed(contact)
  }

  /** Of one document, or of all; and of handles of it. */
  of(document: Document | undefined, followings: readonly Following[]): Facts {
    const { documents, context } = this.#options
    const all = document === undefined ? documents.unsettled.all : [document]
    const unsaved = all.filter((one) => !one.saved(context.device.keyHex))
    const { writer, paused, leading, networked, storage } = context
    return {
      saved: unsaved.length === 0,
      saveError: writer.error,
      unsavedSince: least(unsaved.map(({ unsavedSince }) => unsavedSince)),
      paused,
      leading,
      networked,
      degraded: all.some(({ degraded }) => degraded),
      stale: followings.filter(({ isStale }) => isStale),
      waiting: all.filter(({ waitingOps }) => waitingOps > 0).map((one, i) => this.#waitingOf(one, i < TOLD_MAX)),
      wanted: this.#wanted(document),
      reported: this.#report !== undefined,
      peers: this.peers(document),
      asked: (peer) => this.#asked(peer, document),
      lastAgreedAt: this.#lastAgreedAt,
      progress: this.#options.replicator()?.progress(document),
      storage: storage.current,
      forgets: storage.forgets?.message,
    }
  }

  #waitingOf(document: Document, isTold: boolean): WaitingOps {
    const { waitingOps: ops } = document
    if (!isTold) return { document: document.id.name, ops, missing: [], asked: [], after: [] }
    const { delivery, replicator } = this.#options
    const { missing } = document.replica.pending
    const asked = replicator()?.asked({ document }) ?? []
    return { document: document.id.name, ops, missing, asked, after: delivery.awaited(document) }
  }

  /** What is missing in documents in which nothing waits any more: what waited ended with the process that this peer last was, or was dropped. */
  #wanted(only: Document | undefined): WaitingOps[] {
    const { documents, replicator, wants } = this.#options
    const found: WaitingOps[] = []
    for (const want of wants()) {
      const document = documents.byKey.get(docKey(want.document))
      if (only !== undefined && document !== only) continue
      if ((document?.waitingOps ?? 0) > 0 || !documents.admissible(want.document)) continue
      const missing = want.missing.filter(({ actor, seq }) => (document?.version.get(actor) ?? 0) <= seq)
      if (missing.length === 0) continue
      const isAsked = document !== undefined && found.length < TOLD_MAX
      const asked = isAsked ? (replicator()?.asked({ document }) ?? []) : []
      found.push({ document: want.document.name, ops: 0, missing, asked, after: [] })
    }
    return found
  }

  #asked(peer: string, document: Document | undefined): readonly Asked[] {
    const replicator = this.#options.replicator()
    const contact = [...(replicator?.contacts.values() ?? [])].find(({ member }) => member.id === peer)
    if (replicator === undefined || contact === undefined) return []
    return replicator.asked(document === undefined ? { contact } : { contact, document })
  }

  /** The members, as to one document or to all. */
  peers(document: Document | undefined): readonly PeerStatus[] {
    const { context, members, replicator } = this.#options
    const report = this.#valid
    return report === undefined
      ? members.list(replicator(), document)
      : peersAsReported(report, context.seenAll(report.cursor))
  }

  /** Whether what is known of members is what another tab said. */
  get isReported(): boolean {
    return this.#valid !== undefined
  }

  get #valid(): TabReport | undefined {
    return this.#options.context.leading ? undefined : this.#report
  }

  /** What this tab, which carries the connection, tells the others. */
  report(): TabReport {
    const { context, members, replicator, space } = this.#options
    const peers = members.list(replicator(), undefined)
    return { space, peers, lastAgreedAt: this.#lastAgreedAt, cursor: context.store.cursor() }
  }

  heardReport(report: TabReport): void {
    this.#report = report
    this.#lastAgreedAt = report.lastAgreedAt ?? this.#lastAgreedAt
  }
}
