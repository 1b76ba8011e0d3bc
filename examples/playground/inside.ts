// What is inside of a replica at a moment, as plain data: its value, how many edits of each writer it holds, what waits in its causal buffer and for what, and
// what it says of itself.

import type { Status } from '../../src/peer/api.ts'
import type { Document } from '../../src/peer/document.ts'
import type { Span } from './flights.ts'
import type { Name, Replica } from './world.ts'

/** Edits of a replica, by number: [from, end). */
export interface Edits {
  readonly by: Name
  readonly from: number
  readonly end: number
}

export interface Entry {
  readonly by: Name
  /** So many edits of that writer are held here … */
  readonly held: number
  /** … and so many of them are on this disk. */
  readonly durable: number
}

export interface Contents {
  readonly title: string
  /** All titles that were set at the same time, the one that shows first. */
  readonly titles: readonly string[]
  readonly note: string
  readonly votes: number
  readonly tags: readonly string[]
}

export interface Inside {
  readonly state: 'up' | 'opening' | 'down'
  readonly contents: Contents | undefined
  readonly version: readonly Entry[]
  /** What came before what it builds on. */
  readonly waiting: readonly Edits[]
  /** The last edits that something waits for. */
  readonly missing: readonly Edits[]
  readonly status: Status | undefined
}

const nothing: Omit<Inside, 'state'> = { contents: undefined, version: [], waiting: [], missing: [], status: undefined }

export function inside({ peer, handle, arrived }: Replica, writerOf: (actor: string) => Name | undefined): Inside {
  const { state, space } = peer
  const document = [...(space?.documentsByKey.values() ?? [])].find(({ id }) => id.name === handle?.name)
  if (handle === undefined || document === undefined || document.asleep !== undefined) return { state, ...nothing }
  const edits = ({ actor, from, end }: Span): Edits[] => {
    const by = writerOf(actor)
    return by === undefined ? [] : [{ by, from, end }]
  }
  const { missing } = document.replica.pending
  return {
    state,
    contents: contentsOf(handle, document),
    version: versionOf(document, writerOf),
    waiting: document.waitingOps === 0 ? [] : waitingIn(document, arrived).flatMap(edits),
    missing: missing.map(({ actor, seq }) => ({ actor, from: seq, end: seq + 1 })).flatMap(edits),
    status: handle.status.current,
  }
}

function contentsOf({ value }: NonNullable<Replica['handle']>, { replica }: Document): Contents {
  const conflicts = replica.document.conflicts(['title']).map((each) => String(each.value))
  const title = value.title ?? ''
  return {
    title,
    titles: conflicts.length > 1 ? conflicts : [title],
    note: value.note,
    votes: Number(value.votes),
    tags: [...value.tags].sort(),
  }
}

/** Without the beginning, which is nobody's and everywhere. */
function versionOf(document: Document, writerOf: (actor: string) => Name | undefined): Entry[] {
  const entries = [...document.version].flatMap(([branch, held]): Entry[] => {
    const by = writerOf(branch)
    return by === undefined ? [] : [{ by, held, durable: Math.min(held, document.durable.get(branch) ?? 0) }]
  })
  return entries.sort((a, b) => (a.by < b.by ? -1 : 1))
}

/** Of what was handed to it, what is not merged: each edit once, in order. */
function waitingIn(document: Document, arrived: readonly Span[]): Span[] {
  const waiting: Span[] = []
  const beyond = arrived.filter(({ actor, end }) => end > heldOf(document, actor))
  for (const span of [...beyond].sort((a, b) => compareText(a.actor, b.actor) || a.from - b.from || b.end - a.end)) {
    const last = waiting.at(-1)
    if (last !== undefined && last.actor === span.actor && span.from <= last.end)
      waiting[waiting.length - 1] = { ...last, end: Math.max(last.end, span.end) }
    else waiting.push(span)
  }
  return waiting
}

function heldOf({ version }: Document, actor: string): number {
  for (const [branch, held] of version) if (branch === actor) return held
  return 0
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
