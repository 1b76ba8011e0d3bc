// What the writer that is killed and those who watch it know in common: documents, and what is said of them.

import { createHash } from 'node:crypto'
import { counter } from '../../src/crdt/constructors.ts'
import type { DocHandle, Space } from '../../src/peer/api.ts'

/** Each edit adds an entry and counts it, in one change: a document where the two differ was torn. */
export type Pages = { entries: string[]; count: ReturnType<typeof counter> }

/** What a document holds. */
export interface Book {
  readonly entries: readonly string[]
  readonly count: number | bigint
}

/** How both sides open one. */
export const openBook = (space: Space, name: string): Promise<DocHandle<Pages>> =>
  space.open<Pages>(name, { init: { entries: [], count: counter() } })

export interface OpenArgument {
  readonly path: string
  readonly ticket: string
  /** Names of the documents that are written in now: of these all entries are told, of the others what they amount to. */
  readonly current: readonly string[]
}

export interface Opened {
  readonly spaces: number
  readonly current: Readonly<Record<string, Book>>
  readonly others: Readonly<Record<string, string>>
}

export function digestOf({ entries, count }: Book): string {
  return createHash('sha256')
    .update(JSON.stringify([entries, count]))
    .digest('hex')
}
