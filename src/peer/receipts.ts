// Receipts: what other members said that they have stored. A receipt is a member's own word, given in a session that its device key opened, and stays when
// it goes; it is bound to the store it was given for, and each store counts once. It is withdrawn when its giver states less, has another store than
// before, or one that forgets (Invariant 13: none counts for what was not said).

import type { Holdings } from '../sync/holdings.ts'
import type { Document } from './document.ts'
import { lackingIn } from './lacking.ts'
import type { Member } from './session.ts'
import { Tally, type TallyHost } from './tally.ts'
import type { Wanted } from './wanted.ts'

interface Receipt {
  readonly name: string
  readonly incarnation: string
  readonly holdings: Holdings
  /** Of all that this device wrote, how much is lacking. */
  readonly tally: Tally
}

export interface ReceiptsOptions extends TallyHost {
  /** This device, by its key in hex: we ourselves do not count, nor do our other tabs. */
  readonly device: string
  /** The store of this peer: whoever claims to be it is a copy. */
  readonly incarnation: string
}

export class Receipts {
  readonly #options: ReceiptsOptions
  /** By device: one that comes with another store has given up the one before. */
  readonly #byDevice = new Map<string, Receipt>()
  readonly #touched = new Set<Document>()

  constructor(options: ReceiptsOptions) {
    this.#options = options
  }

  /** What a member in contact holds, as it says it, from now on. */
  note({ device, durable, incarnation, name }: Member, holdings: Holdings): void {
    const known = this.#byDevice.get(device)
    if (!durable || !this.#counts(device, incarnation)) this.#byDevice.delete(device)
    else {
      const tally = known?.holdings === holdings ? known.tally : new Tally(holdings, this.#options)
      this.#byDevice.set(device, { name, incarnation, holdings, tally })
    }
  }

  touched(document: Document): void {
    this.#touched.add(document)
  }

  forget(document: Document): void {
    this.#touched.delete(document)
    for (const { tally } of this.#byDevice.values()) tally.forget(document)
  }

  /** Names of the members that have stored all that is wanted, one for each store. */
  holders(wanted: Wanted): string[] {
    const names = new Map<string, string>()
    for (const receipt of this.#byDevice.values())
      if (this.#covers(receipt, wanted)) names.set(receipt.incarnation, receipt.name)
    return [...names.values()]
  }

  #covers({ holdings, tally }: Receipt, wanted: Wanted): boolean {
    this.#tellTallies()
    const { lacking } = tally
    if (lacking === 0) return true
    // More is lacking than was written since: some of what is wanted is among it, and nobody needs to look where.
    if (lacking > this.#options.own.total - wanted.edits) return false
    for (const [document, version] of wanted) if (lackingIn(holdings, document, version) > 0) return false
    return true
  }

  /** How many of the wanted edits a member is not known to have stored, or of all own ones; undefined if it never gave a receipt. */
  lacking(device: string, wanted: Wanted | 'all'): number | undefined {
    const receipt = this.#byDevice.get(device)
    if (receipt === undefined) return undefined
    this.#tellTallies()
    if (wanted === 'all') return receipt.tally.lacking
    let lacking = 0
    for (const [document, version] of wanted) lacking += lackingIn(receipt.holdings, document, version)
    return lacking
  }

  #counts(device: string, incarnation: string): boolean {
    return device !== this.#options.device && incarnation !== this.#options.incarnation
  }

  #tellTallies(): void {
    for (const document of this.#touched) for (const { tally } of this.#byDevice.values()) tally.touched(document)
    this.#touched.clear()
  }
}
