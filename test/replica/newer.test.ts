// Ops of kinds that only a newer joinery knows: those with an odd number stop merging, those with an even one count for nothing (FORMAT §3).

import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../src/base/bytes.ts'
import { type ActorId, actorBytes, actorId } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { createDoc, isJoineryError, openDoc } from '../../src/doc.ts'
import { Replica } from '../../src/replica/replica.ts'
import { docTag, meet, Side } from './notation.ts'

const critical = 17
const ancillary = 16
const needsNewer = expect.toSatisfy((error) => isJoineryError(error, 'unsupported') && error.message.includes('newer'))

/** A change of one op of a newer kind, by z unless another is named, which has seen the newest ops of these sides. */
function newer(kind: number, seen: readonly Side[], actor: ActorId = actorId(Uint8Array.of(122))): SignedRange {
  const writer = new ByteWriter()
  if (seen.length > 0) writer.u8(0x10).varint(seen.length)
  for (const { replica } of seen)
    writer
      .varint(3)
      .bytes(actorBytes(replica.actor))
      .varint(replica.history.endOf(replica.actor) - 1)
  writer
    .u8(0x0f)
    .varint(kind)
    .bytes(Uint8Array.of(1, 2, 3))
  return { actor, fromSeq: 0, endSeq: 1, body: writer.finish(), tipHash: nothing, signature: nothing }
}

const nothing = new Uint8Array(0)

/** a, b and c, who have all seen what a did. */
function three(): { a: Side; b: Side; c: Side } {
  const sides = { a: new Side('a'), b: new Side('b'), c: new Side('c') }
  sides.a.do((d) => Object.assign(d, { n: 1, l: [1] }))
  meet(sides.a, sides.b, sides.c)
  return sides
}

