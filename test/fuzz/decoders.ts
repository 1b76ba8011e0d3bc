// Mutated bytes into every decoder: each gives something or a JoineryError, in little time and memory. What is taken is then read, written and
// edited, since what a decoder lets through must not break what comes after it.

import { readRecord } from '../../src/auth/address-record.ts'
import { makeSpace, type SpaceKeys, spaceKeys } from '../../src/auth/keys.ts'
import type { Sealer } from '../../src/auth/seal.ts'
import { decodeTicket } from '../../src/auth/ticket.ts'
import { ByteReader, ByteWriter, utf8 } from '../../src/base/bytes.ts'
import { JoineryError } from '../../src/base/errors.ts'
import { decodeActor, forkedBranch, memberActor, tagBytes } from '../../src/core/ids.ts'
import { decodeRange, type SignedRange } from '../../src/core/range.ts'
import { decodeValue } from '../../src/core/value.ts'
import { decodeVersion, encodeVersion } from '../../src/core/version.ts'
import { readDelta } from '../../src/core/wire-delta.ts'
import { createDoc, type Doc, openDoc } from '../../src/doc.ts'
import {
  type BundlePart,
  encodeBundleEnd,
  encodeBundleHead,
  encodeInvitation,
  encodeSpace,
  openChunk,
  readBundle,
} from '../../src/peer/bundle.ts'
import { decodeIndex, encodeIndex, type IndexEntry } from '../../src/peer/doc-index.ts'
import { decodeSpaceRecord, encodeSpaceRecord, spaceKey } from '../../src/peer/shelf.ts'
import {
  CodedSet,
  decodeRanges,
  decodeSymbols,
  encodeRanges,
  encodeSymbols,
  RangeReconciler,
  SortedIds,
  SymbolDecoder,
} from '../../src/reconcile.ts'
import { decodeRecord, encodeName, encodeRangeRecord, encodeSnapshot } from '../../src/store/journal.ts'
import { decodeGossip } from '../../src/sync/gossip.ts'
import { decodeMessage } from '../../src/sync/messages.ts'
import { Chance } from './chance.ts'
import { replicaOf } from './cuts.ts'
import { editRoot } from './edits.ts'
import { text } from './notation.ts'

interface Decoder {
  readonly name: string
  readonly samples: readonly Uint8Array[]
  /** What it gives is awaited. */
  decode(bytes: Uint8Array): unknown
}

const msMax = 50
const bytesMax = 64 * 1024 * 1024
const clock = { now: () => 1_000_000 }

export async function tryDecoders(inputs: number, seed: number): Promise<string | undefined> {
  const chance = new Chance(seed)
  const all = [...decoders(chance), ...(await kept(chance))]
  let refused = 0
  for (let i = 0; i < inputs; i++) {
    const decoder = all[i % all.length]
    if (decoder === undefined) break
    const bytes = mutated(decoder.samples, chance)
    const fault = await faultOf(decoder, bytes)
    if (fault === 'refused') refused++
    else if (fault !== undefined)
      return `${decoder.name}, seed ${seed}, input ${i}: ${fault}\n${text(await least(decoder, bytes))}`
    if ((i + 1) % 50_000 === 0) console.log(`${i + 1} inputs into ${all.length} decoders, ${refused} refused, 0 faults`)
  }
  console.log(`${inputs} inputs into ${all.length} decoders, ${refused} refused, 0 faults`)
  return undefined
}

/** What is wrong, if anything is; 'refused' is right. */
async function faultOf({ decode }: Decoder, bytes: Uint8Array): Promise<string | undefined> {
  let result: 'refused' | undefined
  for (let tries = 3; ; tries--) {
    const memory = process.memoryUsage().arrayBuffers
    const start = process.cpuUsage()
    try {
      await decode(bytes)
    } catch (error) {
      if (!(error instanceof JoineryError)) return error instanceof Error ? `${error.stack}` : `threw ${String(error)}`
      result = 'refused'
    }
    const { user, system } = process.cpuUsage(start)
    const ms = (user + system) / 1000
    const more = process.memoryUsage().arrayBuffers - memory
    if (more > bytesMax) return `${Math.round(more / 2 ** 20)} MB`
    // The process may have been busy with something else: memory, or what is compiled.
    if (ms <= msMax) return result
    if (tries === 0) return `${Math.round(ms)} ms`
  }
}

