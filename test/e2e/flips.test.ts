// Bits turned over on the wire, and above the secure channel: a few of the thousand of `npm run flips`.

import { expect, test } from 'vitest'
import { flipBits } from '../field/flips.ts'

// Two seconds on a machine that does nothing else; `npm run flips` holds to them.
const HEALED_MS = 6_000

test('a bit turned over in TCP payload ends a connection, and nothing else: both are whole again soon', async () => {
  const { flips } = await flipBits('in TCP payload', 16, 1)
  expect(flips).toHaveLength(16)
  for (const flip of flips) expect(flip.healedMs ?? Number.POSITIVE_INFINITY, told(flip)).toBeLessThan(HEALED_MS)
})

test('a bit turned over above the secure channel ends a session at most: both are whole again soon, on the same connection', async () => {
  const { flips } = await flipBits('in decrypted frames', 16, 1)
  expect(flips).toHaveLength(16)
  for (const flip of flips) {
    expect(flip.healedMs ?? Number.POSITIVE_INFINITY, told(flip)).toBeLessThan(HEALED_MS)
    expect(flip.disconnected, told(flip)).toBe(0)
  }
})

function told({ what, bit, ofBytes }: { what: string; bit: number; ofBytes: number }): string {
  return `${what}: bit ${bit} of ${ofBytes} bytes`
}
