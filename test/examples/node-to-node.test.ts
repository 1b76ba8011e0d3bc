import { expect, test, vi } from 'vitest'

test('the example of two peers runs to its end, and both have both edits', { timeout: 60_000 }, async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    await import('../../examples/node-to-node/main.ts')
    expect(log.mock.calls.map(([line]) => line)).toEqual([
      'Ann: [ ] milk',
      'Bob joined.',
      'Bob: [ ] milk',
      'Bob is cut off.',
      'Ann: [ ] milk, [ ] bread',
      'Bob: [x] milk',
      'Bob is back.',
      'Ann: [x] milk, [ ] bread',
      'Bob: [x] milk, [ ] bread',
    ])
  } finally {
    log.mockRestore()
  }
})
