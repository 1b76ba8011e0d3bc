// The tracker by itself: items between versions. Histories are in eg-sequence.test.ts.

import { expect, it } from 'vitest'
import { Tracker } from '../../src/crdt/tracker.ts'

const makers = { branchOf: (id: number) => id, compare: (a: number, b: number) => a - b }

function shown(tracker: Tracker): string {
  const parts: string[] = []
  tracker.visit((id, count, prepare, shows) => parts.push(`${id}+${count} ${prepare}${shows ? '' : ' gone'}`))
  tracker.check()
  return parts.join(', ')
}

it('items of one place at once stand in the order of their branches, whatever the order they come in', () => {
  for (const order of [
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
  ]) {
    const tracker = new Tracker(0, makers)
    tracker.reserve(3)
    const seen: number[] = []
    for (const id of order) {
      tracker.moveTo([...seen].sort((a, b) => a - b).flatMap((other) => [other, other + 1]))
      tracker.insert(id, 1, 0)
      seen.push(id)
    }
    tracker.moveTo([])
    expect(shown(tracker)).toBe('0+1 visible, 1+1 visible, 2+1 visible')
  }
})

it('what was there before is one span, cut where something happens and whole again when it is taken back', () => {
  const tracker = new Tracker(100, makers)
  tracker.reserve(10)
  tracker.erase(0, 10, 40, undefined)
  expect([tracker.seen, tracker.shown]).toEqual([90, 90])
  tracker.moveTo([0, 10])
  expect([tracker.seen, tracker.shown]).toEqual([100, 90])
  tracker.moveTo([])
  tracker.check()
})

it('a delete and its undo and its redo are counted in the version and in what shows', () => {
  const tracker = new Tracker(0, makers)
  tracker.reserve(5)
  tracker.insert(0, 2, 0)
  tracker.erase(2, 1, 0, undefined)
  expect(shown(tracker)).toBe('0+1 hidden gone, 1+1 visible')
  tracker.revoke(3, 1, [2, 3], undefined)
  expect(shown(tracker)).toBe('0+2 visible')
  tracker.revoke(4, 2, [3, 4], undefined)
  expect(shown(tracker)).toBe('0+1 hidden gone, 1+1 visible')
  tracker.moveTo([4, 5])
  expect(shown(tracker)).toBe('0+1 visible gone, 1+1 visible')
})

it('thousands of inserts at one place are placed in a moment, in the order of their branches', () => {
  const count = 10_000
  const tracker = new Tracker(1, { branchOf: (id) => (id * 7919) % count, compare: (a, b) => a - b })
  tracker.reserve(count)
  for (let id = 0; id < count; id++) {
    tracker.moveTo(id === 0 ? [] : [0, id])
    tracker.insert(id, 1, 0)
  }
  const branches: number[] = []
  tracker.visit((id) => branches.push((id * 7919) % count))
  expect(branches.slice(0, count)).toEqual(Array.from({ length: count }, (_, i) => i))
})
