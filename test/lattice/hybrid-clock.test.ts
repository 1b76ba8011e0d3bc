// Hybrid clocks: what Kulkarni et al. 2014 promise of them, and what is refused.

import { compareHybrid, type HybridTime, hybridHear, hybridNext, hybridZero, seededRandom } from 'joinery/lattice'
import { expect, test } from 'vitest'
import { below } from './all.ts'

test('time goes on with the wall, and counts while the wall stands still or goes back', () => {
  const times: HybridTime[] = []
  for (const now of [1000, 1000, 990, 1001]) times.push(hybridNext(times.at(-1) ?? hybridZero, now))
  expect(times.map(({ time, count }) => `${time}+${count}`)).toEqual(['1000+0', '1000+1', '1000+2', '1001+0'])
})

test.each([
  ['the wall is ahead of both', { time: 5, count: 3 }, { time: 6, count: 9 }, 7, { time: 7, count: 0 }],
  ['the message is ahead', { time: 5, count: 3 }, { time: 8, count: 9 }, 7, { time: 8, count: 10 }],
  ['this clock is ahead', { time: 9, count: 3 }, { time: 8, count: 9 }, 7, { time: 9, count: 4 }],
  ['both are ahead alike', { time: 9, count: 3 }, { time: 9, count: 6 }, 7, { time: 9, count: 7 }],
  ['all are alike', { time: 7, count: 3 }, { time: 7, count: 1 }, 7, { time: 7, count: 4 }],
])('hearing a message when %s', (_, last, heard, now, time) => {
  expect(hybridHear(last, heard, now)).toEqual(time)
})

test('among clocks that differ, an effect is later than its cause, and no time is beyond the fastest wall', () => {
  const random = seededRandom(3)
  const clocks = [0, 1, 2].map((replica) => ({ time: hybridZero, ahead: replica * 40 }))
  const one = () => clocks[below(random, clocks.length)] ?? { time: hybridZero, ahead: 0 }
  for (let wall = 1000; wall < 6000; wall += below(random, 3)) {
    const [from, to] = [one(), one()]
    const sent = hybridNext(from.time, wall + from.ahead)
    expect(compareHybrid(sent, from.time)).toBeGreaterThan(0)
    from.time = sent
    const heard = hybridHear(to.time, sent, wall + to.ahead)
    expect(compareHybrid(heard, sent)).toBeGreaterThan(0)
    expect(compareHybrid(heard, to.time)).toBeGreaterThan(0)
    to.time = heard
    expect(heard.time).toBeLessThanOrEqual(wall + 80)
  }
})

test('a time too far ahead is refused, for it would drag all others along', () => {
  const far = { time: 70_000, count: 0 }
  expect(() => hybridHear(hybridZero, far, 1000, { aheadMaxMs: 60_000 })).toThrow(
    expect.objectContaining({ code: 'limit' }),
  )
  expect(hybridHear(hybridZero, far, 10_000, { aheadMaxMs: 60_000 })).toEqual({ time: 70_000, count: 1 })
})

test.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53])('a wall that says %s is refused', (now) => {
  expect(() => hybridNext(hybridZero, now)).toThrow(expect.objectContaining({ code: 'bad-value' }))
  expect(() => hybridHear(hybridZero, hybridZero, now)).toThrow(expect.objectContaining({ code: 'bad-value' }))
})
