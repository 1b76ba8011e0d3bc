// A bundle: spaces as one portable file, for a backup, or for sync by whatever carries a file. It holds what a member would be served, signed as
// ever, sealed with the key of its space; so it can be merged by any member, in any order, twice, and says nothing to strangers.
//
//   bundle  = 'JNRYbundle' ‖ version u8 (0) ‖ section* ‖ 0
//   section = 1 ‖ length u32 ‖ invitation (auth/ticket.ts)      only where asked for, in the clear: whoever has such a file is a member
//           | 2 ‖ suite u8 (1) ‖ epoch u8 (0) ‖ salt 16 ‖ chunk* ‖ length u32 (0)
//   chunk   = length u32 ‖ ciphertext and tag
//             key: the space's bundle key; nonce: salt ‖ number of the chunk u32 ‖ 3 zero bytes ‖ 1 in the last, else 0; associated: 'JNRYbundle' ‖ 0
//   plain   = codec u8 (0 as it is, 1 deflated: RFC 1951) ‖ part*
//   part    = document (name string, generation varint) ‖ count varint ‖ range …      (core/range.ts)
//
// No section names its space: who opens it tries the keys that it has. Number and last flag keep chunks from being dropped, repeated or swapped,
// and a file from being cut short; each chunk is whole by itself, so damage costs the chunk it is in. The directory's part comes first, since what
// was deleted is not to come back.

import { type SpaceKeys, SUITE } from '../auth/keys.ts'
import type { Sealer } from '../auth/seal.ts'
import { ByteReader, ByteWriter, concatBytes, equalBytes, utf8 } from '../base/bytes.ts'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'
import { type DocName, readDocument, readMany, writeDocument } from '../sync/messages.ts'
import { ByteSource } from './byte-source.ts'
import { deflate, inflate } from './deflate.ts'

/** Ranges of one document. */
export interface BundlePart {
  readonly document: DocName
  readonly ranges: readonly SignedRange[]
}

/** What stands in a bundle, as far as it can be read without a key. */
export type BundleItem =
  | { readonly type: 'invitation'; readonly ticket: string }
  | { readonly type: 'space'; readonly salt: Uint8Array }
  | { readonly type: 'chunk'; readonly sealed: Uint8Array; readonly place: ChunkPlace }

/** Where a chunk stands: sealed with it. */
export interface ChunkPlace {
  readonly salt: Uint8Array
  readonly number: number
  readonly isLast: boolean
}

const VERSION = 0
const EPOCH = 0
const head = concatBytes(utf8('JNRYbundle'), Uint8Array.of(VERSION))
const SALT_BYTES = 16
const TAG_BYTES = 16
const RANGES_MAX = 65_536
const mark = { end: 0, invitation: 1, space: 2 } as const

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function encodeBundleHead(): Uint8Array {
  return head.slice()
}

export function encodeBundleEnd(): Uint8Array {
  return Uint8Array.of(mark.end)
}

export function encodeInvitation(ticket: string): Uint8Array {
  const bytes = utf8(ticket)
  return new ByteWriter().u8(mark.invitation).u32(bytes.length).raw(bytes).finish()
}

/** The section of one space, chunk by chunk, as `parts` are drawn. */
export async function* encodeSpace(
  parts: Iterable<BundlePart> | AsyncIterable<BundlePart>,
  { keys, sealer, random }: { readonly keys: SpaceKeys; readonly sealer: Sealer; readonly random: Random },
): AsyncGenerator<Uint8Array> {
  const salt = random.bytes(SALT_BYTES)
  yield new ByteWriter().u8(mark.space).u8(SUITE).u8(EPOCH).raw(salt).finish()
  let number = 0
  const seal = async (plain: ByteWriter, isLast: boolean): Promise<Uint8Array> => {
    const nonce = nonceOf({ salt, number: number++, isLast })
    const sealed = sealer.seal(keys.bundleKey, nonce, await pack(plain.finish()), head)
    return new ByteWriter(sealed.length + 4).u32(sealed.length).raw(sealed).finish()
  }
  const plain = new ByteWriter(limits.deltaPartBytes)
  for await (const part of parts) {
    // A part is mostly much smaller than a chunk, and now and then larger.
    if (plain.length > 0 && plain.length + sizeOf(part) > limits.deltaPartBytes) yield await seal(plain, false)
    writePart(plain, part)
  }
  yield await seal(plain, true)
  yield new ByteWriter().u32(0).finish()
}

function sizeOf({ ranges }: BundlePart): number {
  return ranges.reduce<number>((sum, { body }) => sum + body.length + 192, limits.documentNameBytes)
}

function writePart(writer: ByteWriter, { document, ranges }: BundlePart): void {
  writeDocument(writer, document)
  writer.varint(ranges.length)
  for (const range of ranges) encodeRange(writer, range)
}

async function pack(plain: Uint8Array): Promise<Uint8Array> {
  const deflated = await deflate(plain)
  return deflated.length < plain.length ? concatBytes(Uint8Array.of(1), deflated) : concatBytes(Uint8Array.of(0), plain)
}

