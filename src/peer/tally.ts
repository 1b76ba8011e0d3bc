// How many of this device's edits a member is not known to have stored, counted where its word or ours becomes another: of the documents that nothing happens
// to nobody asks again.

import type { Holdings } from '../sync/holdings.ts'
import type { Document } from './document.ts'
import { lackingIn } from './lacking.ts'
import type { OwnEdits } from './own-edits.ts'

export interface TallyHost {
  readonly own: OwnEdits
  /** Documents that are not deleted, by key. */
  readonly byKey: ReadonlyMap<string, Document>
  /** Those of which something is not on disk, among others. */
  readonly unsettled: () => Iterable<Document>
}

export class Tally {
  readonly #holdings: Holdings
  readonly #host: TallyHost
  /** Documents whose count differs from what it is where nothing is known of them one by one, and by how much. */
  readonly #odds = new Map<Document, number>()
  #sum = 0
  readonly #touched = new Set<Document>()
  #meetings: number

  constructor(holdings: Holdings, host: TallyHost) {
    this.#holdings = holdings
    this.#host = host
    this.#meetings = holdings.meetings
    this.#begin(holdings.keys.keys())
  }

  /** Something of a document, or of what is known of it, is another by now. */
  touched(document: Document): void {
    this.#touched.add(document)
  }

  /** It was deleted. */
  forget(document: Document): void {
    this.#touched.delete(document)
    this.#set(document, 0)
  }

  /** Of all that this device wrote, how many edits are lacking. */
  get lacking(): number {
    const { own } = this.#host
    this.#look()
    return (this.#holdings.hasAgreed ? 0 : own.total) + this.#sum
  }

  #look(): void {
    const { meetings } = this.#holdings
    const news = this.#holdings.takeNews()
    if (meetings === this.#meetings) this.#touchAll(news)
    else {
      this.#meetings = meetings
      this.#begin(news)
    }
    for (const document of this.#touched) this.#set(document, this.#oddsOf(document))
    this.#touched.clear()
  }

  /** It was found to hold what is held here, but for some documents; and for what is not on disk here. */
  #begin(keys: Iterable<string>): void {
    this.#odds.clear()
    this.#sum = 0
    this.#touchAll(keys)
    for (const document of this.#host.unsettled()) this.#touched.add(document)
  }

  #touchAll(keys: Iterable<string>): void {
    for (const key of keys) {
      const document = this.#host.byKey.get(key)
      if (document !== undefined) this.#touched.add(document)
    }
  }

  #oddsOf(document: Document): number {
    const { own } = this.#host
    const count = own.countIn(document)
    if (count === 0) return 0
    return lackingIn(this.#holdings, document, own.versionIn(document)) - (this.#holdings.hasAgreed ? 0 : count)
  }

  #set(document: Document, odds: number): void {
    this.#sum += odds - (this.#odds.get(document) ?? 0)
    if (odds === 0) this.#odds.delete(document)
    else this.#odds.set(document, odds)
  }
}
