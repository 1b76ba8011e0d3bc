// One op may say very much: a listener is told all of it, and nothing breaks midway (Invariant 7).

import { expect, test } from 'vitest'
import { Actors } from '../../src/core/actors.ts'
import { encodeBody } from '../../src/core/body.ts'
import { chainNext, chainStart } from '../../src/core/chain.ts'
import { actorId } from '../../src/core/ids.ts'
import { type Change, Make, type Op, unitsOf } from '../../src/core/op.ts'
import { docTag, Side } from '../replica/notation.ts'

test('a crafted delete of every other letter of a long text is taken whole', () => {
  const letters = 300_000
  const actors = new Actors()
  const name = actorId(Uint8Array.of(9))
  const self = actors.indexOf(name)
  const at = { actor: self, seq: 0 }
  const targets = Array.from({ length: letters / 2 }, (_, i) => ({ actor: self, seq: 2 + 2 * i, count: 1 }))
  const changes: Op[][] = [
    [
      { type: 'set', at: undefined, key: 't', value: new Make('text', 0) },
      { type: 'type', at, left: undefined, text: 'xy'.repeat(letters / 2) },
    ],
    [{ type: 'remove', at, targets }],
  ]
  const side = new Side('a')
  let seq = 0
  let tipHash = chainStart(docTag, name)
  for (const ops of changes) {
    const count = ops.reduce((sum, op) => sum + unitsOf(op), 0)
    const change: Change = { seq, count, links: [], time: undefined, message: undefined, ops }
    const body = encodeBody([change], self, actors)
    tipHash = chainNext(tipHash, body)
    const range = { actor: name, fromSeq: seq, endSeq: seq + count, body, tipHash, signature: new Uint8Array(0) }
    const { held, events } = side.replica.receive([range], { origin: 'sync' })
    expect(held).toHaveLength(1)
    expect(events[0]?.patches.length).toBe(ops[0]?.type === 'set' ? 2 : letters / 2)
    seq += count
  }
  expect(side.value.t).toBe('x'.repeat(letters / 2))
}, 60_000)