function nonceOf({ salt, number, isLast }: ChunkPlace): Uint8Array {
  return new ByteWriter(24)
    .raw(salt)
    .u32(number)
    .raw(Uint8Array.of(0, 0, 0, isLast ? 1 : 0))
    .finish()
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What stands in a bundle, in order; at most one chunk is held at a time (Invariant 9). Errors: 'bad-bundle', 'bundle-newer', and the source's. */
export async function* readBundle(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<BundleItem> {
  const source = new ByteSource(bytes)
  try {
    await readHead(source)
    for (;;) {
      const kind = await byteOf(source)
      if (kind === mark.end) break
      if (kind === mark.invitation) yield await readInvitation(source)
      else if (kind === mark.space) yield* readSpace(source)
      else throw badBundle(`a section of kind ${kind} is unknown`)
    }
    if (!(await source.isDone())) throw badBundle('it goes on after its end')
  } finally {
    await source.close()
  }
}

async function readHead(source: ByteSource): Promise<void> {
  const found = await source.take(head.length)
  if (found === undefined || !equalBytes(found.subarray(0, -1), head.subarray(0, -1)))
    throw badBundle('it does not begin as one')
  const version = found.at(-1) ?? 0
  if (version !== VERSION)
    throw new JoineryError(
      'bundle-newer',
      `This bundle is of version ${version}; this joinery knows version ${VERSION}. Update joinery and try again.`,
    )
}

async function readInvitation(source: ByteSource): Promise<BundleItem> {
  const length = await lengthOf(source, 2 * limits.ticketBytes)
  const bytes = await whole(source, length)
  return { type: 'invitation', ticket: new TextDecoder().decode(bytes) }
}

async function* readSpace(source: ByteSource): AsyncGenerator<BundleItem> {
  const suite = await byteOf(source)
  const epoch = await byteOf(source)
  if (suite !== SUITE || epoch !== EPOCH) throw badBundle(`suite ${suite}, epoch ${epoch} is unknown`)
  const salt = await whole(source, SALT_BYTES)
  yield { type: 'space', salt }
  let length = await lengthOf(source, limits.bundleChunkBytes)
  for (let number = 0; length > 0; number++) {
    const sealed = await whole(source, length)
    const next = await source.take(4)
    // Where the file was cut right behind a chunk, that chunk is good all the same.
    length = next === undefined ? 0 : checkLength(new ByteReader(next).u32(), limits.bundleChunkBytes)
    yield { type: 'chunk', sealed, place: { salt, number, isLast: next !== undefined && length === 0 } }
    if (next === undefined) throw cutShort()
  }
}

/** The parts of a chunk; undefined if it was not sealed with the key of this space, or was altered since. Errors: 'bad-bundle'. */
export async function openChunk(
  sealed: Uint8Array,
  place: ChunkPlace,
  { keys, sealer }: { readonly keys: SpaceKeys; readonly sealer: Sealer },
): Promise<readonly BundlePart[] | undefined> {
  if (sealed.length < TAG_BYTES) return undefined
  let plain: Uint8Array
  try {
    plain = sealer.open(keys.bundleKey, nonceOf(place), sealed, head)
  } catch {
    return undefined // That is how the cipher says no, and the caller has other keys to try.
  }
  try {
    return readParts(new ByteReader(await unpack(plain)))
  } catch (cause) {
    if (!isJoineryError(cause, 'bad-message')) throw cause
    throw badBundle(`a member of the space sealed what nobody can read: ${cause.message}`, cause)
  }
}

async function unpack(plain: Uint8Array): Promise<Uint8Array> {
  const codec = plain[0]
  if (codec === 0) return plain.subarray(1)
  if (codec === 1) return inflate(plain.subarray(1), limits.bundleChunkBytes)
  throw new JoineryError('bad-message', `the codec ${codec} is unknown`)
}

function readParts(reader: ByteReader): BundlePart[] {
  const parts: BundlePart[] = []
  while (!reader.done) {
    const document = readDocument(reader)
    parts.push({ document, ranges: readMany(reader, RANGES_MAX, () => decodeRange(reader)) })
  }
  return parts
}

async function byteOf(source: ByteSource): Promise<number> {
  return (await whole(source, 1))[0] ?? 0
}

async function lengthOf(source: ByteSource, max: number): Promise<number> {
  return checkLength(new ByteReader(await whole(source, 4)).u32(), max)
}

function checkLength(length: number, max: number): number {
  if (length > max) throw badBundle(`a part of it claims ${length} bytes, and may have ${max}`)
  return length
}

async function whole(source: ByteSource, length: number): Promise<Uint8Array> {
  const bytes = await source.take(length)
  if (bytes === undefined) throw cutShort()
  return bytes
}

function cutShort(): JoineryError {
  return badBundle('it was cut short')
}

export function badBundle(why: string, cause?: unknown): JoineryError {
  return new JoineryError('bad-bundle', `This is no bundle, or a damaged one: ${why}.`, { cause })
}
