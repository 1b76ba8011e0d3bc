// Snapshots: one replica of a document as bytes (FORMAT §5). This page is the grammar; the files named at its end write and read the parts.
//
//   snapshot = "joinery-document" (16 bytes), version u8 0, flags u8 (1: hidden content was dropped), section*
//   section  = id u8, 0 (stored),  size varint, bytes              ids ascending, each at most once; an empty section is left out
//            | id u8, 1 (deflate), full size varint, size varint, bytes
//   pack     = (size varint, bytes)*                               streams that are compressed together
//   signed   = varint, zigzag: 0, -1, 1, -2 …                      bits = run lengths: of zeros, of ones, of zeros …
//   dot      = branch varint in one stream, signed difference to the branch's last seq in that stream in another
//
//   1 branches   pack(table, times)    the branches by the bytes of their actors, and for each what its ops end in
//   2 segments   pack(lengths, links, link branches, link seqs, change ends)      the event graph
//   3 state      pack(…)               what the document shows, values once                               snapshot-state.ts
//   4 text       units                 the visible units of all texts, in the order of their containers    snapshot-text.ts
//   5 metas      what is no edit, in canonical order
//   6 heads      bytes                 of each run: its kind, and its length and place where they are short snapshot-ops.ts
//   7 ops        pack(…)               the rest of the runs
//   8 hidden     units                 of texts: those that do not show, item by item, then those of void ops
//   9 values     value*                those that the state does not have: of lists, item by item, then of all other ops
//  10 tips       signed tips: a cache, not canonical, left out when asked
//  11 stops      where ops begin that are held and not merged                                            snapshot-stops.ts
//
// Canonical order: branch by branch, and in each by seq. Without compression and tips, equal sets of ops give equal bytes whatever the order and
// batching they arrived in (Invariant 6): nothing of LVs, rows or interned numbers is written, and runs are cut anew, as long as they can be.
// 1-4 are read at once and show the document; 5-9 stay bytes until somebody asks for history. The content of history is not written again: a
// replay without content gives the order of all items, and visible and hidden content fall into their places.
//
// What begins with "joinery-snapshot" is of the first draft: 'store-older'.
//
// Reading is total: any bytes give a document, 'bad-message', 'store-newer' or 'store-older', in bounded time and memory. That what is said is true
// (that the state is what the ops give, that links are no older than they claim) is not proved here: the store or a signature vouches for the bytes.

import { ByteReader, ByteWriter, equalBytes, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

/** Synchronous raw deflate, handed in where the platform has it. */
export interface Deflate {
  deflate(bytes: Uint8Array): Uint8Array
}

/** Throws, or stops, when more than `sizeMax` bytes come out. */
export interface Inflate {
  inflate(bytes: Uint8Array, sizeMax: number): Uint8Array
}

export const sections = {
  branches: 1,
  segments: 2,
  state: 3,
  text: 4,
  metas: 5,
  heads: 6,
  ops: 7,
  hidden: 8,
  values: 9,
  tips: 10,
  stops: 11,
} as const

export type SectionName = keyof typeof sections

const magic = utf8('joinery-document')
const olderMagic = utf8('joinery-snapshot')
const newest = 0
const older =
  'This document was written by an early draft of joinery 0.1, which this version cannot read. Export it with that one.'
const stored = 0
const deflated = 1
const liveFlag = 1
/** Deflate gives at most so many bytes for one: a size that says more lies. */
const deflateRatioMax = 1032

export function writeSnapshot(
  parts: Readonly<Partial<Record<SectionName, Uint8Array>>>,
  options: { readonly live: boolean; readonly deflate: Deflate | undefined },
): Uint8Array {
  const writer = new ByteWriter(4096)
  writer
    .raw(magic)
    .u8(newest)
    .u8(options.live ? liveFlag : 0)
  for (const [name, id] of Object.entries(sections)) {
    const bytes = parts[name as SectionName]
    if (bytes === undefined || bytes.length === 0) continue
    const small = options.deflate?.deflate(bytes)
    if (small !== undefined && small.length + 2 < bytes.length)
      writer.u8(id).u8(deflated).varint(bytes.length).bytes(small)
    else writer.u8(id).u8(stored).bytes(bytes)
  }
  return writer.finish()
}

interface Section {
  readonly bytes: Uint8Array
  /** The size of what is inflated, or -1 if it is stored as it is. */
  readonly fullSize: number
}

/** The sections of a snapshot, inflated each when it is asked for. */
export class Sections {
  readonly isLive: boolean
  readonly #sections = new Map<number, Section>()
  readonly #inflate: Inflate | undefined

  constructor(bytes: Uint8Array, inflate: Inflate | undefined) {
    this.#inflate = inflate
    const reader = new ByteReader(plainBytes(bytes))
    const head = reader.raw(Math.min(reader.left, magic.length))
    if (equalBytes(head, olderMagic)) throw new JoineryError('store-older', older)
    if (!equalBytes(head, magic)) throw new JoineryError('bad-message', 'these bytes are no snapshot of a document')
    const version = reader.u8()
    if (version > newest)
      throw new JoineryError('store-newer', `a snapshot of version ${version} needs a newer joinery`)
    const flags = reader.u8()
    if (flags > liveFlag) throw new JoineryError('bad-message', 'a snapshot has unknown flags')
    this.isLive = flags === liveFlag
    let left = limits.snapshotBytes
    for (let last = 0; !reader.done; ) {
      const id = reader.u8()
      if (id <= last || id > sections.stops) throw new JoineryError('bad-message', `a section ${id} after ${last}`)
      last = id
      const codec = reader.u8()
      if (codec > deflated) throw new JoineryError('bad-message', `a section has the codec ${codec}`)
      const fullSize = codec === stored ? -1 : reader.varint(left)
      const part = reader.bytes(left)
      if (fullSize > part.length * deflateRatioMax)
        throw new JoineryError('bad-message', `a section of ${fullSize} bytes lies`)
      left -= Math.max(fullSize, part.length)
      this.#sections.set(id, { bytes: part, fullSize })
    }
  }

  get(name: SectionName): Uint8Array {
    const section = this.#sections.get(sections[name])
    if (section === undefined) return new Uint8Array(0)
    const { bytes, fullSize } = section
    if (fullSize < 0) return bytes
    if (this.#inflate === undefined) throw new JoineryError('unsupported', 'a compressed snapshot needs inflate')
    const full = inflated(this.#inflate, bytes, fullSize)
    if (full.length !== fullSize)
      throw new JoineryError('bad-message', `a section has ${full.length} bytes, it says ${fullSize}`)
    return full
  }
}

function inflated({ inflate }: Inflate, bytes: Uint8Array, sizeMax: number): Uint8Array {
  try {
    return plainBytes(inflate(bytes, sizeMax))
  } catch (cause) {
    throw new JoineryError('bad-message', 'a section is not deflated bytes', { cause })
  }
}

/** The same bytes as a Uint8Array proper: a platform's kind of its own may share them where it should copy. */
function plainBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
