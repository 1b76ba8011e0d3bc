// A bad member cannot fill the log of a peer that serves.

import { expect, test } from 'vitest'
import { JoineryError } from '../../src/base/errors.ts'
import { SparseErrors } from '../../src/cli/sparse-errors.ts'

test('of what a bad member sends one line a minute is told, with how many were not; all else is told each time', () => {
  const errors = new SparseErrors()
  const told: string[] = []
  const pass = (error: JoineryError, now: number): void => {
    const passed = errors.pass(error, now)
    if (passed !== undefined) told.push(`${now / 1000} s ${passed.code}: ${passed.message}`)
  }
  for (let now = 0; now <= 120_000; now += 100) pass(new JoineryError('bad-message', 'garbage'), now)
  pass(new JoineryError('store-full', 'no room'), 120_100)
  pass(new JoineryError('store-full', 'no room'), 120_200)
  expect(told).toEqual([
    '0 s bad-message: garbage',
    '60 s bad-message: garbage (599 more of this kind since the last that was told)',
    '120 s bad-message: garbage (599 more of this kind since the last that was told)',
    '120.1 s store-full: no room',
    '120.2 s store-full: no room',
  ])
})
