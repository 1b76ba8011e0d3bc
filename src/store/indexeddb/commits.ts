// Writing to the log: what is appended, compacted and dropped waits in one ordered queue and goes to disk group by group, each group in one
// transaction that is there whole or not at all.
//
//   within the transaction:  is the actor still ours? (own edits) ──► appends, packed ──► is the term still ours? ──► compact, drop
//
// Both questions are asked of the database itself, where nobody can answer twice: a lock that was lost while this tab slept does no harm. An append
// waits for no answer: it is handed to the browser in one go, and goes to disk even if the page ends the next moment.

import { JoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { outdatedError } from '../checks.ts'
import { GroupQueue } from '../group-queue.ts'
import type { Cursor, StoreRecord, StreamName } from '../store.ts'
import { type Database, databaseError } from './database.ts'
import { appendRows, dropStream, type LogTransaction, replaceRows } from './transactions.ts'
import { abort, type Turns } from './turns.ts'

/** What may stand in one group. */
export type Job =
  | { readonly type: 'append'; readonly records: readonly StoreRecord[]; readonly strict: boolean }
  | { readonly type: 'compact'; readonly stream: StreamName; readonly snapshot: Uint8Array; readonly upTo: Cursor }
  | { readonly type: 'drop'; readonly stream: StreamName }

export interface CommitsOptions {
  readonly name: string
  readonly database: Database
  readonly turns: Turns
  readonly writer: string
  /** Why nothing is taken any more. */
  readonly failed: () => JoineryError | undefined
  readonly fail: (cause: unknown) => JoineryError
  /** Another tab leads by now. */
  readonly outdated: () => void
  /** The keys that a group got, in order. */
  readonly done: (keys: readonly Cursor[]) => void
}

export class Commits {
  readonly #options: CommitsOptions
  readonly #queue: GroupQueue<Job>
  /** Compactions and drops that were refused since another tab leads: the appends that shared their transaction stand. */
  readonly #refused = new WeakSet<Job>()
  /** The marks in `meta` that would say that an actor leased here is another tab's. */
  readonly #leases = new Set<string>()
  #term: number | undefined

  constructor(options: CommitsOptions) {
    this.#options = options
    this.#queue = new GroupQueue((jobs) => this.#commit(jobs), limits.segmentBytes)
  }

  append(
    records: readonly StoreRecord[],
    options: { readonly strict: boolean; readonly sizeBytes: number },
  ): Promise<void> {
    return this.#queue.push({ type: 'append', records, strict: options.strict }, options.sizeBytes)
  }

  /** Errors: 'store-locked' if another tab has led since we did. */
  async asLeader(job: Job, sizeBytes: number): Promise<void> {
    await this.#queue.push(job, sizeBytes)
    if (!this.#refused.has(job)) return
    this.#options.outdated()
    throw outdatedError(this.#options.name)
  }

  idle(): Promise<void> {
    return this.#queue.idle()
  }

  /** From now on, own edits stand only while this mark does not: whoever has the actor next puts it there. Until `off`. */
  holdLease(mark: string): () => void {
    this.#leases.add(mark)
    return () => this.#leases.delete(mark)
  }

  lead(term: number): void {
    this.#term = term
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    const { name, database, turns, fail, failed, done } = this.#options
    const refusal = failed()
    if (refusal !== undefined) throw refusal
    const isStrict = jobs.some((job) => job.type !== 'append' || job.strict)
    try {
      const durability = isStrict ? 'strict' : 'relaxed'
      const begin = (): LogTransaction => database.transaction(['packs', 'meta'], 'readwrite', { durability })
      done(await turns.take(begin, (transaction) => this.#write(jobs, transaction)))
    } catch (error) {
      const known = databaseError(error, name)
      throw known.code === 'store-full' ? known : fail(error)
    }
  }

  async #write(jobs: readonly Job[], transaction: LogTransaction): Promise<readonly Cursor[]> {
    let failure: unknown
    const work = this.#run(jobs, transaction)
    work.catch((error: unknown) => {
      failure ??= error
      abort(transaction)
    })
    // Only `complete` means written: a request may succeed and the commit fail. And where it fails, some requests are never answered (Chromium).
    await transaction.done.catch((error: unknown) => {
      if (transaction.error?.name === 'ConstraintError') throw takenOver(this.#options.name)
      throw transaction.error ?? failure ?? error
    })
    return work
  }

  async #run(jobs: readonly Job[], transaction: LogTransaction): Promise<readonly Cursor[]> {
    const isOwn = jobs.some((job) => job.type === 'append' && job.strict)
    const guard = isOwn ? this.#guard(transaction) : undefined
    guard?.catch(() => {}) // Told at the end.
    const keys: Cursor[] = []
    let waiting: StoreRecord[] = []
    // Appends that follow one another are packed together.
    const flush = async (): Promise<void> => {
      const records = waiting
      waiting = []
      for (const key of await appendRows(transaction, this.#options.writer, records)) keys.push(key)
    }
    for (const job of jobs) {
      if (job.type === 'append') {
        for (const record of job.records) waiting.push(record)
        continue
      }
      await flush()
      if (await this.#isOutdated(transaction)) this.#refused.add(job)
      else if (job.type === 'drop') await dropStream(transaction, job.stream)
      else keys.push(...(await replaceRows(transaction, this.#options.writer, job)))
    }
    const last = flush()
    transaction.commit() // Nothing more comes: the database need not ask.
    await Promise.all([guard, last])
    return keys
  }

  /**
   * Invariant 11: what an actor writes after another tab has it never comes to stand beside what that one writes. Nothing is asked, since an answer
   * would have to be waited for, and the page may end meanwhile: adding what stands there already fails, and the whole transaction with it.
   */
  async #guard(transaction: LogTransaction): Promise<void> {
    const meta = transaction.objectStore('meta')
    await Promise.all([...this.#leases].flatMap((mark) => [meta.add(1, mark), meta.delete(mark)]))
  }

  /** Whether another tab has led since we did. Asked within the transaction that deletes, so no leader can begin in between. */
  async #isOutdated(transaction: LogTransaction): Promise<boolean> {
    return this.#term !== undefined && (await transaction.objectStore('meta').get('term')) !== this.#term
  }
}

function takenOver(name: string): JoineryError {
  const words = `Another tab has the name under which this one wrote in ${name}, since this one slept too long: reload the page.`
  return new JoineryError('store-failed', words)
}
