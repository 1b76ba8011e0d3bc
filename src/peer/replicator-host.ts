// What the replicator of a space, and its parts, ask of the space they serve.

import type { SpaceKeys } from '../auth/keys.ts'
import type { JoineryError } from '../base/errors.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { NodeId } from '../net/network.ts'
import type { DocName } from '../sync/messages.ts'
import type { Contact } from './contacts.ts'
import type { Document } from './document.ts'

/** How ranges came, and by whose hand. */
export interface Handed {
  readonly origin: 'gossip' | 'sync' | 'bundle'
  readonly source?: NodeId
}

export interface ReplicatorHost {
  readonly keys: SpaceKeys
  /** Documents that are not deleted, by key. */
  readonly documentsByKey: ReadonlyMap<string, Document>
  /** The document of that name, made if need be; undefined if it was deleted, or cannot be. */
  admit(document: DocName): Document | undefined
  /** Reads a document that is asleep from the store. Errors: the store's. */
  wake(document: Document): Promise<void>
  /** Whether a document of that name may be: false if it was deleted. Errors: 'bad-message'. */
  admissible(document: DocName): boolean
  /** Ranges that are verified: enters them, and hands what is newly held to the journal. Returns how many ops were new. */
  receive(document: Document, ranges: readonly SignedRange[], from: Handed): number
  /** A beat of presence, and whether it is to be handed on. */
  heardBeat(beat: Uint8Array, from: NodeId): Promise<'accept' | 'ignore' | 'reject'>
  /** Addresses of members, as somebody told. */
  heardNews(records: readonly Uint8Array[], from: Contact): Promise<void>
  /** Somebody claims more ops of an actor of ours than we have: our store was set back. */
  heardOwn(held: Version, version: Version, from: Contact): void
  /** The status may be another one. */
  touched(): void
  failed(error: JoineryError): void
  agreed(contact: Contact): void
}
