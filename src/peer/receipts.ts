// Receipts: what other members said that they have stored. A receipt is a member's own word, given in a session that its device key opened, and stays when
// it goes; it is bound to the store it was given for, and each store counts once. It is withdrawn when its giver states less, has another store than
// before, or one that forgets (Invariant 13: none counts for what was not said).

import type { Version } from '../core/version.ts'
import type { Holdings } from '../sync/holdings.ts'
import type { Document } from './document.ts'
import { lackingOps } from './lacking.ts'
import type { Member } from './session.ts'

/** What of one document a receipt must cover. */
export interface Wanted {
  readonly document: Document
  readonly version: Version
}

interface Receipt {
  readonly name: string
  readonly incarnation: string
  readonly holdings: Holdings
}

export interface ReceiptsOptions {
  /** This device, by its key in hex: we ourselves do not count, nor do our other tabs. */
  readonly device: string
  /** The store of this peer: whoever claims to be it is a copy. */
  readonly incarnation: string
}

export class Receipts {
  readonly #options: ReceiptsOptions
  /** By device: one that comes with another store has given up the one before. */
  readonly #byDevice = new Map<string, Receipt>()

  constructor(options: ReceiptsOptions) {
    this.#options = options
  }

  /** What a member in contact holds, as it says it, from now on. */
  note({ device, durable, incarnation, name }: Member, holdings: Holdings): void {
    if (durable && this.#counts(device, incarnation)) this.#byDevice.set(device, { name, incarnation, holdings })
    else this.#byDevice.delete(device)
  }

  /** Names of the members that have stored all that is wanted, one for each store. */
  holders(wanted: readonly Wanted[]): string[] {
    const names = new Map<string, string>()
    for (const { incarnation, name, holdings } of this.#byDevice.values())
      if (lackingOf(holdings, wanted) === 0) names.set(incarnation, name)
    return [...names.values()]
  }

  /** How many of the wanted edits a member is not known to have stored; undefined if it never gave a receipt. */
  lacking(device: string, wanted: readonly Wanted[]): number | undefined {
    const receipt = this.#byDevice.get(device)
    return receipt && lackingOf(receipt.holdings, wanted)
  }

  #counts(device: string, incarnation: string): boolean {
    return device !== this.#options.device && incarnation !== this.#options.incarnation
  }
}

function lackingOf(holdings: Holdings, wanted: readonly Wanted[]): number {
  let lacking = 0
  for (const { document, version } of wanted) lacking += lackingIn(holdings, document, version)
  return lacking
}

/** Only what can be seen here to be the same counts (Holdings.contains). */
function lackingIn(holdings: Holdings, { id }: Document, version: Version): number {
  if (holdings.contains(id, version)) return 0
  return Math.max(1, lackingOps(holdings.version(id), version))
}
