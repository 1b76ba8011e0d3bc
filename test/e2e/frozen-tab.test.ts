// A short freeze; `npm run freeze:browser` does a long one.

import { expect, test } from 'vitest'
import { thaw } from './frozen-tab.ts'

test('a tab that was frozen, and whose clocks moved on an hour, agrees within 3 s of its thaw', async () => {
  const { agreedMs, leapMs, errors } = await thaw(5_000)
  console.log(`thawed after 5 s: agreed after ${agreedMs.toFixed(0)} ms`)
  expect(leapMs).toBeGreaterThan(3_500_000)
  expect(agreedMs).toBeLessThan(3_000)
  expect(errors).toEqual([])
}, 60_000)
