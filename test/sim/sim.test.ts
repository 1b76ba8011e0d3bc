// The simulated world itself: some seeds of it, that a seed is a run, and that what it finds can be read. Many more seeds: `npm run sim`.

import { faultKinds, type SimulatedApp, world } from 'joinery/testing'
import { expect, test } from 'vitest'
import { shrink } from '../../src/testing/shrink.ts'
import { mutated } from '../fuzz/mutants.ts'
import { faults } from './mutants/patches.ts'

// Invariants 1 to 13.
test.each([1, 2, 3, 4, 5, 6])(
  'seed %i: whatever strikes, all come to rest alike',
  async (seed) => {
    const { events, healMs } = await world({ seed, peers: 2 + (seed % 3), chaosMs: 20_000, writes: 40 }).run()
    expect(events.frames).toBeGreaterThan(100)
    expect(healMs).toBeLessThan(150_000)
  },
  60_000,
)

// What `npm run sim` found; as it draws its worlds.
test.each([
  { seed: 30084, peers: 3, what: 'edits of two lives and of others that wait for one another, had from nothing' },
  { seed: 60350, peers: 3, what: 'the same, where the second life is ahead of the first' },
  { seed: 110236, peers: 4, what: 'a member set back to before a document was, while both list what they hold' },
  {
    seed: 407126,
    peers: 3,
    what: 'what waited turns out to be of another life, as soon as what comes before it is there',
  },
  { seed: 130583, peers: 2, what: 'a device set back hears of its own later edits before it has what they build on' },
])('seed $seed: $what', async ({ seed, peers }) => {
  const { events } = await world({ seed, peers }).run()
  expect(events.frames).toBeGreaterThan(100)
})

test('one seed is one run, to the byte and the millisecond', async () => {
  const small = { seed: 21, peers: 3, chaosMs: 6_000, writes: 20 }
  const [one, two, other] = [
    await world(small).run(),
    await world(small).run(),
    await world({ ...small, seed: 22 }).run(),
  ]
  expect(two).toEqual(one)
  expect(other.digest).not.toBe(one.digest)
}, 60_000)

test('a violation is said with the fewest steps that do it, the trace and the history, and can be seen again', async () => {
  const app: SimulatedApp = {
    write: async ({ space, name, dice }) => {
      const list = await space.open('list', { init: { items: [] as string[] } })
      list.change((d) => void d.items.push(`${name} ${dice.below(4)}`))
    },
    check: ({ list }) => {
      if (JSON.stringify(list).includes(' 3')) throw new Error('somebody wrote a 3')
    },
  }
  const small = { seed: 3, peers: 2, faults: ['crashes', 'bursts'], chaosMs: 3_000, writes: 12 } as const
  const told = await world(small)
    .run(app)
    .then(
      () => 'nothing',
      (error: Error) => error.message,
    )
  expect(told).toMatch(/^what the app promises: .*somebody wrote a 3/)
  const [, steps = ''] = /SEED=3 STEPS=(\d+) /.exec(told) ?? []
  expect(steps, told).not.toBe('')
  expect(told).toMatch(/\+\d+ms {2}world {2}write/)
  expect(told).toMatch(/VIOLATED +what the app promises/)
  expect(told).toMatch(/heads /)
  const again = world({ ...small, steps: [Number(steps)] })
  expect(again.plan.steps).toHaveLength(1)
  await expect(again.run(app)).rejects.toThrow('somebody wrote a 3')
}, 60_000)

test('what is small already stays; else what fails for two steps together becomes those two', async () => {
  const steps = Array.from({ length: 40 }, (_, i) => i)
  const fails = async (some: readonly number[]): Promise<boolean> => some.includes(7) && some.includes(31)
  expect(await shrink(steps, fails, 200)).toEqual([7, 31])
  expect(await shrink([1], async () => true, 200)).toEqual([])
})

test.each(faults)('there is a place for the fault that $name', ({ name, edits }) => {
  for (const edit of edits) expect(mutated({ name, ...edit })).not.toBe('')
})

test('what a world may be is checked', () => {
  expect(() => world({ peers: 9 })).toThrow('"peers" is a whole number from 1 to 8, not 9.')
  expect(() => world({ faults: ['rain' as 'loss'] })).toThrow(
    `There is no fault "rain". There are: ${faultKinds.join(', ')}.`,
  )
  expect(world({ faults: 'none' }).plan.kinds).toEqual([])
})
