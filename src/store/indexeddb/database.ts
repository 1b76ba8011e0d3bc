// The database: its tables, how it is opened, and the words for what can go wrong with it.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { toHex } from '../../base/bytes.ts'
import { JoineryError, messageOf } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { systemRandom } from '../../base/random.ts'
import type { Row } from './packs.ts'

/** Version of the tables. Databases of a newer joinery are refused by the browser itself. */
const databaseVersion = 1

export interface Tables extends DBSchema {
  /** The log. Keys grow for ever, also when rows are deleted: they are the cursor. */
  packs: { key: number; value: Row; indexes: { stream: string; snapshot: [string, number] } }
  shelf: { key: string; value: Uint8Array }
  keyPairs: { key: string; value: CryptoKeyPair }
  /** 'incarnation', 'term' of the newest leader, 'end' of the log where its last rows were deleted, 'actor:<n>' how often it was leased, 'over:<n>:<lease>' a lease that is over. */
  meta: { key: string; value: string | number }
}

export type Database = IDBPDatabase<Tables>

export interface DatabaseOptions {
  /** Another version of the tables than ours: only tests know of one. */
  readonly version?: number
  /** A newer joinery waits for us to close: what is written before the promise resolves is kept. */
  readonly lastCall: () => Promise<void>
  /** It was closed from outside, and takes nothing more. */
  readonly onGone: (why: string) => void
}

/** Opens the database. Where a tab with an older version does not close it in time, it is refused: 'store-locked'. */
export async function openDatabase(
  name: string,
  { version = databaseVersion, lastCall, onGone }: DatabaseOptions,
): Promise<Database> {
  if (findIndexedDb() === undefined) throw noIndexedDb(name, undefined)
  const blocked = Promise.withResolvers<never>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const opening = openDB<Tables>(name, version, {
    upgrade: (database) => makeTables(database),
    blocked: () => {
      timer = setTimeout(() => blocked.reject(blockedError(name)), limits.blockedMs)
    },
    // Whoever wants another version waits for us to close, so a tab left open must not hold the others up.
    blocking: (_version, wanted, event) => {
      const database = event.target as IDBDatabase
      const close = (why: string): void => {
        database.close()
        onGone(why)
      }
      if (wanted === null) return close('its data was deleted')
      void within(limits.lastCallMs, lastCall()).then(() => close('another tab has a newer joinery'))
    },
    terminated: () => onGone('the browser closed it, perhaps because its data was cleared'),
  })
  try {
    return await Promise.race([opening, blocked.promise])
  } catch (error) {
    void opening.then((database) => database.close()).catch(() => {}) // Refused already; what comes late is put away.
    throw openError(error, name)
  } finally {
    clearTimeout(timer)
  }
}

/** Some browsers throw where it is asked for, as in a frame that may keep nothing. */
function findIndexedDb(): IDBFactory | undefined {
  try {
    return globalThis.indexedDB
  } catch {
    return undefined
  }
}

function within(timeMs: number, work: Promise<void>): Promise<void> {
  return Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, timeMs))])
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
