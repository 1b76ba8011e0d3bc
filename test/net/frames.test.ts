// Headers of frames that are altered on the way: above the secure channel of libp2p nothing else would notice before the other end is silent for too long.

import { expect, test } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { FramedStream, frameHeader, type Wire } from '../../src/net/frames.ts'

const CREDIT = 0x800000

/** What a stream makes of some bytes at once: why it ended, or nothing. */
function read(bytes: Uint8Array): unknown {
  let take: (bytes: Uint8Array) => void = () => {}
  let aborted: Error | undefined
  const wire: Wire = {
    remote: 'x',
    start: ({ data }) => void (take = data),
    send: async () => {},
    close: async () => {},
    abort: (error) => void (aborted = error),
  }
  new FramedStream(wire)
  take(bytes)
  return aborted
}

const altered = { code: 'bad-message', message: expect.stringContaining('altered on the way') }

test.each([
  ['a frame', frameHeader(5)],
  ['an empty frame', frameHeader(0)],
  ['a frame of the greatest length', frameHeader(2 ** 22)],
  ['a credit', frameHeader(CREDIT + 2 ** 21)],
  ['the end', frameHeader(CREDIT)],
])(
  'whichever bits of the header of %s turn over, up to three, the stream ends at once, and nobody waits for what never comes',
  (_, header) => {
    const flips: number[][] = []
    for (let a = 0; a < 32; a++) {
      flips.push([a])
      for (let b = a + 1; b < 32; b++) flips.push([a, b], [a, b, (a + b * 7) % 32])
    }
    for (const bits of flips) {
      const spoilt = header.slice()
      for (const bit of new Set(bits)) spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(read(concatBytes(spoilt, new Uint8Array(5)))).toMatchObject(altered)
    }
    expect(`${read(header)}`).not.toContain('altered')
  },
)

test('a stretch of zeros is no frame', () => {
  expect(read(new Uint8Array(64))).toMatchObject(altered)
})
