// `npm run flips`: a thousand bits turned over on the wire, and a thousand above the secure channel.
//
//   npm run flips -- --flips 1000 --pairs 4 --seed 1 --where tcp|frames|both

import { parseArgs } from 'node:util'
import { type FlipRun, flipBits, type HealedFlip, type Where } from './flips.ts'

const HEALED_MS = 2_000

const { values } = parseArgs({
  options: {
    flips: { type: 'string', default: '1000' },
    /** Pairs of peers at once, in this process. */
    pairs: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    where: { type: 'string', default: 'both' },
  },
})
const places: Readonly<Record<string, readonly Where[]>> = {
  tcp: ['in TCP payload'],
  frames: ['in decrypted frames'],
  both: ['in TCP payload', 'in decrypted frames'],
}
const pairs = Number(values.pairs)
let isGood = true

for (const where of places[values.where] ?? []) {
  const beganAt = performance.now()
  const runs = await Promise.all(
    Array.from({ length: pairs }, (_, i) =>
      flipBits(where, Math.ceil(Number(values.flips) / pairs), Number(values.seed) * 1_000 + i),
    ),
  )
  show(where, runs, performance.now() - beganAt)
}
process.exit(isGood ? 0 : 1)

function show(where: Where, runs: readonly FlipRun[], tookMs: number): void {
  const flips = runs.flatMap(({ flips }) => flips)
  const times = flips.map(({ healedMs }) => healedMs ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const of = (share: number): string => `${times[Math.min(times.length - 1, Math.floor(share * times.length))]} ms`
  const slow = flips.filter(({ healedMs }) => healedMs === null || healedMs > HEALED_MS)
  const ended = flips.filter(({ disconnected }) => disconnected > 0)
  // Above the secure channel nothing is wrong with the connection, and it has to stay.
  const wrong = where === 'in decrypted frames' ? [...new Set([...slow, ...ended])] : slow
  console.log(`${flips.length} bits flipped ${where}, in ${(tookMs / 1000).toFixed(0)} s
  divergences               ${flips.filter(({ healedMs }) => healedMs === null).length}
  whole again after         median ${of(0.5)}, p99 ${of(0.99)}, at most ${of(1)}
  after more than ${HEALED_MS} ms     ${slow.length}
  connections that ended    ${ended.length}`)
  for (const flip of wrong.slice(0, 20)) console.log(`    ${tell(flip)}`)
  for (const [what, some] of Map.groupBy(flips, (flip) => flip.what)) console.log(`  ${what}: ${some.length}`)
  if (wrong.length > 0) isGood = false
}

function tell({ what, bit, ofBytes, healedMs, disconnected }: HealedFlip): string {
  return `${what}: bit ${bit} of ${ofBytes} bytes: ${healedMs} ms, ${disconnected} disconnected`
}
