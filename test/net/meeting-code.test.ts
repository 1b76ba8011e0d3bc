// Codes for meeting by hand: what goes in comes out, and no other text is taken for one, however near it is.

import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { JoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { decodeMeetingCode, encodeMeetingCode, type MeetingPoint } from '../../src/net/meeting-code.ts'
import { readDescription, writeDescription } from '../../src/net/session-description.ts'

const point: MeetingPoint = {
  node: '12D3KooWPMWbrYJV23x8ddRZthcGfarebL3RccTNYrywE7vD7Y1R',
  fingerprint: fromHex('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'),
  ufrag: 'a+/9',
  password: 'abcdefghijklmnopqrstuv',
  candidates: [
    { kind: 'name', host: fromHex('0123456789abcdef0123456789abcdef'), port: 50_000 },
    { kind: 'ip4', host: Uint8Array.of(192, 0, 2, 7), port: 1 },
    { kind: 'ip6', host: fromHex('20010db8000000000000000000000001'), port: 65_535 },
  ],
}
const golden =
  'joinery-meet:AMkieGQ3G1-CfEEwUOHZaCAcE4ggVcRVJqW73wvL6OtEABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8EYSsvORZhYmNkZWZnaGlqa2xtbm9wcXJzdHV2AwABI0VniavN7wEjRWeJq83vw1ABwAACBwABAiABDbgAAAAAAAAAAAAAAAH__3_-71E'

const code = (text: string): string => {
  try {
    decodeMeetingCode(text)
    return 'taken'
  } catch (error) {
    return error instanceof JoineryError ? error.code : String(error)
  }
}

test('a code has these bytes, and says again what went in', () => {
  expect(encodeMeetingCode(point)).toBe(golden)
  expect(decodeMeetingCode(encodeMeetingCode(point))).toEqual(point)
})

test('a code is found behind other words, and survives a line break of a mail program', () => {
  const text = encodeMeetingCode(point)
  expect(decodeMeetingCode(`Join me: joinery:AAEC ${text.slice(0, 60)}\r\n ${text.slice(60)}\n`)).toEqual(point)
})

test('a code cut anywhere, or with any bit of it flipped, is refused', () => {
  const text = encodeMeetingCode(point)
  for (let end = 0; end < text.length; end++) expect(code(text.slice(0, end)), `cut at ${end}`).toBe('bad-code')
  const start = text.indexOf(':') + 1
  const bytes = Buffer.from(text.slice(start), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    const found = code(text.slice(0, start) + Buffer.from(flipped).toString('base64url'))
    expect(found, `bit ${bit}`).toBe(bit < 8 ? 'code-newer' : 'bad-code')
  }
})

test.each([
  ['nothing', ''],
  ['an invitation', 'joinery:AAEC'],
  ['a prefix alone', 'joinery-meet:'],
  ['other characters', `joinery-meet:${'%'.repeat(100)}`],
  ['an endless one', `joinery-meet:${'A'.repeat(1_000_000)}`],
  ['an endless one of line breaks', `joinery-meet:${'\n'.repeat(1_000_000)}`],
  ['a length of base64 that is none', `joinery-meet:${'A'.repeat(101)}`],
])('%s is no code', (_, text) => {
  const startedMs = performance.now()
  expect(code(text)).toBe('bad-code')
  expect(performance.now() - startedMs).toBeLessThan(100)
})

test.each<[string, Partial<MeetingPoint>]>([
  ['a line break in a name, which would be a line of its own in a description', { ufrag: 'abcd\r\na=x' }],
  ['a short password', { password: 'abc' }],
  ['a password of other characters', { password: 'abcdefghijklmnopqrstuv:' }],
  ['a socket without a port', { candidates: [{ kind: 'ip4', host: Uint8Array.of(1, 2, 3, 4), port: 0 }] }],
])('with a good checksum, too, %s is refused', (_, wrong) => {
  expect(code(encodeMeetingCode({ ...point, ...wrong }))).toBe('bad-code')
})

test('of many addresses a code holds the first few (Invariant 9)', () => {
  const [candidate] = point.candidates
  const many = { ...point, candidates: Array.from({ length: 100 }, () => candidate ?? never()) }
  const text = encodeMeetingCode(many)
  expect(decodeMeetingCode(text).candidates).toHaveLength(limits.meetingCandidates)
  expect(text.length).toBeLessThan(limits.meetingCodeBytes)
})

test('what one side reads of its description, the other writes again', () => {
  const again = { ...readDescription(writeDescription(point, true)), node: point.node }
  expect(again).toEqual(point)
  expect(toHex(again.candidates[2]?.host ?? new Uint8Array())).toBe('20010db8000000000000000000000001')
})

test('what is no address that another could use is left out of a code', () => {
  const described = (...candidates: string[]): string =>
    writeDescription({ ...point, candidates: [] }, true) + candidates.map((each) => `a=candidate:${each}\r\n`).join('')
  const zoned = '1 1 udp 2113937151 2001:db8::1%eth0 5000 typ host'
  expect(readDescription(described(zoned)).candidates).toEqual([])
  const sdp = described('1 1 tcp 1518280447 192.0.2.7 9 typ host', '2 1 udp 1 2001:db8::1 7 typ host', zoned)
  expect(readDescription(sdp).candidates).toEqual([
    { kind: 'ip6', host: fromHex('20010db8000000000000000000000001'), port: 7 },
  ])
})

function never(): never {
  throw new Error('there is a candidate')
}
