// How ranges from outside come in, whether by gossip or by a pull: checked (Invariant 12), then handed to the document, which is read or made for them.

import type { Signing } from '../auth/signing.ts'
import type { SignedRange } from '../core/range.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { Document } from './document.ts'
import type { Handed, ReplicatorHost } from './replicator-host.ts'
import { verifiedNews } from './verified.ts'

export class Entrance {
  readonly #host: ReplicatorHost
  readonly #signing: Signing
  #closed = false

  constructor(host: ReplicatorHost, signing: Signing) {
    this.#host = host
    this.#signing = signing
  }

  /** Invariant 12: every range is checked before it enters. One that is not good refuses the whole message. Returns how many ops were new. */
  async admit(id: DocName, ranges: readonly SignedRange[], from: Handed): Promise<number> {
    const known = this.#find(id)
    const news = await verifiedNews(this.#host.keys, id, known, ranges, this.#signing)
    // Closed meanwhile: nothing is written to what was left. And what nobody signed makes no document: anybody can have any number of that.
    if (news.length === 0 || this.#closed) return 0
    if (known === undefined && news.every(({ signature }) => signature.length === 0)) return 0
    await this.awake(id)
    if (this.#closed) return 0
    const document = this.#host.admit(id)
    return document === undefined ? 0 : this.#host.receive(document, news, from)
  }

  /** The document of that name, read from the store if it was not yet. Errors: the store's. */
  async awake(id: DocName): Promise<Document | undefined> {
    const document = this.#find(id)
    if (document?.asleep !== undefined) await this.#host.wake(document)
    return this.#find(id)
  }

  #find(id: DocName): Document | undefined {
    return this.#host.documentsByKey.get(docKey(id))
  }

  /** Nothing enters any more. */
  close(): void {
    this.#closed = true
  }
}
