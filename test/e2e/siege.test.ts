// Attacks over real sockets, all at once, while an honest member goes on: `npm run siege` has them one after the other, with what each costs.

import { expect, test } from 'vitest'
import { besiege } from '../field/siege.ts'
import { attacks } from '../field/siege-attacks.ts'

// After the deadline of hello, and a moment; on a machine that has other things to do.
const CUT_OFF_MS = 25_000
const MEMORY_MB = 200
const ANSWER_MS = 20_000

test('garbage, endless and half frames, a million subscriptions, a byte a second: each is cut off, and honest members go on', async () => {
  const { ends, mostMB, answersMs, logged } = await besiege(attacks)
  console.table(ends)
  for (const { name, cutOffMs, reason } of ends) {
    expect(cutOffMs ?? Number.POSITIVE_INFINITY, name).toBeLessThan(CUT_OFF_MS)
    if (attacks.find((attack) => attack.name === name)?.reason !== undefined) expect(reason, name).toBeDefined()
  }
  expect(mostMB).toBeLessThan(MEMORY_MB)
  expect(answersMs.at(-1)).toBeLessThan(ANSWER_MS)
  expect(logged).toEqual([])
})
