// Counts are charged like bytes (FORMAT §2): a few bytes can be a million ops.

import { afterEach, describe, expect, test } from 'vitest'
import { memberActor } from '../../src/core/ids.ts'
import { text } from '../../src/crdt/constructors.ts'
import type { Text } from '../../src/crdt/types.ts'
import { Replica } from '../../src/replica/replica.ts'
import { decodeMessage, encodeMessage } from '../../src/sync/messages.ts'
import { World } from '../../src/testing/world.ts'
import { docTag } from '../replica/notation.ts'

let world: World | undefined

afterEach(async () => {
  await world?.close()
  world = undefined
})

describe('a text of 600,000 letters, pasted and deleted again and again', () => {
  test('travels in parts of at most 2^20 ops, each of which its receiver takes', () => {
    const actor = memberActor(new Uint8Array(32).fill(1), 0)
    const writer = new Replica({ docTag, actor, now: () => 0 })
    const reader = new Replica({ docTag, actor: memberActor(new Uint8Array(32).fill(2), 0), now: () => 0 })
    for (let time = 0; time < 2; time++) {
      // biome-ignore lint/suspicious/noExplicitAny: a document without a type.
      writer.change((d: any) => {
        d.t ??= text('')
        d.t.append('x'.repeat(600_000))
      })
      // biome-ignore lint/suspicious/noExplicitAny: a document without a type.
      writer.change((d: any) => d.t.delete(0, 600_000))
      for (let tip = writer.outward.unsigned(actor); tip !== undefined; tip = writer.outward.unsigned(actor))
        writer.outward.sign(actor, tip.endSeq, new Uint8Array(64))
    }
    for (let more = true; more; ) {
      const part = writer.outward.rangesSince(reader.version, writer.version, 256 * 1024)
      expect(part.ops).toBeLessThanOrEqual(2 ** 20)
      const sent = encodeMessage({ type: 'delta', id: 0, ...part })
      const delta = decodeMessage(sent)
      if (delta.type === 'delta') reader.receive(delta.ranges, { origin: 'sync' })
      more = part.more
    }
    expect(reader.version).toEqual(writer.version)
  })

  test('is on disk whole when it is called saved, though made within one turn (Invariant 8)', async () => {
    world = new World()
    const a = await world.open('a')
    const space = await world.during(a.space('Home'))
    const doc = await world.during(space.open<{ t: Text }>('big', { init: { t: text('') } }))
    doc.change((d) => d.t.append('x'.repeat(600_000)))
    doc.change((d) => d.t.append('y'.repeat(600_000)))
    await world.during(doc.settled())
    expect(doc.status.current.saved).toBe(true)
    await world.crash('a')
    const again = await world.open('a')
    const [home] = again.spaces
    const back = await world.during(home?.open<{ t: Text }>('big') ?? Promise.reject(new Error('no space')))
    expect(back.value.t.length).toBe(1_200_000)
  })
})
