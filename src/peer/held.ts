// What is held here of all documents of a space, as others are told of it, and what others state in our terms. It knows no contact and sends nothing.

import { actorOf } from '../core/ids.ts'
import { equalVersions, type Version } from '../core/version.ts'
import { docKey, docOf, type Holdings, type Understanding } from '../sync/holdings.ts'
import { Inventory } from '../sync/inventory.ts'
import type { DocName, Entry, Message } from '../sync/messages.ts'
import type { Document } from './document.ts'
import type { ReplicatorHost } from './replicator-host.ts'

const nothing: Version = new Map()

export class Held {
  /** Root, symbols and terms of what may leave (Invariant 8). */
  readonly inventory: Inventory
  /** What others state of documents, in our terms; of one that is not here, by actor. */
  readonly understanding: Understanding = {
    revision: (id) => this.find(id)?.revision ?? -2,
    understood: (id, stated) =>
      this.find(id)?.understood(stated) ?? new Map([...stated].map(([branch, end]) => [actorOf(branch), end])),
    seen: (id, stated) => this.find(id)?.seen(stated) ?? nothing,
  }
  readonly #host: Pick<ReplicatorHost, 'keys' | 'documentsByKey'>

  constructor(host: Pick<ReplicatorHost, 'keys' | 'documentsByKey'>) {
    this.#host = host
    this.inventory = new Inventory(host.keys.compareKey)
    for (const document of host.documentsByKey.values()) this.note(document)
  }

  /** A document's durable frontier moved. */
  note(document: Document): void {
    const { outward } = document
    this.inventory.set(docKey(document.id), document.tag, outward.size === 0 ? undefined : document.digest, outward)
  }

  /** A document was deleted here. */
  forget(document: Document): void {
    this.inventory.set(docKey(document.id), document.tag, undefined)
  }

  find(id: DocName): Document | undefined {
    return this.byKey(docKey(id))
  }

  byKey(key: string): Document | undefined {
    return this.#host.documentsByKey.get(key)
  }

  version(id: DocName): Version {
    return this.find(id)?.version ?? nothing
  }

  /** What may leave of a document, as it is told; of one that holds nothing there is nothing to tell. */
  entry(key: string): Entry[] {
    const document = this.byKey(key)
    return document === undefined ? [] : [{ document: document.id, version: document.stated }]
  }

  /** What is said of all that is held, and of some documents by name. */
  state(entries: readonly Entry[]): Message {
    return { type: 'state', root: this.inventory.root, documents: this.inventory.count, entries }
  }

  /** What is said to one who is asked for the rest of a document. */
  statedTo(key: string, holdings: Holdings): Version {
    return this.byKey(key)?.statedTo(holdings.version(docOf(key))) ?? nothing
  }

  /** Whether somebody holds a document as it may leave here. */
  isSame(key: string, holdings: Holdings): boolean {
    const document = this.byKey(key)
    return document !== undefined && equalVersions(holdings.version(document.id), document.outward)
  }

  /** Both name the same versions of all documents. */
  isAllSame(holdings: Holdings): boolean {
    // Of all others it is known that they are the same.
    const keys = holdings.hasAgreed ? holdings.keys.keys() : this.#host.documentsByKey.keys()
    for (const key of keys) if (this.byKey(key) !== undefined && !this.isSame(key, holdings)) return false
    return true
  }

  /** Whether what is lacking of a document can be asked for by its version alone: not where an actor has several chains. */
  isPlain(key: string): boolean {
    const document = this.byKey(key)
    if (document === undefined) return false
    return document.asleep !== undefined || document.replica.outward.forkedActors.length === 0
  }
}