/** A shorter input with a fault, by leaving out bytes from the end. */
async function least(decoder: Decoder, bytes: Uint8Array): Promise<Uint8Array> {
  let best = bytes
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    const fault = await faultOf(decoder, best.slice(0, best.length - size))
    if (fault !== undefined && fault !== 'refused') best = best.slice(0, best.length - size)
  }
  return best
}

function mutated(samples: readonly Uint8Array[], chance: Chance): Uint8Array {
  let bytes: Uint8Array =
    samples.length === 0 || chance.maybe(0.02) ? chance.random.bytes(chance.below(200)) : chance.pick(samples)
  for (let left = 1 + chance.below(chance.maybe(0.3) ? 12 : 3); left > 0; left--)
    bytes = mutatedOnce(bytes, samples, chance)
  return bytes
}

function mutatedOnce(bytes: Uint8Array, samples: readonly Uint8Array[], chance: Chance): Uint8Array {
  const at = chance.below(bytes.length + 1)
  const to = Math.min(bytes.length, at + 1 + chance.below(chance.maybe(0.2) ? bytes.length : 8))
  switch (chance.weighed({ bit: 4, byte: 4, huge: 2, insert: 2, remove: 2, cut: 1, repeat: 2, splice: 2 })) {
    case 'bit':
      return with_(bytes, at, (byte) => byte ^ (1 << chance.below(8)))
    case 'byte':
      return with_(bytes, at, () => chance.pick([0, 1, 2, 3, 127, 128, 255, chance.below(256)]))
    case 'huge':
      return joined(bytes.slice(0, at), chance.pick(huge), bytes.slice(to))
    case 'insert':
      return joined(bytes.slice(0, at), chance.random.bytes(1 + chance.below(6)), bytes.slice(at))
    case 'remove':
      return joined(bytes.slice(0, at), bytes.slice(to))
    case 'cut':
      return bytes.slice(0, at)
    case 'repeat':
      return joined(bytes.slice(0, to), bytes.slice(at, to), bytes.slice(to))
    case 'splice': {
      const other = samples.length === 0 ? bytes : chance.pick(samples)
      return joined(bytes.slice(0, at), other.slice(chance.below(other.length + 1)))
    }
  }
}

/** Varints at the edges. */
const huge = [
  Uint8Array.of(255, 255, 255, 255, 7),
  Uint8Array.of(128, 128, 128, 128, 8),
  Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 15),
  Uint8Array.of(128, 128, 64),
  Uint8Array.of(255, 255, 63),
]

