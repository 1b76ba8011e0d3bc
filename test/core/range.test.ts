// Ranges as bytes: golden, back again, and what is none.

import { expect, test } from 'vitest'
import { ByteReader, ByteWriter, fromHex, toHex } from '../../src/base/bytes.ts'
import { actorId } from '../../src/core/ids.ts'
import { decodeRange, encodeRange, type SignedRange } from '../../src/core/range.ts'

const range: SignedRange = {
  actor: actorId(Uint8Array.of(7, 8)),
  fromSeq: 300,
  endSeq: 302,
  body: Uint8Array.of(1, 2, 3),
  tipHash: new Uint8Array(32).fill(0xaa),
  signature: new Uint8Array(64).fill(0xbb),
}
const base = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const tip = 'aa'.repeat(32)
const signature = 'bb'.repeat(64)

test.each([
  ['signed', range, `020708ac0202${tip}40${signature}03010203`],
  ['not signed', { ...range, signature: new Uint8Array(0) }, `020708ac0202${tip}0003010203`],
  ['upon a branch', { ...range, base }, `020708ac0202${tip}410102030405060708${signature}03010203`],
  [
    'upon a branch, not signed',
    { ...range, base, signature: new Uint8Array(0) },
    `020708ac0202${tip}01010203040506070803010203`,
  ],
])('a range has these bytes: %s', (_, one, golden) => {
  const writer = new ByteWriter(64)
  encodeRange(writer, one)
  expect(toHex(writer.finish())).toBe(golden)
  expect(decodeRange(new ByteReader(fromHex(golden)))).toEqual(one)
})

test('a signature of another length is none', () => {
  for (const head of [2, 3, 63, 66, 0xff])
    expect(() =>
      decodeRange(new ByteReader(fromHex(`0207080001${tip}${head.toString(16).padStart(2, '0')}${signature}00`))),
    ).toThrow('a signature has 64 bytes')
  expect(() => decodeRange(new ByteReader(fromHex(`0207080001${tip}41010203`)))).toThrow()
})