describe('what only a newer joinery can merge', () => {
  it('is held, and the document can be read as it was, but not edited', () => {
    const { a, b } = three()
    const range = newer(critical, [a])
    const received = b.take([range])
    expect(received).toMatchObject({ merged: 0, refused: [], changed: false })
    expect(received.held).toHaveLength(1)
    expect(b.value).toEqual({ n: 1, l: [1] })
    expect(b.replica.version.get(range.actor)).toBe(1)
    expect(b.replica.merged.has(range.actor)).toBe(false)
    expect(b.replica.merged.get(a.replica.actor)).toBe(b.replica.version.get(a.replica.actor))
    expect(b.replica.pending.ops).toBe(0)
    expect(() => b.do((d) => (d.n = 2))).toThrow(needsNewer)
    b.replica.check()
  })

  it('keeps nobody from editing who has not heard of it, nor their edits from being merged', () => {
    const { a, b, c } = three()
    b.take([newer(critical, [a])])
    b.take(a.do((d) => d.l.push(2)))
    b.take(c.do((d) => d.l.unshift(0)))
    b.take(a.do((d) => (d.n = 2)))
    expect(b.value).toEqual({ n: 2, l: [0, 1, 2] })
    expect(b.mirror).toEqual(b.value)
    b.replica.check()
  })

  it('stops what builds on it, too, also by others', () => {
    const { a, b, c } = three()
    const range = newer(critical, [a])
    // Somebody with a newer joinery is played by one for whom the op means nothing; so chains differ, and are left out.
    const played = { ...range, body: newer(ancillary, [a]).body }
    const z = new Side('z')
    meet(a, z)
    z.take([played])
    const next = z.do((d) => (d.n = 5))
    b.take([range])
    const follows = next.map((one) => ({ ...one, tipHash: nothing }))
    expect(b.take(follows)).toMatchObject({ merged: 0, refused: [] })
    expect(b.value.n).toBe(1)
    expect(b.replica.version.get(range.actor)).toBe(2)
    expect(b.replica.merged.has(range.actor)).toBe(false)
    const d = new Side('d')
    meet(a, d)
    d.take([played, ...follows])
    const built = d.do((draft) => (draft.n = 6)).map((one) => ({ ...one, tipHash: nothing }))
    expect(b.take(built)).toMatchObject({ merged: 0, refused: [] })
    expect(b.replica.version.get(d.replica.actor)).toBe(1)
    expect(b.replica.merged.has(d.replica.actor)).toBe(false)
    b.take(c.do((draft) => (draft.n = 7)))
    expect(b.value.n).toBe(7)
  })

  it('stops no earlier change of the same actor that comes with it', () => {
    const { a, b } = three()
    const bytes = newer(critical, []).body
    const z = new Side('z')
    meet(a, z)
    const [made] = z.do((d) => (d.n = 2))
    if (made === undefined) throw new Error('z did something')
    const body = Uint8Array.from([...made.body, ...bytes])
    expect(b.take([{ ...made, endSeq: 2, body, tipHash: nothing }])).toMatchObject({ merged: 1, refused: [] })
    expect(b.value.n).toBe(2)
    expect(b.replica.merged.get(z.replica.actor)).toBe(1)
  })

  it('is served as it came, and all who hold it are alike', () => {
    const { a, b, c } = three()
    b.take([newer(critical, [a])])
    a.do((d) => d.l.push(2))
    meet(b, a, c)
    meet(b, a, c)
    for (const side of [a, c]) {
      expect(side.replica.version).toEqual(b.replica.version)
      expect(side.replica.merged).toEqual(b.replica.merged)
      expect(side.value).toEqual({ n: 1, l: [1, 2] })
      expect(side.replica.snapshot()).toEqual(b.replica.snapshot())
      expect(() => side.do((d) => (d.n = 2))).toThrow(needsNewer)
    }
  })

  it('comes back from a snapshot, with what it stops', () => {
    const { a, b, c } = three()
    b.take([newer(critical, [a])])
    b.take(c.do((d) => d.l.push(2)))
    const loaded = new Side('b')
    loaded.replica.load(b.replica.snapshot())
    loaded.mirror = loaded.value
    expect(loaded.value).toEqual(b.value)
    expect(loaded.replica.version).toEqual(b.replica.version)
    expect(loaded.replica.merged).toEqual(b.replica.merged)
    expect(() => loaded.do((d) => (d.n = 2))).toThrow(needsNewer)
    loaded.take(a.do((d) => d.l.push(3)))
    b.take(a.made)
    expect(loaded.value).toEqual(b.value)
    expect(loaded.mirror).toEqual(b.value)
    expect(loaded.replica.snapshot()).toEqual(b.replica.snapshot())
    expect(loaded.replica.document.at(loaded.replica.history.graph.frontier)).toEqual(b.value)
    // Piece by piece, as a store gives it.
    const again = new Side('e')
    expect(again.take(Replica.ranges(b.replica.snapshot()), 'store').refused).toEqual([])
    expect(again.replica.merged).toEqual(b.replica.merged)
    expect(again.value).toEqual(b.value)
  })

  it('is kept where deleted content is dropped: that needs a newer joinery, too', () => {
    const { a, b } = three()
    b.take([newer(critical, [a])])
    expect(() => b.replica.snapshot({ live: true })).toThrow(needsNewer)
  })

  it('leaves no trace if the range that brought it is refused', () => {
    const { a, b } = three()
    const range = newer(critical, [a])
    const { refused } = b.take([{ ...range, tipHash: docTag }])
    expect(refused).toHaveLength(1)
    expect(b.replica.merged).toEqual(b.replica.version)
    b.do((d) => (d.n = 2))
    expect(b.value.n).toBe(2)
  })
})

it('an op of a newer kind that is not critical counts for nothing, and stops nobody', () => {
  const { a, b } = three()
  expect(b.take([newer(ancillary, [a])])).toMatchObject({ merged: 1, refused: [] })
  expect(b.replica.merged).toEqual(b.replica.version)
  b.do((d) => (d.n = 2))
  meet(a, b)
  expect(a.value).toEqual({ n: 2, l: [1] })
  expect(a.replica.snapshot()).toEqual(b.replica.snapshot())
})

it('documents without a network hold it as well', () => {
  const doc = createDoc<{ n?: number }>({ actor: Uint8Array.of(1) })
  doc.change((d) => {
    d.n = 1
  })
  const { actor, body } = newer(critical, [])
  doc.receive(Uint8Array.from([1, 1, ...actorBytes(actor), 0, ...body]))
  expect(() => doc.change((d) => (d.n = 2))).toThrow(needsNewer)
  const copy = openDoc<{ n?: number }>(doc.snapshot())
  expect(copy.value).toEqual({ n: 1 })
  expect(copy.version).toEqual(doc.version)
  expect(() => copy.change((d) => (d.n = 2))).toThrow(needsNewer)
})
