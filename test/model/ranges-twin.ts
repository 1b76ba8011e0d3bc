// Fingerprints straight from their definition: a bigint sum of those ids that lie in the range, asked one by one.

import { createHash } from 'node:crypto'
import { toHex } from '../../src/base/bytes.ts'

/** Of the ids (in hex) from `start` on and below `end`. */
export function fingerprintTwin(ids: readonly string[], start: string, end: string | undefined): string {
  const within = ids.filter((id) => id >= start && (end === undefined || id < end))
  const sum = within.reduce((total, id) => (total + BigInt(`0x${id}`)) % (1n << 256n), 0n)
  const count: number[] = []
  for (let rest = within.length; ; rest = Math.floor(rest / 128)) {
    count.push(rest < 128 ? rest : (rest % 128) + 128)
    if (rest < 128) break
  }
  const bytes = Buffer.concat([Buffer.from(sum.toString(16).padStart(64, '0'), 'hex'), Buffer.from(count)])
  return toHex(createHash('sha256').update(bytes).digest()).slice(0, 32)
}
