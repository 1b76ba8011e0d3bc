// The bytes of a bundle: those of version 0 stay as they are, and whatever is not one is refused by name.

import { describe, expect, test } from 'vitest'
import { spaceKeys } from '../../src/auth/keys.ts'
import { xchacha } from '../../src/auth/seal.ts'
import { ByteWriter, concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import {
  type BundlePart,
  type ChunkPlace,
  encodeBundleEnd,
  encodeBundleHead,
  encodeInvitation,
  encodeSpace,
  openChunk,
  readBundle,
} from '../../src/peer/bundle.ts'
import { deflate, inflate } from '../../src/peer/deflate.ts'

const keys = spaceKeys({ genesis: concatBytes(Uint8Array.of(0, 1), filled(48, 7)), secret: filled(32, 9) })
const range: SignedRange = {
  actor: memberActor(noise(32), 0),
  fromSeq: 0,
  endSeq: 2,
  body: Uint8Array.of(1, 2, 3),
  tipHash: noise(33).subarray(1),
  signature: noise(64),
}
const parts: BundlePart[] = [
  { document: { name: '', generation: 0 }, ranges: [] },
  { document: { name: 'groceries', generation: 2 }, ranges: [range] },
]

// Small enough that deflating it makes it no smaller, so that these bytes do not hang on the platform's way to deflate.
const golden =
  '4a4e525962756e646c6500010000000a6a6f696e6572793a4141020100f3c9ebfd2b30f05c70710a2ebd22e0b2000000adc062ac9613ea6eb9228b595fa90c3e7bde9b29a3fe99a0480a81079f0e149df788bd83b62abc9d70fbcc9dd424e335ee05bc18859ef003faca1b6e85fe149490ce71af14aa905782251976257ebe3a2705c51d50362724b8623953bac637f456fe66924e73dbd2894979d3f625e16419bc2af4e871099afdddbfdef6a6a8ed850ff90527f026da0fe70b5670940863d479c0553f9637ee2302df810787985c621283dd77bf343ca4c0b1a4f1f60000000000'

test('golden bytes of version 0: a bundle of one space, with its invitation', async () => {
  const bundle = await bundleOf(parts)
  expect(toHex(bundle)).toBe(golden)
  expect(await partsOf(fromHex(golden))).toEqual({ tickets: ['joinery:AA'], parts })
})

test('what can be made smaller is deflated, and comes back as it was', async () => {
  const many = Array.from(
    { length: 500 },
    (_, i): BundlePart => ({
      document: { name: `document ${i}`, generation: 0 },
      ranges: [{ ...range, body: filled(1000, i) }],
    }),
  )
  const bundle = await bundleOf(many)
  expect(bundle.length).toBeLessThan(100_000)
  expect((await partsOf(bundle)).parts).toEqual(many)
})

test('a chunk opens only where it stands, and only with the key of its space', async () => {
  const [chunk] = await chunksOf(await bundleOf(parts))
  if (chunk === undefined) return expect.unreachable()
  const { sealed, place } = chunk
  const other = spaceKeys({ genesis: concatBytes(Uint8Array.of(0, 1), filled(48, 8)), secret: filled(32, 9) })
  expect(await openChunk(sealed, place, { keys, sealer: xchacha })).toEqual(parts)
  expect(await openChunk(sealed, place, { keys: other, sealer: xchacha })).toBeUndefined()
  for (const wrong of [{ number: 1 }, { isLast: false }, { salt: filled(16, 0) }])
    expect(await openChunk(sealed, { ...place, ...wrong }, { keys, sealer: xchacha })).toBeUndefined()
})

describe('a member that seals rubbish', () => {
  test('is refused by name, whatever byte of the plain text is another one or missing', async () => {
    const plain = new ByteWriter()
      .u8(0)
      .raw(await plainOf(parts))
      .finish()
    for (let at = 0; at < plain.length; at++)
      for (const bytes of [plain.subarray(0, at), flipped(plain, at)]) {
        const opened = await open(bytes).catch((error: unknown) => error)
        expect(Array.isArray(opened) || isJoineryError(opened, 'bad-bundle'), `byte ${at}`).toBe(true)
      }
  })

  test('cannot fill the memory with what inflates to more than a chunk may be', async () => {
    const bomb = await deflate(new Uint8Array(4 * limits.bundleChunkBytes))
    expect(bomb.length).toBeLessThan(200_000)
    await expect(open(concatBytes(Uint8Array.of(1), bomb))).rejects.toMatchObject({ code: 'bad-bundle' })
  })

  test('what was deflated and cut short does not inflate', async () => {
    const deflated = await deflate(filled(1000, 1))
    for (const bytes of [deflated.subarray(0, -1), deflated.subarray(0, 5), new Uint8Array(0)])
      await expect(inflate(bytes, 10_000)).rejects.toMatchObject({ code: 'bad-message' })
  })
})

async function bundleOf(given: readonly BundlePart[]): Promise<Uint8Array> {
  const pieces = [encodeBundleHead(), encodeInvitation('joinery:AA')]
  for await (const piece of encodeSpace(given, { keys, sealer: xchacha, random: seededRandom(1) })) pieces.push(piece)
  return concatBytes(...pieces, encodeBundleEnd())
}

async function partsOf(bundle: Uint8Array): Promise<{ tickets: string[]; parts: BundlePart[] }> {
  const tickets: string[] = []
  const out: BundlePart[] = []
  for await (const item of readBundle(once(bundle))) {
    if (item.type === 'invitation') tickets.push(item.ticket)
    if (item.type === 'chunk')
      out.push(...((await openChunk(item.sealed, item.place, { keys, sealer: xchacha })) ?? []))
  }
  return { tickets, parts: out }
}

async function chunksOf(bundle: Uint8Array): Promise<{ sealed: Uint8Array; place: ChunkPlace }[]> {
  const chunks: { sealed: Uint8Array; place: ChunkPlace }[] = []
  for await (const item of readBundle(once(bundle))) if (item.type === 'chunk') chunks.push(item)
  return chunks
}

/** The plain text of what `encodeSpace` makes, as it was before it was sealed. */
async function plainOf(given: readonly BundlePart[]): Promise<Uint8Array> {
  const seen: Uint8Array[] = []
  const seal = (_key: Uint8Array, _nonce: Uint8Array, plain: Uint8Array): Uint8Array => {
    seen.push(plain)
    return plain
  }
  const sealer = { ...xchacha, seal }
  for await (const _ of encodeSpace(given, { keys, sealer, random: seededRandom(1) })) {
  }
  return concatBytes(...seen.map((plain) => plain.subarray(1)))
}

async function open(plain: Uint8Array): Promise<readonly BundlePart[] | undefined> {
  const place = { salt: filled(16, 0), number: 0, isLast: true }
  const nonce = concatBytes(new Uint8Array(23), Uint8Array.of(1))
  const sealed = xchacha.seal(keys.bundleKey, nonce, plain, concatBytes(utf8('JNRYbundle'), Uint8Array.of(0)))
  return openChunk(sealed, place, { keys, sealer: xchacha })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ (1 << (at % 8))
  return out
}

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}

function noise(length: number): Uint8Array {
  return seededRandom(length).bytes(length)
}