function with_(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const out = bytes.slice()
  if (at < out.length) out[at] = change(out[at] ?? 0)
  return out
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function decoders(chance: Chance): Decoder[] {
  const docs = Array.from({ length: 4 }, (_, i) => someDoc(i + 1, chance))
  const [base] = docs
  if (base === undefined) throw new Error('there is no document')
  const deltas = docs.flatMap(({ doc, deltas }) => [doc.delta(), ...deltas])
  const snapshots = docs.flatMap(({ doc }) => [doc.snapshot(), doc.snapshot({ history: 'live' })])
  const versions = docs.map(({ doc }) => {
    const writer = new ByteWriter(64)
    encodeVersion(writer, replicaOf(doc).outward.stated(doc.version))
    return writer.finish()
  })
  const read =
    <T>(decode: (reader: ByteReader) => T) =>
    (bytes: Uint8Array): T =>
      decode(new ByteReader(bytes))
  const baseBytes = base.doc.snapshot()
  return [
    {
      name: 'a delta into an empty document',
      samples: deltas,
      decode: (bytes) => use(createDoc({ actor: Uint8Array.of(77), clock }), bytes),
    },
    {
      name: 'a delta into a document',
      samples: deltas,
      decode: (bytes) => use(openDoc(baseBytes, { actor: Uint8Array.of(77), clock }), bytes),
    },
    {
      name: 'a snapshot',
      samples: snapshots,
      decode: (bytes) => use(openDoc(bytes, { actor: Uint8Array.of(77), clock })),
    },
    { name: 'a cursor', samples: base.cursors, decode: (bytes) => base.doc.openCursor(bytes).index },
    { name: 'the ranges of a delta', samples: deltas, decode: readDelta },
    { name: 'a version', samples: versions, decode: read(decodeVersion) },
    {
      name: 'a value',
      samples: [utf8('\u0008\u0003abc'), Uint8Array.of(12, 13, 2, 14, 1, 1, 97, 3, 5, 2)],
      decode: read(decodeValue),
    },
    { name: 'an actor', samples: [Uint8Array.of(2, 1, 2)], decode: read(decodeActor) },
    { name: 'a range', samples: deltas, decode: read(decodeRange) },
    { name: 'a message of a session', samples: deltas, decode: decodeMessage },
    { name: 'a message of gossip', samples: deltas, decode: decodeGossip },
    { name: "a member's addresses", samples: deltas, decode: read(readRecord) },
    ...reconcilers(chance),
    {
      name: 'an invitation',
      samples: [utf8('joinery:AbCdEf0123')],
      decode: (bytes) => decodeTicket(Buffer.from(bytes).toString('latin1')),
    },
  ]
}

/** What rests: in the journal, on the shelf, in bundles. */
async function kept(chance: Chance): Promise<Decoder[]> {
  const { random } = chance
  const bodies = Array.from({ length: 6 }, (_, i) => someDoc(i + 9, chance).doc.delta())
  const secret = makeSpace(random.bytes(32), random)
  const keys = spaceKeys(secret)
  const ranges = bodies.map(
    (body, i): SignedRange => ({
      actor: memberActor(random.bytes(32), i),
      fromSeq: i * 300,
      endSeq: i * 300 + 1 + i,
      body,
      tipHash: random.bytes(32),
      signature: random.bytes(i % 3 === 0 ? 0 : 64),
    }),
  )
  const id = { name: 'note/1', generation: 2 }
  const entries = ranges.map(({ actor, endSeq }, i): IndexEntry => {
    const version = new Map([[actor, endSeq]])
    const stated = new Map([[forkedBranch(actor, endSeq, random.bytes(tagBytes)), endSeq]])
    const face = { version, outward: version, stated, records: i, digest: random.bytes(32) }
    return { id: { name: `note/${i}`, generation: i % 2 }, mark: `${i}.77.3`, face }
  })
  const parts = [0, 1, 2].map((i): BundlePart => ({ document: { ...id, generation: i }, ranges }))
  const bundle = [encodeBundleHead(), encodeInvitation('joinery:AbCdEf0123')]
  for await (const bytes of encodeSpace(parts, { keys, sealer: open, random })) bundle.push(bytes)
  const space = { secret, label: 'Family', lastAgreedAt: 7, hints: ['/ip4/127.0.0.1/tcp/1'] }
  return [
    {
      name: 'a record of the journal',
      samples: [
        encodeName(id.name, id.generation),
        encodeSnapshot(id.name, id.generation, bodies[0] ?? new Uint8Array(0)),
        ...ranges.map(encodeRangeRecord),
      ],
      decode: decodeRecord,
    },
    { name: 'an index of documents', samples: [encodeIndex(entries)], decode: decodeIndex },
    {
      name: 'the record of a space',
      samples: [encodeSpaceRecord(space)],
      decode: (bytes) => decodeSpaceRecord(bytes, spaceKey(keys.idHex)),
    },
    { name: 'a bundle', samples: [joined(...bundle, encodeBundleEnd())], decode: (bytes) => readAll(bytes, keys) },
  ]
}

/** Seals nothing, so that what is altered comes to be read. */
const open: Sealer = {
  seal: (_key, _nonce, plain) => joined(plain, new Uint8Array(16)),
  open: (_key, _nonce, sealed) => sealed.subarray(0, -16),
}

async function readAll(bytes: Uint8Array, keys: SpaceKeys): Promise<void> {
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
  }
  for await (const item of readBundle(pieces()))
    if (item.type === 'chunk') await openChunk(item.sealed, item.place, { keys, sealer: open })
}

