// What happens inside a transaction on the log. Nothing here waits for anything but the database.

import type { IDBPObjectStore, IDBPTransaction } from 'idb'
import type { Cursor, StoreRecord, StreamName } from '../store.ts'
import type { Tables } from './database.ts'
import { type NewRow, packRows, type Row } from './packs.ts'

export type LogTransaction = IDBPTransaction<Tables, ('packs' | 'meta')[], 'readwrite'>

/** Appends records, packed stream by stream; within a stream their order holds. The keys they got. */
export function appendRows(
  transaction: LogTransaction,
  writer: string,
  records: readonly StoreRecord[],
): Promise<Cursor[]> {
  const byStream = Map.groupBy(records, ({ stream }) => stream)
  return addRows(
    transaction,
    [...byStream].flatMap(([stream, own]) =>
      packRows(
        stream,
        writer,
        own.map(({ bytes }) => bytes),
      ),
    ),
  )
}

/** Puts a snapshot in the place of what it holds; nothing if there is nothing it would replace. */
export async function replaceRows(
  transaction: LogTransaction,
  writer: string,
  compaction: { readonly stream: StreamName; readonly snapshot: Uint8Array; readonly upTo: Cursor },
): Promise<Cursor[]> {
  const { stream, snapshot, upTo } = compaction
  const packs = transaction.objectStore('packs')
  const reaches = await snapshotReaches(packs, stream)
  if ([...reaches.values()].some((reach) => reach > upTo)) return []
  const keys = await packs.index('stream').getAllKeys(stream)
  const old = keys.filter((key) => (reaches.get(key) ?? key) <= upTo)
  if (old.length === 0) return []
  const added = await addRows(transaction, packRows(stream, writer, [snapshot], upTo))
  await Promise.all(old.map((key) => packs.delete(key)))
  return added
}

export async function dropStream(transaction: LogTransaction, stream: StreamName): Promise<void> {
  const packs = transaction.objectStore('packs')
  // The keys go on growing, but a log without its last rows would look shorter than it was.
  await transaction.objectStore('meta').put(await endOfLog(transaction), 'end')
  const keys = await packs.index('stream').getAllKeys(stream)
  await Promise.all(keys.map((key) => packs.delete(key)))
}

/** The greatest key there ever was. */
export async function endOfLog(
  transaction: IDBPTransaction<Tables, ('packs' | 'meta')[], 'readonly' | 'readwrite'>,
): Promise<Cursor> {
  const [last, noted] = await Promise.all([
    transaction.objectStore('packs').openKeyCursor(null, 'prev'),
    transaction.objectStore('meta').get('end'),
  ])
  return Math.max(last?.key ?? 0, Number(noted ?? 0))
}

/** How far each row of a stream's snapshot reaches, by its key. */
async function snapshotReaches(
  packs: IDBPObjectStore<Tables, ('packs' | 'meta')[], 'packs', 'readwrite'>,
  stream: StreamName,
): Promise<Map<Cursor, Cursor>> {
  const reaches = new Map<Cursor, Cursor>()
  const all = IDBKeyRange.bound([stream, 0], [stream, Number.MAX_SAFE_INTEGER])
  let cursor = await packs.index('snapshot').openKeyCursor(all)
  for (; cursor !== null; cursor = await cursor.continue()) reaches.set(cursor.primaryKey, cursor.key[1])
  return reaches
}

function addRows(transaction: LogTransaction, rows: readonly NewRow[]): Promise<Cursor[]> {
  const packs = transaction.objectStore('packs')
  // The database adds the key.
  return Promise.all(rows.map((row) => packs.add(row as Row)))
}
