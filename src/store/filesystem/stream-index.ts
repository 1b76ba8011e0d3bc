// Which records of which stream live where in the log, kept in memory. It is built by replaying the frames of all segments in order, and
// kept up by applying each new record the same way, so that what a process sees and what the next one finds are the same.

import { present } from '../../base/assert.ts'
import type { Cursor, StreamName } from '../store.ts'
import type { Placed } from './segment.ts'

export interface Segment {
  readonly number: number
  readonly seed: number
  readonly firstCursor: Cursor
  readonly path: string
  sizeBytes: number
  /** Records that a reader may still ask for. */
  live: number
  /** Ends of streams: needed as long as an older segment may hold records of those streams. */
  drops: number
  /** Damage was found in it: it is never deleted, only laid aside. */
  damaged: boolean
}

export interface Entry extends Placed {
  readonly segment: Segment
}

interface Damage {
  /** Undefined if nobody can tell whose records were lost. */
  readonly stream: StreamName | undefined
  /** The last cursor the lost records may have had. */
  readonly cursor: Cursor
}

export class StreamIndex {
  readonly #streams = new Map<StreamName, Entry[]>()
  #damages: Damage[] = []

  /** How many places are damaged. */
  get damages(): number {
    return this.#damages.length
  }

  streams(): StreamName[] {
    const hurt = this.#damages.flatMap(({ stream }) => (stream === undefined ? [] : [stream]))
    return [...new Set([...this.#streams.keys(), ...hurt])]
  }

  /** The snapshot, if any, and what came after it, in order of append. */
  entries(stream: StreamName): readonly Entry[] {
    return this.#streams.get(stream) ?? []
  }

  isDegraded(stream: StreamName): boolean {
    const first = this.entries(stream)[0]
    // A snapshot written since was written from a whole document, so what was lost before it is in it.
    const healedTo = first?.upTo ?? -1
    return this.#damages.some((damage) => (damage.stream ?? stream) === stream && damage.cursor > healedTo)
  }

  apply(record: Placed, segment: Segment): void {
    const entry: Entry = { ...record, segment }
    if (record.type === 'data') this.#add(entry)
    else if (record.type === 'snapshot')
      this.#replace(entry, present(record.upTo, 'a snapshot says how far it reaches'))
    else this.#drop(entry)
  }

  /** Notes that a record of `stream`, or of any if that is undefined, at most at `cursor`, was lost. */
  damage(stream: StreamName | undefined, cursor: Cursor): void {
    this.#damages.push({ stream, cursor })
  }

  /** True if a snapshot would replace anything: not of a dropped stream, not where another reaches further. */
  wantsSnapshot(stream: StreamName, upTo: Cursor): boolean {
    const entries = this.entries(stream)
    return entries.some((entry) => reach(entry) <= upTo) && !entries.some((entry) => (entry.upTo ?? -1) > upTo)
  }

  #add(entry: Entry): void {
    const entries = this.#streams.get(entry.stream)
    if (entries === undefined) this.#streams.set(entry.stream, [entry])
    else entries.push(entry)
    entry.segment.live++
  }

  #replace(snapshot: Entry, upTo: Cursor): void {
    const entries = this.entries(snapshot.stream)
    if (entries.some((entry) => (entry.upTo ?? -1) > upTo)) return
    const kept = entries.filter((entry) => reach(entry) > upTo)
    for (const entry of entries) if (reach(entry) <= upTo) entry.segment.live--
    this.#streams.set(snapshot.stream, [snapshot, ...kept])
    snapshot.segment.live++
  }

  #drop(drop: Entry): void {
    for (const entry of this.entries(drop.stream)) entry.segment.live--
    this.#streams.delete(drop.stream)
    this.#damages = this.#damages.filter(({ stream, cursor }) => stream !== drop.stream || cursor > drop.cursor)
    drop.segment.drops++
  }
}

/** The last cursor an entry speaks for. */
function reach(entry: Entry): Cursor {
  return entry.upTo ?? entry.cursor
}
