// Small named values, each write a strict transaction of its own: the shelf, the key pairs, and whose turn it is: the leader's term, the leases of actors.
// Whatever else reads, reads by `read`, too.

import type { IDBPObjectStore } from 'idb'
import { checkKey, outdatedError } from '../checks.ts'
import type { MakeKeyPair } from '../store.ts'
import type { Database, Tables } from './database.ts'
import type { Turns } from './turns.ts'

/** Leases of one instance whose end is remembered: no tab sleeps through more. */
const marksKept = 64

function leaseMark(instance: number, lease: number): string {
  return `over:${instance}:${String(lease).padStart(12, '0')}`
}

/** Runs an action on the database, if there still is one; its errors become ours. */
export type Attempt = <T>(action: () => Promise<T>) => Promise<T>

export class Shelf {
  readonly #database: Database
  readonly #turns: Turns
  readonly #attempt: Attempt

  constructor(database: Database, turns: Turns, attempt: Attempt) {
    this.#database = database
    this.#turns = turns
    this.#attempt = attempt
  }

  get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key)
    return this.read('shelf', (shelf) => shelf.get(key))
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    checkKey(key)
    await this.write('shelf', (table) => table.put(value, key))
  }

  setOnce(key: string, value: Uint8Array): Promise<Uint8Array> {
    checkKey(key)
    return this.write('shelf', async (table) => {
      const standing = await table.get(key)
      if (standing === undefined) await table.put(value, key)
      return standing ?? value.slice()
    })
  }

  async delete(key: string): Promise<void> {
    checkKey(key)
    await this.write('shelf', (table) => table.delete(key))
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const keys = await this.read('shelf', (shelf) => shelf.getAllKeys())
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  async keyPair(name: string, make: MakeKeyPair): Promise<CryptoKeyPair> {
    checkKey(name)
    const kept = await this.read('keyPairs', (pairs) => pairs.get(name))
    if (kept !== undefined) return kept
    // Made before the transaction, which must not wait for it; another tab may be quicker, then its keys stand.
    const made = await make({ extractable: false })
    return this.write('keyPairs', async (table) => {
      const standing = await table.get(name)
      if (standing === undefined) await table.put(made, name)
      return standing ?? made
    })
  }

  /** Who leads from now on, by a number that grows; unless it is another one already. */
  beginTerm(isLost: () => boolean): Promise<number> {
    return this.write('meta', async (table) => {
      if (isLost()) throw outdatedError(this.#database.name)
      const term = Number((await table.get('term')) ?? 0) + 1
      await table.put(term, 'term')
      return term
    })
  }

  /** Begins a lease of an actor's instance: whoever had it before is marked as over. The mark that would say so of this one. */
  beginLease(instance: number): Promise<string> {
    return this.write('meta', async (table) => {
      const lease = Number((await table.get(`actor:${instance}`)) ?? 0) + 1
      const forgotten = leaseMark(instance, Math.max(0, lease - marksKept - 1))
      await Promise.all([
        table.put(1, leaseMark(instance, lease - 1)),
        table.delete(IDBKeyRange.bound(leaseMark(instance, 0), forgotten)),
        table.put(lease, `actor:${instance}`),
      ])
      return leaseMark(instance, lease)
    })
  }

  read<Name extends 'packs' | 'shelf' | 'keyPairs', T>(
    name: Name,
    act: (table: IDBPObjectStore<Tables, [Name], Name, 'readonly'>) => Promise<T>,
  ): Promise<T> {
    const begin = () => this.#database.transaction(name)
    return this.#attempt(() =>
      this.#turns.take(begin, (transaction) => {
        const failed = transaction.done.then(() => new Promise<never>(() => {}))
        failed.catch(() => {}) // What it read is told by the requests; it may still be cut off after the last.
        return Promise.race([act(transaction.store), failed])
      }),
    )
  }

  /** A strict transaction on one table; `act` waits for nothing but that table. */
  write<Name extends 'shelf' | 'keyPairs' | 'meta', T>(
    name: Name,
    act: (table: IDBPObjectStore<Tables, [Name], Name, 'readwrite'>) => Promise<T>,
  ): Promise<T> {
    const begin = () => this.#database.transaction(name, 'readwrite', { durability: 'strict' })
    return this.#attempt(() =>
      this.#turns.take(begin, async (transaction) => {
        const [result] = await Promise.all([act(transaction.store), transaction.done])
        return result
      }),
    )
  }
}
