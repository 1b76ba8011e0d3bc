// Which records of which stream live where in the log, kept in memory. It is built by replaying the frames of all segments in order, and
// kept up by applying each new record the same way, so that what a process sees and what the next one finds are the same.

import { present } from '../../base/assert.ts'
import type { Cursor, StreamName } from '../store.ts'
import type { Placed } from './frame.ts'
import type { SegmentHead } from './segment.ts'

export interface Segment extends SegmentHead {
  readonly path: string
  /** Undefined of the one that grows. */
  endCursor: Cursor | undefined
  sizeBytes: number
  /** Records that a reader may still ask for, and their bytes. */
  live: number
  liveBytes: number
  /** Ends of streams: needed as long as an older segment may hold records of those streams. */
  drops: number
  /** Damage was found in it: it tells that something is missing, so it is not deleted before that is healed, and then only laid aside. */
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
  /** Undefined where no segment is left that could tell. */
  readonly segment: Segment | undefined
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

  /** Another one whenever the records of a stream are others; carrying them elsewhere alters none. Undefined if one may be missing. */
  markOf(stream: StreamName): string | undefined {
    const entries = this.entries(stream)
    const last = entries.at(-1)
    return last === undefined || this.isDegraded(stream) ? undefined : `${last.cursor}.${last.sum}.${entries.length}`
  }

  /** What is live in a segment. */
  entriesIn(segment: Segment): Entry[] {
    const found: Entry[] = []
    for (const entries of this.#streams.values())
      for (const entry of entries) if (entry.segment === segment) found.push(entry)
    return found
  }

  isLive(entry: Entry): boolean {
    return this.entries(entry.stream).includes(entry)
  }

  isDegraded(stream: StreamName): boolean {
    // A snapshot written since was written from a whole document, so what was lost before it is in it.
    const healedTo = this.entries(stream)[0]?.upTo ?? -1
    return this.#damages.some((damage) => (damage.stream ?? stream) === stream && damage.cursor > healedTo)
  }

  /** Whether snapshots written since hold all that was lost in a segment. */
  isHealed(segment: Segment): boolean {
    const open = this.#damages.filter((damage) => damage.segment === segment)
    return open.every(({ stream, cursor }) => {
      const concerned = stream === undefined ? [...this.#streams.keys()] : [stream]
      return concerned.every((name) => (this.entries(name)[0]?.upTo ?? -1) >= cursor)
    })
  }

  apply(record: Placed, segment: Segment): void {
    const entry: Entry = { ...record, segment }
    if (record.type === 'drop') this.#drop(entry)
    else if (record.type === 'snapshot')
      this.#replace(entry, present(record.upTo, 'a snapshot says how far it reaches'))
    else if (record.at === record.cursor) this.#add(entry)
    else this.#carry(entry)
  }

  /** Notes that a record of `stream`, or of any if that is undefined, at most at `cursor`, was lost. */
  damage(segment: Segment | undefined, stream: StreamName | undefined, cursor: Cursor): void {
    if (segment !== undefined) segment.damaged = true
    this.#damages.push({ stream, cursor, segment })
  }

  /** Forgets the damages of a segment that was healed. */
  forget(segment: Segment): void {
    this.#damages = this.#damages.filter((damage) => damage.segment !== segment)
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
    count(entry, 1)
  }

  /** A record that moved: it takes the place of its older copy, which may be gone already. */
  #carry(entry: Entry): void {
    const entries = this.#streams.get(entry.stream) ?? []
    if ((entries[0]?.upTo ?? -1) >= entry.cursor) return
    let at = entries.length
    while (at > 0 && isBehind(entries[at - 1], entry.cursor)) at--
    const older = entries[at]?.cursor === entry.cursor ? entries[at] : undefined
    if (older !== undefined) count(older, -1)
    entries.splice(at, older === undefined ? 0 : 1, entry)
    this.#streams.set(entry.stream, entries)
    count(entry, 1)
  }

  #replace(snapshot: Entry, upTo: Cursor): void {
    const entries = this.entries(snapshot.stream)
    if (entries.some((entry) => (entry.upTo ?? -1) > upTo)) return
    const kept = entries.filter((entry) => reach(entry) > upTo)
    for (const entry of entries) if (reach(entry) <= upTo) count(entry, -1)
    this.#streams.set(snapshot.stream, [snapshot, ...kept])
    count(snapshot, 1)
  }

  #drop(drop: Entry): void {
    for (const entry of this.entries(drop.stream)) count(entry, -1)
    this.#streams.delete(drop.stream)
    this.#damages = this.#damages.filter(({ stream, cursor }) => stream !== drop.stream || cursor > drop.cursor)
    drop.segment.drops++
  }
}

function count({ segment, length }: Entry, sign: 1 | -1): void {
  segment.live += sign
  segment.liveBytes += sign * length
}

/** Whether an entry stands at or behind a cursor; a snapshot stands before all. */
function isBehind(entry: Entry | undefined, cursor: Cursor): boolean {
  return entry !== undefined && entry.upTo === undefined && entry.cursor >= cursor
}

/** The last cursor an entry speaks for. */
function reach(entry: Entry): Cursor {
  return entry.upTo ?? entry.cursor
}
