// What a simulated peer's store has promised to keep, noted by a wrapper around it: the truth that statuses and receipts are held against. It is counted by
// what the store acknowledged, never by what the peer believes.

import { actorOf, isSelfCertifying } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import { decodeRecord, type JournalRecord } from '../store/journal.ts'
import type { AppendOptions, Store, StoreFactory, StoreRecord, StreamName } from '../store/store.ts'

type Book = Map<StreamName, Map<string, number>>

interface Noted {
  readonly stream: StreamName
  readonly record: JournalRecord
}

export interface StoreWatch {
  /** Where what the store promises is noted. */
  readonly ledger: () => Ledger
  called(): void
  appending(records: readonly JournalRecord[]): void
}

export class Ledger {
  /** What was appended, however weakly: it survives the end of a process. */
  journaled: Book = new Map()
  /** What is on the platter: it survives a power cut. */
  synced: Book = new Map()

  append(records: readonly Noted[], durability: AppendOptions['durability']): void {
    for (const { stream, record } of records) note(this.journaled, stream, record)
    // Order holds across both: what is strict is durable only with all that was before it.
    if (durability === 'strict') this.synced = copyOf(this.journaled)
  }

  drop(stream: StreamName): void {
    this.journaled.delete(stream)
    this.synced.delete(stream)
  }

  /** After a power cut: of what was not synced some may be there, none is promised. */
  lose(): void {
    this.journaled = copyOf(this.synced)
  }

  /** What a peer that opens finds on its disk is there, whether it was promised or not; its own edits are there for good, since it will show them. */
  found(stream: StreamName, version: Version, own: ReadonlySet<string>): void {
    for (const [branch, end] of version) {
      const actor = actorOf(branch)
      if (isSelfCertifying(actor)) continue
      raise(this.journaled, stream, actor, end)
      if (own.has(actor)) raise(this.synced, stream, actor, end)
    }
  }

  copy(): Ledger {
    const copy = new Ledger()
    copy.journaled = copyOf(this.journaled)
    copy.synced = copyOf(this.journaled)
    return copy
  }

  holds(stream: StreamName, actor: string): number {
    return this.journaled.get(stream)?.get(actor) ?? 0
  }

  /** What was promised of a stream and is not in `version`. */
  missing(stream: StreamName, version: Version): string | undefined {
    for (const [actor, end] of this.journaled.get(stream) ?? []) {
      const held = Math.max(0, ...[...version].filter(([branch]) => actorOf(branch) === actor).map(([, seq]) => seq))
      if (held < end) return `of ${actor.slice(2, 10)} ${end} edits were stored, and ${held} are here`
    }
    return undefined
  }
}

function note(book: Book, stream: StreamName, record: JournalRecord): void {
  if (record.type !== 'range' || isSelfCertifying(record.range.actor)) return
  raise(book, stream, record.range.actor, record.range.endSeq)
}

function raise(book: Book, stream: StreamName, actor: string, end: number): void {
  const ends = book.get(stream) ?? new Map<string, number>()
  book.set(stream, ends)
  ends.set(actor, Math.max(ends.get(actor) ?? 0, end))
}

function copyOf(book: Book): Book {
  return new Map([...book].map(([stream, own]) => [stream, new Map(own)]))
}

/** The same store, whose promises are noted. */
export function noted(open: StoreFactory, { ledger, called, appending }: StoreWatch): StoreFactory {
  return async (path) => {
    const store = await open(path)
    const notes = ledger()
    const altered: Partial<Store> = {
      append: async (records: readonly StoreRecord[], options) => {
        const copies = records.map(({ stream, bytes }) => ({ stream, record: decodeRecord(bytes.slice()) }))
        appending(copies.map(({ record }) => record))
        await store.append(records, options)
        notes.append(copies, options.durability)
      },
      drop: async (stream) => {
        notes.drop(stream)
        await store.drop(stream)
      },
    }
    const bound = new Map<string | symbol, unknown>()
    return new Proxy(store, {
      get(target, key) {
        const found = bound.get(key)
        if (found !== undefined) return found
        const value: unknown = Reflect.get(altered, key) ?? Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        const method = (...args: unknown[]): unknown => {
          called()
          return Reflect.apply(value, target, args)
        }
        bound.set(key, method)
        return method
      },
    })
  }
}
