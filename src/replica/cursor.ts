// A place in a text or list that stays where it is while others edit: beside an item, not at a number. If the item goes, the place is where it was.
//
//   bytes = version u8 0, side u8 (0 before, 1 after), place u8 (0 an end of it, 1 an item), the container's dot, [the item's dot]
//   dot   = actor bytes with their length, seq varint; of a forked actor 65 u8, then these, then where its change ends, varint, and the tag (8) of the
//           chain there

import { ByteReader, ByteWriter, fromHex, toHex } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV } from '../core/graph.ts'
import { actorId, decodeActor, encodeActor, forkedBranch, tagBytes } from '../core/ids.ts'
import { Kind } from '../core/kinds.ts'
import type { EngineDocument } from '../crdt/engine/document.ts'
import { formatPath } from '../crdt/engine/input.ts'
import type { ListState } from '../crdt/engine/list-state.ts'
import type { Container } from '../crdt/engine/state.ts'
import type { TextState } from '../crdt/engine/text-state.ts'
import type { Path } from '../crdt/patch.ts'
import type { History } from './history.ts'

/**
 * Which neighbour a cursor stays with: it stands 'before' the item at an index, or 'after' the one in front of that index. It shows where somebody types
 * at that very place: text that comes there is in front of a cursor 'before', and behind one 'after'.
 */
export type Side = 'before' | 'after'

export interface Cursor {
  /** Where it is now, in units or items; undefined where its text or list does not show any more. */
  readonly index: number | undefined
  /** Where its text or list is now. */
  readonly path: Path | undefined
  /** For another replica of the document, or later: `openCursor`. */
  encode(): Uint8Array
  /** The same as text, so that JSON can carry it. */
  toJSON(): string
}

const version = 0
/** More than two dots take. */
const CURSOR_BYTES = 256
/** In the place of an actor's length, which is 64 at most. */
const forkedDot = 65

class ItemCursor implements Cursor {
  readonly #history: History
  readonly #document: EngineDocument
  readonly #container: TextState | ListState
  /** -1: the start ('after') or the end ('before'). */
  readonly #lv: LV
  readonly #side: Side

  constructor(history: History, document: EngineDocument, container: TextState | ListState, lv: LV, side: Side) {
    this.#history = history
    this.#document = document
    this.#container = container
    this.#lv = lv
    this.#side = side
  }

  get path(): Path | undefined {
    return this.#document.pathOf(this.#container)
  }

  get index(): number | undefined {
    if (this.path === undefined) return undefined
    const container = this.#container
    if (this.#lv < 0) return this.#side === 'after' ? 0 : container.length
    const { sequence } = container
    const index = sequence.indexOf(this.#lv)
    const isThere = index < container.length && sequence.lvAt(index) === this.#lv
    return this.#side === 'after' && isThere ? index + 1 : index
  }

  encode(): Uint8Array {
    const writer = new ByteWriter(96)
      .u8(version)
      .u8(this.#side === 'after' ? 1 : 0)
      .u8(this.#lv < 0 ? 0 : 1)
    this.#dot(writer, this.#container.maker)
    if (this.#lv >= 0) this.#dot(writer, this.#lv)
    return writer.finish()
  }

  toJSON(): string {
    return toHex(this.encode())
  }

  #dot(writer: ByteWriter, lv: LV): void {
    const { graph, actors, chain } = this.#history
    const branch = graph.branchAt(lv)
    const seq = graph.seqAt(lv)
    if (actors.isForked(branch)) writer.u8(forkedDot)
    encodeActor(writer, actors.nameOf(branch))
    writer.varint(seq)
    if (!actors.isForked(branch)) return
    const end = this.#history.changeEndAfter(branch, seq)
    writer.varint(end).raw(chain.tag(branch, end))
  }
}

/** A cursor at an index of the text or list at a path. Errors: 'bad-path' | 'bad-change' for an index outside | 'bad-option'. */
export function cursorAt(history: History, document: EngineDocument, path: Path, index: number, side: Side): Cursor {
  const container = sequenceOf(document.containerAt(path))
  if (container === undefined)
    throw new JoineryError('bad-path', `${formatPath(path)} is neither a text nor a list`, { details: { path } })
  if (!Number.isInteger(index) || index < 0 || index > container.length)
    throw new JoineryError('bad-change', `index ${index} is outside of 0-${container.length}`)
  if (side !== 'before' && side !== 'after')
    throw new JoineryError('bad-option', `a cursor stands 'before' or 'after', not ${JSON.stringify(side)}`)
  const item = side === 'before' ? index : index - 1
  const lv = item >= 0 && item < container.length ? container.sequence.lvAt(item) : -1
  return new ItemCursor(history, document, container, lv, side)
}

/** A cursor from its bytes, or their text. Errors: 'bad-message' for what is none, 'bad-path' for one of ops that are not here. */
export function decodeCursor(history: History, document: EngineDocument, bytes: Uint8Array | string): Cursor {
  const reader = new ByteReader(typeof bytes === 'string' ? bytesOf(bytes) : bytes)
  const [read, side, place] = [reader.u8(), reader.u8(), reader.u8()]
  if (read !== version || side > 1 || place > 1) throw new JoineryError('bad-message', 'these bytes are no cursor')
  const maker = readDot(history, reader)
  const lv = place === 0 ? -1 : readDot(history, reader)
  reader.end()
  const container = sequenceOf(document.containerOf(history.log.refTo(maker)))
  if (container === undefined) throw new JoineryError('bad-path', 'a cursor stands in a text or list')
  if (lv >= 0 && !isItem(history, document, container, lv))
    throw new JoineryError('bad-path', 'a cursor names no item of its text or list')
  return new ItemCursor(history, document, container, lv, side === 1 ? 'after' : 'before')
}

function bytesOf(text: string): Uint8Array {
  if (text.length % 2 === 1 || text.length > 2 * CURSOR_BYTES || !/^[0-9a-f]*$/.test(text))
    throw new JoineryError('bad-message', 'this text is no cursor')
  return fromHex(text)
}

function readDot(history: History, reader: ByteReader): LV {
  const length = reader.varint(forkedDot)
  const isForked = length === forkedDot
  const actor = isForked ? decodeActor(reader) : actorId(reader.raw(length))
  const seq = reader.varint(limits.seq)
  const branch = history.branchOf(
    isForked ? forkedBranch(actor, reader.varint(limits.seq), reader.raw(tagBytes)) : actor,
  )
  const lv = history.graph.lvOf(branch, seq)
  if (lv < 0) throw new JoineryError('bad-path', `a cursor names op ${seq} of ${actor}, which is not here`)
  return lv
}

function isItem({ log }: History, document: EngineDocument, container: Container, lv: LV): boolean {
  const row = log.rowAt(lv)
  const kind = log.kindOf(row)
  return (
    (kind === Kind.type || kind === Kind.insert) &&
    !log.isVoid(row) &&
    document.containerOf(log.refOf(row)) === container
  )
}

function sequenceOf(container: Container | undefined): TextState | ListState | undefined {
  return container?.type === 'text' || container?.type === 'list' ? container : undefined
}
