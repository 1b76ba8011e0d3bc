// The database: its tables, how it is opened, and the words for what can go wrong with it.

import { type DBSchema, type IDBPDatabase, wrap } from 'idb'
import { toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { JoineryError, messageOf } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import type { Row } from './packs.ts'
import type { TabHost } from './tab-host.ts'

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
  readonly host: Pick<TabHost, 'indexedDB' | 'clock' | 'random'>
  /** Another version of the tables than ours: only tests know of one. */
  readonly version?: number
  /** A newer joinery waits for us to close: what is written before the promise resolves is kept. */
  readonly lastCall: () => Promise<void>
  /** It was closed from outside, and takes nothing more. */
  readonly onGone: (why: string) => void
}

/** Opens the database. Where a tab with an older version does not close it in time, it is refused: 'store-locked'. */
export async function openDatabase(name: string, options: DatabaseOptions): Promise<Database> {
  const { host, version = databaseVersion } = options
  if (host.indexedDB === undefined) throw noIndexedDb(name, undefined)
  const blocked = Promise.withResolvers<never>()
  let cancel = (): void => {}
  let opening: Promise<Database> | undefined
  try {
    const request = host.indexedDB.open(name, version)
    request.addEventListener('upgradeneeded', () =>
      makeTables(wrap(request.result) as unknown as Database, host.random),
    )
    request.addEventListener('blocked', () => {
      cancel = host.clock.after(limits.blockedMs, () => blocked.reject(blockedError(name)))
    })
    // The tables are those of this version: the request is for no other.
    opening = wrap(request) as unknown as Promise<Database>
    void opening.then((database) => watch(database, options)).catch(() => {}) // Told below.
    return await Promise.race([opening, blocked.promise])
  } catch (error) {
    void opening?.then((database) => database.close()).catch(() => {}) // Refused already; what comes late is put away.
    throw openError(error, name)
  } finally {
    cancel()
  }
}

/** Whoever wants another version waits for us to close, so a tab left open must not hold the others up. */
function watch(database: Database, { host, lastCall, onGone }: DatabaseOptions): void {
  const close = (why: string): void => {
    database.close()
    onGone(why)
  }
  database.addEventListener('close', () => onGone('the browser closed it, perhaps because its data was cleared'))
  database.addEventListener('versionchange', ({ newVersion }) => {
    if (newVersion === null) return close('its data was deleted')
    void within(host.clock, limits.lastCallMs, lastCall()).then(() => close('another tab has a newer joinery'))
  })
}

function within(clock: Clock, timeMs: number, work: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>()
  const cancel = clock.after(timeMs, over.resolve)
  return Promise.race([work, over.promise]).finally(cancel)
}

function makeTables(database: Database, random: Random): void {
  const packs = database.createObjectStore('packs', { keyPath: 'cursor', autoIncrement: true })
  packs.createIndex('stream', 'stream')
  packs.createIndex('snapshot', ['stream', 'upTo'])
  database.createObjectStore('shelf')
  database.createObjectStore('keyPairs')
  // The upgrade's transaction: whoever is second among tabs finds it done.
  const meta = database.createObjectStore('meta')
  meta.put(toHex(random.bytes(16)), 'incarnation').catch(() => {}) // Whoever opens is told.
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
