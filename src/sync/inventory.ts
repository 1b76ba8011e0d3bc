// What a peer holds durably of all documents of a space, in three ways, kept up to date by adding and taking out (DESIGN §6):
//
//   root     SHA-256( sum mod 2^256 of all terms ‖ count ): equal exactly if all is equal (L0)
//   symbols  coded symbols over 64-bit ids, a keyed hash of each term: what differs, from about as many symbols (L1)
//   terms    SHA-256(docTag ‖ frontier digest) of each document, in order: what differs, by ranges, where symbols do not tell
//
// A sum, never XOR: with XOR equal terms cancel, and terms that give any wanted result are found by linear algebra.

import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, fromHex, toHex, utf8 } from '../base/bytes.ts'
import type { Version } from '../core/version.ts'
import { CodedSet } from '../reconcile/coded-set.ts'
import type { ShortId } from '../reconcile/sip-hash.ts'
import { SortedIds } from '../reconcile/sorted-ids.ts'

const MODULUS = 1n << 256n

interface Item {
  readonly term: Uint8Array
  readonly slot: number
  readonly version: Version
}

/** The terms of one moment. */
export interface Terms {
  readonly ids: SortedIds
  /** The document of a term. */
  readonly keyOf: (term: Uint8Array) => string | undefined
  /** The documents that are held otherwise, or only, since. */
  readonly changed: () => readonly string[]
}

export class Inventory {
  readonly #items = new Map<string, Item>()
  /** By slot of the coded set. */
  readonly #keys: string[] = []
  readonly coded: CodedSet
  #sum = 0n
  #root: Uint8Array | undefined
  #revision = 0

  /** The key (16 bytes) is the same for all members of a space, for its life, so that what is coded can be kept. */
  constructor(key: Uint8Array) {
    this.coded = new CodedSet(key)
  }

  get count(): number {
    return this.#items.size
  }

  /** Another number after every change. */
  get revision(): number {
    return this.#revision
  }

  /** Sets the frontier digest of a document, known here by its key, and what is held of it; or takes the document out. */
  set(key: string, docTag: Uint8Array, frontierDigest: Uint8Array | undefined, version: Version = new Map()): void {
    const old = this.#items.get(key)
    if (old === undefined && frontierDigest === undefined) return
    if (old !== undefined) {
      this.coded.remove(old.slot)
      this.#items.delete(key)
      this.#sum += MODULUS - toBigInt(old.term)
    }
    if (frontierDigest !== undefined) {
      const term = sha256(concatBytes(docTag, frontierDigest))
      const slot = this.coded.add(this.coded.hash.of(term))
      this.#keys[slot] = key
      this.#items.set(key, { term, slot, version })
      this.#sum += toBigInt(term)
    }
    this.#sum %= MODULUS
    this.#root = undefined
    this.#revision++
  }

  get root(): Uint8Array {
    this.#root ??= sha256(concatBytes(fromHex(this.#sum.toString(16).padStart(64, '0')), utf8(String(this.count))))
    return this.#root
  }

  keys(): IterableIterator<string> {
    return this.#items.keys()
  }

  /** What is held of a document, as the root says it. */
  versionOf(key: string): Version | undefined {
    return this.#items.get(key)?.version
  }

  /** The documents with these ids. */
  keysOf(ids: Iterable<ShortId>): string[] {
    return this.coded.slotsOf(ids).map((slot) => this.#keys[slot] as string)
  }

  /** All terms as they are now. */
  terms(): Terms {
    const then = new Map(this.#items)
    const byTerm = new Map([...then].map(([key, { term }]) => [toHex(term), key]))
    return {
      ids: new SortedIds([...then.values()].map(({ term }) => term)),
      keyOf: (term) => byTerm.get(toHex(term)),
      changed: () => [...this.#items].flatMap(([key, item]) => (then.get(key) === item ? [] : key)),
    }
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`)
}
