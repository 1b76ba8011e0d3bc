// One op may say very much: a listener is told all of it, and nothing breaks midway (Invariant 7).

import { expect, test } from 'vitest'
import { type Forged, Forger } from '../replica/forger.ts'
import { Side } from '../replica/notation.ts'

test('a crafted delete of every other letter of a long text is taken whole', () => {
  const letters = 300_000
  const forger = new Forger('h')
  const at = forger.own(0)
  const changes: Forged[][] = [
    [
      { type: 'make', key: 't', make: 'text', gen: 0 },
      { type: 'type', at, index: 0, text: 'xy'.repeat(letters / 2) },
    ],
    Array.from({ length: letters / 2 }, (_, i) => ({ type: 'erase', at, index: 1 + i, count: 1 })),
  ]
  const side = new Side('a')
  for (const ops of changes) {
    const { held, events } = side.replica.receive([forger.write(ops)], { origin: 'sync' })
    expect(held).toHaveLength(1)
    expect(events[0]?.patches.length).toBe(ops[0]?.type === 'make' ? 2 : letters / 2)
  }
  expect(side.value.t).toBe('x'.repeat(letters / 2))
}, 60_000)
