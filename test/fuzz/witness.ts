// Sees every delta of a world of documents, and compares what these say with the twin: the value, older versions, differences, conflicts, who
// wrote what, cursors and undo.

import { actorId } from '../../src/core/ids.ts'
import type { Version } from '../../src/core/version.ts'
import { applyPatches, type Cursor, type Doc, type Undo } from '../../src/doc.ts'
import { Replica } from '../../src/replica/replica.ts'
import { Twin } from '../model/engine-twin.ts'
import { opsOf } from '../model/twin-adapter.ts'
import type { Box, Entry, Version as Seen } from '../model/twin-box.ts'
import { boxAt, indexOf, keyHeads, showEntry, valueAt } from '../model/twin-show.ts'
import type { Chance } from './chance.ts'
import { same } from './docs-world.ts'
import { drawn } from './notation.ts'

type Path = readonly (string | number)[]

/** A cursor, and what it is beside. */
interface Placed {
  readonly doc: Doc
  readonly cursor: Cursor
  readonly side: 'before' | 'after'
  readonly box: Box
  readonly item: Entry | undefined
}

export class Witness {
  readonly #reader = new Replica({ docTag: new Uint8Array(32), actor: actorId(Uint8Array.of(255, 255)), now: () => 0 })
  readonly #twin = new Twin()
  readonly #versions: Version[] = []
  #placed: Placed[] = []
  readonly #undos = new Map<Doc, Undo>()
  readonly #sizes = new Map<Doc, number>()
  #read = 0

  take(delta: Uint8Array): void {
    if (delta.length === 0) return
    const { refused } = this.#reader.receiveDelta(delta)
    for (const { error } of refused) throw error
    for (const op of opsOf(this.#reader.history, this.#read)) this.#twin.add(op)
    this.#read = this.#reader.history.log.length
  }

  /** Gives how many ops of the document were not compared before. */
  compare(doc: Doc, step: string): number {
    const version = this.#seen(doc.version)
    same(version.size, sizeOf(doc.version), `the number of ops after ${step}`)
    same(doc.value, valueAt(this.#twin, version), `the value after ${step}`)
    this.#versions.push(doc.version)
    for (const placed of this.#placed) if (placed.doc === doc) this.#compareCursor(placed, version)
    const news = version.size - (this.#sizes.get(doc) ?? 0)
    this.#sizes.set(doc, version.size)
    return news
  }

  look(doc: Doc, chance: Chance): void {
    const now = this.#seen(doc.version)
    const known = this.#versions.filter((version) => contains(doc.version, version))
    if (known.length > 0) {
      const [a, b] = [chance.pick(known), chance.pick(known)]
      const [then, later] = [valueAt(this.#twin, this.#seen(a)), valueAt(this.#twin, this.#seen(b))]
      same(doc.at(a).value, then, 'the value at an older version')
      same(applyPatches(then, doc.diff(a, b)), later, 'a value and its diff to another')
    }
    const boxes = pathsOf(this.#twin, now)
    for (const { path, box } of chance.shuffled(boxes).slice(0, 3)) {
      if (box.type === 'text' || box.type === 'list') {
        this.#compareBlame(doc.blame(path), box, now)
        this.#place(doc, path, box, now, chance)
      }
      if (box.type === 'map') this.#compareConflicts(doc, path, box, now)
    }
  }

  undo(doc: Doc, chance: Chance): void {
    const undo = this.#undos.get(doc) ?? doc.undo({ mergeMs: 0 })
    this.#undos.set(doc, undo)
    if (undo.canRedo && chance.maybe(0.4)) undo.redo()
    else if (undo.canUndo) undo.undo()
  }

  /** A document was saved and loaded: what hung on the old one is let go. */
  moved(from: Doc, _to: Doc): void {
    this.#placed = this.#placed.filter(({ doc }) => doc !== from)
    this.#undos.delete(from)
  }

  drawn(): string {
    return drawn(opsOf(this.#reader.history))
  }

  #place(doc: Doc, path: Path, box: Box, now: Seen, chance: Chance): void {
    const items = this.#twin.visible(box, now)
    const index = chance.below(items.length + 1)
    const side = chance.maybe(0.5) ? 'before' : 'after'
    const item = items[side === 'before' ? index : index - 1]
    const placed = { doc, cursor: doc.cursor(path, index, side), side, box, item } as const
    this.#compareCursor(placed, now)
    this.#placed.push(placed)
  }

  #compareCursor({ cursor, side, box, item }: Placed, now: Seen): void {
    const shows = pathsOf(this.#twin, now).some((other) => other.box === box)
    same(cursor.index, shows ? this.#indexOf(box, item, side, now) : undefined, 'the index of a cursor')
  }

  #indexOf(box: Box, item: Entry | undefined, side: 'before' | 'after', now: Seen): number {
    const visible = this.#twin.visible(box, now)
    if (item === undefined) return side === 'after' ? 0 : visible.length
    return indexOf(this.#twin, box, item, now) + (side === 'after' && visible.includes(item) ? 1 : 0)
  }

  #compareBlame(blame: ReturnType<Doc['blame']>, box: Box, now: Seen): void {
    const found = blame.flatMap(({ index, count, actor }) =>
      Array.from({ length: count }, (_, i) => [index + i, actor]),
    )
    same(
      found,
      this.#twin.visible(box, now).map(({ actor }, i) => [i, actor]),
      'who wrote what',
    )
  }

  #compareConflicts(doc: Doc, path: Path, map: Box, now: Seen): void {
    for (const key of new Set(map.entries.flatMap(({ op }) => ('key' in op ? [op.key] : [])))) {
      const [winner, ...losers] = keyHeads(this.#twin, map, key, now)
      if (winner === undefined || winner.makes?.type === 'register') continue
      const expected = losers.map((entry) => ({ value: showEntry(this.#twin, entry, now), actor: entry.actor }))
      const found = doc.conflicts([...path, key]).map(({ value, actor }) => ({ value, actor }))
      // What follows is hidden there, edited by somebody who had not seen the removal.
      same(found.slice(0, expected.length), expected, `the conflicts at ${[...path, key].join()}`)
    }
  }

  #seen(version: Version): Seen {
    return this.#twin.version([...version].flatMap(([actor, end]) => (end > 0 ? [`${actor}:${end - 1}`] : [])))
  }
}

/** Every container that shows, with its path. */
function pathsOf(twin: Twin, now: Seen): { readonly path: Path; readonly box: Box }[] {
  const out: { path: Path; box: Box }[] = []
  const todo: { path: Path; box: Box }[] = [{ path: [], box: twin.root }]
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    out.push(at)
    const { path, box } = at
    if (box.type === 'map')
      for (const key of new Set(box.entries.flatMap(({ op }) => ('key' in op ? [op.key] : [])))) {
        const inner = boxAt(twin, [...path, key], now)
        if (inner !== undefined) todo.push({ path: [...path, key], box: inner })
      }
    if (box.type === 'list')
      for (const [index, { makes }] of twin.visible(box, now).entries())
        if (makes !== undefined) todo.push({ path: [...path, index], box: makes })
  }
  return out
}

function sizeOf(version: Version): number {
  let size = 0
  for (const end of version.values()) size += end
  return size
}

function contains(version: Version, older: Version): boolean {
  for (const [actor, end] of older) if ((version.get(actor) ?? 0) < end) return false
  return true
}
