// The bytes of a beat, and what is not one.

import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { limits } from '../../src/base/limits.ts'
import { type Beat, decodeBeat, encodeBeat, readJson, writeJson } from '../../src/sync/presence.ts'
import { seededRandom } from '../../src/testing.ts'

const document = { name: 'plan', generation: 0 }
const beat: Beat = {
  device: new Uint8Array(32).fill(1),
  window: new Uint8Array(8).fill(2),
  number: 3,
  madeAt: 4,
  name: 'Ada',
  states: [{ document, json: '{"caret":5}' }],
}
const signed = (body: Uint8Array): Uint8Array => Uint8Array.from([...body, ...new Uint8Array(64).fill(6)])

test('a beat of version 0 has these bytes', () => {
  expect(toHex(encodeBeat(beat))).toBe(
    `${'01'.repeat(32)}${'02'.repeat(8)}0304034164610104706c616e000b7b226361726574223a357d`,
  )
  expect(decodeBeat(signed(encodeBeat(beat))).beat).toEqual(beat)
})

test('whatever was cut off or altered gives a beat or bad-message, never anything else', () => {
  const bytes = signed(encodeBeat(beat))
  const random = seededRandom(5)
  const tries = [...bytes.keys()].map((length) => bytes.slice(0, length))
  for (let i = 0; i < 2_000; i++) {
    const altered = bytes.slice()
    altered[Math.floor(random.unit() * altered.length)] = Math.floor(random.unit() * 256)
    tries.push(altered)
  }
  for (const some of tries) {
    try {
      decodeBeat(some)
    } catch (error) {
      expect(error).toMatchObject({ code: 'bad-message' })
    }
  }
})

test('Invariant 9: a state has a size, a window so many documents', () => {
  const json = JSON.stringify('x'.repeat(limits.presenceBytes - 1))
  expect(() => decodeBeat(signed(encodeBeat({ ...beat, states: [{ document, json }] })))).toThrow(
    expect.objectContaining({ code: 'bad-message' }),
  )
  const states = Array.from({ length: limits.presenceDocuments + 1 }, () => ({ document, json: '1' }))
  expect(() => decodeBeat(signed(encodeBeat({ ...beat, states })))).toThrow(
    expect.objectContaining({ code: 'bad-message' }),
  )
  expect(() => writeJson('x'.repeat(limits.presenceBytes))).toThrow(expect.objectContaining({ code: 'limit' }))
})

test.each([[() => 1], [10n], [Symbol('s')]])('what JSON cannot say is refused: %s', (value) => {
  expect(() => writeJson(value)).toThrow(expect.objectContaining({ code: 'bad-value' }))
})

test('a state that was read cannot be altered, and sets no prototype', () => {
  const state = readJson('{"__proto__":{"admin":true},"at":[1]}') as { at: number[]; admin?: boolean }
  expect(state.admin).toBeUndefined()
  expect(() => state.at.push(2)).toThrow(TypeError)
  expect(() => readJson('{')).toThrow(expect.objectContaining({ code: 'bad-message' }))
})
