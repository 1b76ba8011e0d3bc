// The database: its tables, how it is opened, and the words for what can go wrong with it.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { toHex } from '../../base/bytes.ts'
import { JoineryError, messageOf } from '../../base/errors.ts'
import { systemRandom } from '../../base/random.ts'
import type { Row } from './packs.ts'

/** Version of the tables. Databases of a newer joinery are refused by the browser itself. */
export const databaseVersion = 1

export interface Tables extends DBSchema {
  /** The log. Keys grow for ever, also when rows are deleted: they are the cursor. */
  packs: { key: number; value: Row; indexes: { stream: string; snapshot: [string, number] } }
  shelf: { key: string; value: Uint8Array }
  keyPairs: { key: string; value: CryptoKeyPair }
  /** 'incarnation', 'term' of the newest leader, 'end' of the log where its last rows were deleted. */
  meta: { key: string; value: string | number }
}

export type Database = IDBPDatabase<Tables>

/** Opens the database; `onGone` is told when it was closed from outside and will take nothing more. */
export async function openDatabase(name: string, onGone: (why: string) => void): Promise<Database> {
  if (globalThis.indexedDB === undefined) throw noIndexedDb(name, undefined)
  const blocked = Promise.withResolvers<never>()
  const opening = openDB<Tables>(name, databaseVersion, {
    upgrade: (database) => makeTables(database),
    blocked: () => blocked.reject(blockedError(name)),
    // Whoever wants another version waits for us to close, so a tab left open must not hold the others up.
    blocking: (_version, _blocked, event) => {
      ;(event.target as IDBDatabase).close()
      onGone('another tab updates or deletes it')
    },
    terminated: () => onGone('the browser closed it, perhaps because its data was cleared'),
  })
  try {
    return await Promise.race([opening, blocked.promise])
  } catch (error) {
    void opening.then((database) => database.close()).catch(() => {}) // Refused already; what comes late is put away.
    throw openError(error, name)
  }
}

function makeTables(database: Database): void {
  const packs = database.createObjectStore('packs', { keyPath: 'cursor', autoIncrement: true })
  packs.createIndex('stream', 'stream')
  packs.createIndex('snapshot', ['stream', 'upTo'])
  database.createObjectStore('shelf')
  database.createObjectStore('keyPairs')
  // The upgrade's transaction: whoever is second among tabs finds it done.
  void database.createObjectStore('meta').put(toHex(systemRandom.bytes(16)), 'incarnation')
}

/** An error of a transaction as one of ours. */
export function databaseError(cause: unknown, name: string): JoineryError {
  if (cause instanceof JoineryError) return cause
  if (nameOf(cause) === 'QuotaExceededError') {
    const words = `No room left for ${name}: free space on the device or for this site, and try again. Nothing was lost.`
    return new JoineryError('store-full', words, { cause })
  }
  const words = `The database ${name} failed, nothing more is taken: reload the page. (${messageOf(cause)})`
  return new JoineryError('store-failed', words, { cause })
}

function openError(cause: unknown, name: string): JoineryError {
  if (cause instanceof JoineryError) return cause
  if (nameOf(cause) === 'VersionError') {
    const words = `The database ${name} was written by a newer joinery (this one knows version ${databaseVersion}): reload the page to update.`
    return new JoineryError('store-newer', words, { cause })
  }
  return nameOf(cause) === 'QuotaExceededError' ? databaseError(cause, name) : noIndexedDb(name, cause)
}

function noIndexedDb(name: string, cause: unknown): JoineryError {
  const reason = cause === undefined ? '' : ` (${messageOf(cause)})`
  const words = `This browser gives no IndexedDB for ${name}, perhaps because the window is private: pass store: 'memory' to go on without keeping anything.${reason}`
  return new JoineryError('no-indexeddb', words, { cause })
}

function blockedError(name: string): JoineryError {
  return new JoineryError(
    'store-locked',
    `Another tab holds an older version of ${name}: close it, and reload this one.`,
  )
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}