/** Coded symbols and ranges, and the sides of a reconciliation that take them. */
function reconcilers({ random }: Chance): Decoder[] {
  const setOf = (count: number): CodedSet => {
    const set = new CodedSet(new Uint8Array(16))
    for (let i = 0; i < count; i++) set.add({ high: Math.floor(random.unit() * 2 ** 32), low: i })
    return set
  }
  const ids = Array.from({ length: 60 }, () => random.bytes(32))
  const [ours, theirs] = [setOf(30), setOf(20)]
  const [a, b] = [new SortedIds(ids.slice(0, 50)), new SortedIds(ids.slice(20))]
  const first = new RangeReconciler(a).begin()
  const second = new RangeReconciler(b).receive(first)
  return [
    {
      name: 'coded symbols',
      samples: [0, 5].map((end) => encodeSymbols(theirs.symbols(0, 30 + end))),
      decode: (bytes) => new SymbolDecoder(ours).add(decodeSymbols(bytes)),
    },
    {
      name: 'a message of ranges',
      samples: [encodeRanges(first)],
      decode: (bytes) => new RangeReconciler(b).receive(decodeRanges(bytes)),
    },
    {
      name: 'an answer in ranges',
      samples: second === undefined ? [] : [encodeRanges(second)],
      decode: (bytes) => {
        const side = new RangeReconciler(a)
        side.begin()
        side.receive(decodeRanges(bytes))
      },
    },
  ]
}

/** Receives bytes if there are any; then reads, writes and edits. */
function use(doc: Doc, bytes?: Uint8Array): void {
  let refused: unknown
  try {
    if (bytes !== undefined) doc.receive(bytes)
  } catch (error) {
    refused = error
  }
  void doc.value
  doc.snapshot()
  try {
    doc.change((draft) => {
      draft.k = 1
    })
  } catch (error) {
    // Own ops may be said to wait: then it writes nothing.
    if (!(error instanceof JoineryError)) throw error
  }
  if (refused !== undefined) throw refused
}

function someDoc(actor: number, chance: Chance): { doc: Doc; deltas: Uint8Array[]; cursors: Uint8Array[] } {
  const other = createDoc({ actor: Uint8Array.of(actor, 9), clock })
  const doc = createDoc({ actor: Uint8Array.of(actor, 7), clock, init: { list: [1], note: 'so' } })
  const deltas: Uint8Array[] = []
  doc.on('delta', (delta) => deltas.push(delta))
  other.on('delta', (delta) => deltas.push(delta))
  const undo = doc.undo({ mergeMs: 0 })
  for (let i = 0; i < 12; i++) {
    const side = chance.pick([doc, other])
    side.change((draft) => editRoot(draft, { value: side.value }, chance))
    if (chance.maybe(0.3)) undo.undo()
    if (chance.maybe(0.4)) other.receive(doc.delta(other.version))
    if (chance.maybe(0.4)) doc.receive(other.delta(doc.version))
  }
  doc.receive(other.delta(doc.version))
  const cursors = doc.value.list === undefined ? [] : [cursorOf(doc, ['list'])]
  return { doc, deltas: deltas.slice(0, 8), cursors: cursors.flat() }
}

function cursorOf(doc: Doc, path: readonly string[]): Uint8Array[] {
  try {
    return [doc.cursor(path, 0, 'before').encode(), doc.cursor(path, 0, 'after').encode()]
  } catch {
    // It is another thing by now.
    return []
  }
}
