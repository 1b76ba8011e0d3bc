// Compaction of a space's documents: one snapshot in place of many records in the journal. Only what is durable and whole goes in, and nothing that another tab
// wrote is left out.

import { encodeSnapshot } from '../store/journal.ts'
import type { Compacted } from './api.ts'
import type { PeerContext } from './context.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'

export interface CompactionOptions {
  readonly context: Pick<PeerContext, 'catchUp' | 'leading' | 'store' | 'writer'>
  readonly documents: Pick<Documents, 'all' | 'wake'>
  readonly failed: (cause: unknown) => void
}

const COMPACT_RECORDS = 2_048
const COMPACT_AT_ONCE = 64

export class Compaction {
  readonly #options: CompactionOptions

  constructor(options: CompactionOptions) {
    this.#options = options
  }

  /** Compacts a document whose journal has grown long. Never rejects. */
  async compact(document: Document): Promise<void> {
    if (document.records < COMPACT_RECORDS || !this.#options.context.leading) return
    await this.#compact(document).catch((cause: unknown) => this.#options.failed(cause))
  }

  /** Compacts what has grown long. One after another, each with nothing else waiting for it. */
  async compactLong(): Promise<void> {
    const { documents } = this.#options
    for (const document of documents.all) {
      if (document.records < COMPACT_RECORDS) continue
      await documents.wake(document)
      await this.compact(document)
    }
  }

  /** Snapshots take the place of what was damaged, so that the next opening finds all of what others gave back. Never rejects. */
  async replaceDamaged(): Promise<void> {
    const { context, documents, failed } = this.#options
    try {
      // The store knows of more than those that were loaded with it: who lost their names, and came anew.
      const marks = await context.store.marks()
      for (const document of documents.all)
        if (marks.has(document.stream) && marks.get(document.stream) === undefined) await this.#compact(document)
    } catch (cause) {
      failed(cause)
    }
  }

  /** Compacts all that take less room so, some at a time. */
  async compactAll(): Promise<Compacted> {
    const wanted: Document[] = []
    for (const document of this.#options.documents.all) if (await this.#wouldShrink(document)) wanted.push(document)
    if (wanted.length > 0) await this.#options.context.store.separate()
    let documents = 0
    // Together, so that the store lets go of all at once and carries little of it along meanwhile.
    for (let from = 0; from < wanted.length; from += COMPACT_AT_ONCE) {
      const done = await Promise.all(wanted.slice(from, from + COMPACT_AT_ONCE).map((one) => this.#compact(one)))
      documents += done.filter(Boolean).length
    }
    return { documents, kept: wanted.length - documents }
  }

  /** Whether a snapshot takes less room than what is there: it says more than a few small edits do. */
  async #wouldShrink(document: Document): Promise<boolean> {
    if (document.records <= 1) return false
    const { context, documents } = this.#options
    await documents.wake(document)
    document.pins++
    try {
      const { records } = await context.store.read(document.stream)
      const sizeBytes = records.reduce((sum, { length }) => sum + length, 0)
      return document.degraded || document.replica.snapshot().length < sizeBytes
    } finally {
      document.pins--
    }
  }

  /** Whether a snapshot was written. */
  async #compact(document: Document): Promise<boolean> {
    const { context, documents } = this.#options
    const { store, writer } = context
    document.pins++
    if (document.asleep !== undefined) await documents.wake(document)
    const { records } = document
    // Zero, so that the name is written anew with what follows, and nobody else compacts meanwhile.
    document.records = 0
    let isDone = false
    try {
      // We may be called from within an append, which has to end first. An error of the writer's is told by the writer.
      await writer.flush().catch(() => {})
      const hasAll = await context.catchUp()
      const upTo = store.cursor()
      if (hasAll && document.isWhole) {
        const { name, generation } = document.id
        await store.compact(document.stream, encodeSnapshot(name, generation, document.replica.snapshot()), upTo)
        isDone = true
      }
    } finally {
      document.pins--
      if (!isDone) document.records += records
    }
    return isDone
  }
}
