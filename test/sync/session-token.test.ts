// The bytes of a session's token: fixed, small, made by members only, and read with suspicion.

import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { concatBytes, fromHex, toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { forkedBranch, memberActor } from '../../src/core/ids.ts'
import { documentMarkBytes, encodeToken, readToken, type TokenEntry } from '../../src/sync/session-token.ts'

const key = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)
const actor = memberActor(new Uint8Array(32).fill(1), 3)
const entry = (mark: number, end: number, generation = 0): TokenEntry => ({
  mark: new Uint8Array(documentMarkBytes).fill(mark),
  generation,
  heads: new Map([[forkedBranch(actor, end, new Uint8Array(8).fill(9)), end]]),
})

const golden = [
  '0001',
  'f5855000b83a3145', // mark of the space
  '61', // length
  `01 25 01 ${'01'.repeat(32)} 00000003`, // actors
  '02',
  `${'02'.repeat(16)} 00 01 00 05 ${'09'.repeat(8)}`,
  `${'03'.repeat(16)} 01 01 00 ac02 ${'09'.repeat(8)}`,
  'fdb8500276633e441f7cd16e38adf714', // mac
  '2fcead83', // checksum
]
  .join('')
  .replaceAll(' ', '')

describe('the token of a session', () => {
  test('has fixed bytes, and reads as what was written', () => {
    const token = encodeToken([{ key, entries: [entry(2, 5), entry(3, 300, 1)] }])
    expect(toHex(token)).toBe(golden)
    expect(readToken(token, key)).toEqual([entry(2, 5), entry(3, 300, 1)])
    expect(readToken(token, other)).toBeUndefined()
  })

  test('takes some thirty bytes for each document', () => {
    const entries = Array.from({ length: 10 }, (_, i) => entry(i, 1_000 + i))
    expect(encodeToken([{ key, entries }]).length).toBeLessThan(70 + 30 * entries.length)
  })

  test('of several spaces has each once, in order', () => {
    const one = encodeToken([
      { key, entries: [entry(2, 5)] },
      { key: other, entries: [entry(4, 6)] },
    ])
    const same = encodeToken([
      { key: other, entries: [entry(4, 6)] },
      { key, entries: [entry(2, 5)] },
    ])
    expect(one).toEqual(same)
    expect(readToken(one, other)).toEqual([entry(4, 6)])
  })

  test('that anybody altered, cut or made anew is refused', () => {
    const token = encodeToken([{ key, entries: [entry(2, 5), entry(3, 300, 1)] }])
    const random = seededRandom(1)
    const codes = new Set<string>()
    for (let i = 0; i < 2_000; i++) {
      const hurt = token.slice(0, i % 3 === 0 ? Math.floor(random.unit() * token.length) : token.length)
      if (hurt.length > 0) {
        const at = Math.floor(random.unit() * hurt.length)
        hurt[at] = (hurt[at] ?? 0) ^ (1 + Math.floor(random.unit() * 255))
      }
      const error = failure(() => readToken(hurt, key))
      codes.add(error ?? 'taken')
    }
    expect([...codes].sort()).toEqual(['bad-session', 'session-newer'])
    // By somebody who can make a checksum, and has no key.
    const forged = encodeToken([{ key: other, entries: [entry(2, 5)] }]).slice(0, -4)
    forged.set(token.subarray(2, 10), 2)
    expect(failure(() => readToken(summed(forged), key))).toBe('bad-session')
    for (const nonsense of [new Uint8Array(0), new Uint8Array(limits.sessionBytes + 1), 'token', undefined])
      expect(failure(() => readToken(nonsense as Uint8Array, key))).toBe('bad-session')
    expect(failure(() => readToken(Uint8Array.of(1), key))).toBe('session-newer')
  })

  test('that counts without end is refused before anything is made for it', () => {
    expect(failure(() => readToken(summed(fromHex('00ffffffff0f')), key))).toBe('bad-session')
  })

  test('has a limit', () => {
    const entries = Array.from({ length: 5_000 }, (_, i) => entry(i % 256, 1_000_000 + i))
    expect(failure(() => encodeToken([{ key, entries }]))).toBe('limit')
  })
})

function summed(content: Uint8Array): Uint8Array {
  return concatBytes(content, sha256(content).slice(0, 4))
}

function failure(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (isJoineryError(error)) return error.code
    throw error
  }
}
