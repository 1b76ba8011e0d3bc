// The door (Invariant 4): in any order, once, only what fits its tip, within limits. Signatures are checked before it (Invariant 12).

import { describe, expect, it } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { actorId } from '../../src/core/ids.ts'
import { Kind } from '../../src/core/kinds.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { text } from '../../src/crdt/constructors.ts'
import { History } from '../../src/replica/history.ts'
import { Replica } from '../../src/replica/replica.ts'
import { docTag, meet, Side } from './notation.ts'

const idOf = (name: string) => actorId(new TextEncoder().encode(name))

function typed(name: string, changes: number, now = () => 0): Side {
  const side = new Side(name, now)
  side.do((d) => (d.t = text('')))
  for (let i = 1; i < changes; i++) side.do((d) => d.t.append(String(i % 10)))
  return side
}

describe('receiving', () => {
  it('again alters nothing (Invariant 5)', () => {
    const a = typed('a', 5)
    const b = new Side('b')
    b.take(a.made)
    const before = b.value
    const again = b.take([...a.made, ...a.made.toReversed()])
    expect(again).toEqual({ held: [], merged: 0, events: [], refused: [], changed: false, forked: [] })
    expect(b.value).toBe(before)
  })

  it('in any order merges each op after what it builds on, without a gap (Invariants 2 and 3)', () => {
    const a = typed('a', 50)
    const b = new Side('b')
    for (const range of a.made.slice(1).toReversed()) {
      expect(b.take([range]).merged).toBe(0)
      b.replica.check()
    }
    expect(b.value).toEqual({})
    expect(b.replica.pending).toMatchObject({ ops: 49, missing: [{ actor: idOf('a'), seq: 0 }] })
    expect(b.take([a.made[0] as SignedRange]).merged).toBe(50)
    expect(b.value).toEqual(a.value)
    expect(b.replica.pending).toEqual({ ops: 0, bytes: 0, missing: [] })
  })

  it('keeps what links to something that is not here, and merges it when that has come', () => {
    const a = typed('a', 3)
    const b = new Side('b')
    b.take(a.made)
    b.do((d) => d.t.append('!'))
    const c = new Side('c')
    const { held, merged } = c.take(b.made)
    expect([held.length, merged]).toEqual([0, 0])
    expect(c.replica.pending.ops).toBe(1)
    expect(c.replica.version.size).toBe(0)
    expect(c.replica.missing).toEqual([{ actor: idOf('a'), seq: 2 }])
    expect(c.take(a.made).held.map(({ actor }) => actor)).toEqual([idOf('a'), idOf('a'), idOf('a'), idOf('b')])
    expect(c.value).toEqual(b.value)
    // What was held before is not handed out again.
    expect(c.take(a.made).held).toEqual([])
  })

  it('hands out what is newly held, trimmed to what is new', () => {
    const a = typed('a', 4)
    const { ranges } = a.replica.outward.rangesSince(new Map(), a.replica.version, 1e9, 'any')
    expect(ranges.length).toBe(1)
    const b = new Side('b')
    b.take(a.made.slice(0, 2))
    const { held } = b.take(ranges)
    expect(held.map(({ fromSeq, endSeq }) => [fromSeq, endSeq])).toEqual([[2, 4]])
    const c = new Side('c')
    c.take(a.made.slice(0, 2))
    c.take(held)
    expect(c.value).toEqual(a.value)
  })

  it('refuses what is not what its tip says (Invariant 1), and only that', () => {
    const a = typed('a', 3)
    const [first, second, third] = a.made as [SignedRange, SignedRange, SignedRange]
    const b = new Side('b')
    const { refused, held } = b.take([
      first,
      { ...second, tipHash: first.tipHash },
      { ...second, body: third.body, tipHash: third.tipHash },
      second,
      third,
    ])
    expect(refused.map(({ error }) => error.code)).toEqual(['bad-message', 'bad-message'])
    expect(held).toEqual(a.made)
    expect(b.value).toEqual(a.value)
  })

  it('refuses an op of another document: its chain is another', () => {
    const a = typed('a', 2)
    const other = new Replica({ docTag: new Uint8Array(32), actor: idOf('x'), now: () => 0 })
    expect(other.receive(a.made, { origin: 'gossip' }).refused.map(({ error }) => error.code)).toEqual(['bad-message'])
    expect(docTag).not.toEqual(new Uint8Array(32))
  })

  it('is not done within a change', () => {
    const a = typed('a', 2)
    const b = new Side('b')
    expect(() => b.do(() => b.take(a.made))).toThrowError(expect.objectContaining({ code: 'bad-change' }))
  })

  it('makes patches only while somebody listens, with author and time', () => {
    const a = typed('a', 2, () => 1_000_000)
    const b = new Side('b')
    b.replica.listening = false
    expect(b.replica.receive(a.made.slice(0, 1), { origin: 'sync' }).events).toEqual([])
    b.replica.listening = true
    expect(b.replica.receive(a.made.slice(1), { origin: 'sync' }).events).toEqual([
      {
        patches: [{ type: 'insert', path: ['t'], index: 0, text: '1' }],
        local: false,
        author: idOf('a'),
        time: 1_000_000,
      },
    ])
  })
})

describe('the causal buffer and what waits', () => {
  it('take a chain of 10,000 changes across 500 actors backwards, without a stack and without end', {
    timeout: 60_000,
  }, () => {
    const relay = new Replica({ docTag, actor: idOf('start'), now: () => 0 })
    const chain = [...relay.change((d) => (d.n = 0)).received.held]
    for (let i = 0; i < 10_000; i++) {
      // Each change builds on the one before, by another actor.
      relay.setActor(idOf(`w${i % 500}`))
      chain.push(...relay.change((d) => (d.n = i)).received.held)
    }
    const b = new Replica({ docTag, actor: idOf('b'), now: () => 0 })
    const started = performance.now()
    // Where it does not fit, it is dropped; what is missing then comes in order.
    for (const range of chain.toReversed()) b.receive([range], { origin: 'gossip' })
    b.receive(relay.outward.rangesSince(b.version, relay.version, 1e9, 'any').ranges, { origin: 'sync' })
    expect(b.merged).toEqual(relay.version)
    expect(b.value).toEqual(relay.value)
    expect(performance.now() - started).toBeLessThan(40_000)
  })

  it('let a whole chain of 100,000 links wait for its first change, and merge it at once', { timeout: 60_000 }, () => {
    // Made by hand: w1 0 links to w0 0, w2 0 links to w1 0 …
    const [first, ...rest] = forgedChain(100_000) as [SignedRange, ...SignedRange[]]
    const b = new Replica({ docTag, actor: idOf('b'), now: () => 0 })
    const started = performance.now()
    b.receive(rest.toReversed(), { origin: 'store' })
    expect(b.merged.size).toBe(0)
    expect(b.receive([first], { origin: 'store' }).merged).toBe(100_000)
    expect(performance.now() - started).toBeLessThan(50_000)
  })

  it('drop what is furthest when full, remember that it is missing, and take it again (Invariant 9)', () => {
    const a = typed('a', limits.bufferAuthorRanges + 200)
    const b = new Side('b')
    b.take(a.made.slice(1))
    expect(b.replica.pending.ops).toBe(limits.bufferAuthorRanges)
    expect(b.replica.missing.map(({ seq }) => seq)).toEqual([0, a.made.length - 1])
    b.take(a.made.slice(0, 1))
    expect(b.replica.version.get(idOf('a'))).toBe(limits.bufferAuthorRanges + 1)
    expect(b.replica.missing).toEqual([{ actor: idOf('a'), seq: a.made.length - 1 }])
    meet(a, b)
    expect(b.value).toEqual(a.value)
    expect(b.replica.missing).toEqual([])
  })

  it('drop more than fits into what waits for links, and know that it is missing', () => {
    const a = typed('a', 1)
    const big = new Side('b')
    big.take(a.made)
    for (let i = 0; i < 5; i++) big.do((d) => (d[`k${i}`] = 'x'.repeat(limits.bufferBytes / 4)))
    const c = new Side('c')
    for (const range of big.made) c.take([range])
    expect(c.replica.pending.bytes).toBeLessThanOrEqual(limits.bufferBytes)
    expect(c.replica.missing).toEqual([
      { actor: idOf('a'), seq: 0 },
      { actor: idOf('b'), seq: 4 },
    ])
    c.take(a.made)
    expect(c.replica.missing).toEqual([{ actor: idOf('b'), seq: 4 }])
    meet(big, c)
    expect(c.value).toEqual(big.value)
    expect(c.replica.missing).toEqual([])
  })
})

/** Changes that say nothing, by an actor each, each linked to the one before. */
function forgedChain(length: number): SignedRange[] {
  const history = new History(docTag)
  const { actors, graph, log } = history
  return Array.from({ length }, (_, i) => {
    const branch = actors.indexOf(actorId(Uint8Array.of(1 + (i >> 16), (i >> 8) & 0xff, i & 0xff)))
    graph.append(branch, 1, i === 0 ? [] : [i - 1])
    log.push(Kind.meta, 0, 0, log.values.push({}) - 1, 1, false)
    log.endChange(1)
    return history.range(branch, 0, 1)
  })
}

describe('heads', () => {
  it('more than 32 are joined by changes that say nothing else, and a change that throws joins none', () => {
    const sides = Array.from({ length: 70 }, (_, i) => new Side(`s${String(i).padStart(2, '0')}`))
    const a = new Side('a')
    for (const side of sides) {
      side.do((d) => (d[side.name] = 1))
      a.take(side.made)
    }
    const fail = (): never => {
      throw new Error('no')
    }
    expect(() => a.do(fail)).toThrowError('no')
    expect(a.replica.version.has(idOf('a'))).toBe(false)
    const held = a.do((d) => (d.all = true))
    expect(held.map(({ fromSeq, endSeq }) => [fromSeq, endSeq])).toEqual([[0, 3]])
    a.replica.check()
    const b = new Side('b')
    b.take(a.made)
    expect(b.replica.pending.ops).toBe(3)
    for (const side of sides) b.take(side.made)
    expect(b.value).toEqual(a.value)
    b.do((d) => delete d.all)
    expect(b.value.all).toBe(undefined)
  })
})

describe('init', () => {
  it('is the same change on every peer, whatever the order of keys', () => {
    const a = new Side('a').init({ x: 1, items: [{ t: text('t') }] })
    const b = new Side('b').init({ items: [{ t: text('t') }], x: 1 })
    expect(a.made).toEqual(b.made)
    expect(a.replica.snapshot()).toEqual(b.replica.snapshot())
    expect(a.value).toEqual({ x: 1, items: [{ t: 't' }] })
  })

  it('is a no-op in a document that holds anything, and begins one where edits wait for what is not here', () => {
    const a = typed('a', 2)
    const before = a.value
    a.init({ x: 1 })
    expect(a.value).toBe(before)
    const b = new Side('b')
    b.take(a.made.slice(1))
    expect(b.replica.init({ x: 1 }).held).toHaveLength(1)
    expect(b.replica.value).toEqual({ x: 1 })
  })

  it('is refused if it is not what it is named after, is signed, or goes on', () => {
    const a = new Side('a').init({ x: 1 })
    const [range] = a.made as [SignedRange]
    const other = new Side('a').init({ x: 2 }).made[0] as SignedRange
    const b = new Side('b')
    const bad = [
      { ...range, actor: other.actor },
      { ...range, signature: new Uint8Array(64) },
      { ...other, actor: range.actor },
    ]
    expect(b.take(bad).refused.map(({ error }) => error.code)).toEqual(['bad-message', 'bad-message', 'bad-message'])
    expect(b.replica.version.size).toBe(0)
    b.take([range])
    expect(b.value).toEqual({ x: 1 })
  })

  it('refuses what no document can hold', () => {
    const a = new Side('a')
    expect(() => a.init({ x: undefined })).toThrowError('x is undefined: use null or delete')
    expect(() => a.init([])).toThrowError(expect.objectContaining({ code: 'bad-value' }))
    expect(a.value).toEqual({})
  })
})

describe('own changes', () => {
  it('go on with the next seq after another actor was taken', () => {
    const a = typed('a', 2)
    a.replica.setActor(idOf('a2'))
    a.do((d) => d.t.append('x'))
    expect([...a.replica.version]).toEqual([
      [idOf('a'), 2],
      [idOf('a2'), 1],
    ])
  })

  it('are refused while earlier ones of the same actor wait: a seq is never used twice (Invariant 11)', () => {
    const a = typed('a', 3)
    const other = typed('b', 2)
    a.take(other.made)
    a.do((d) => (d.k = 1))
    const reopened = new Side('a')
    reopened.take(a.made, 'store')
    expect(() => reopened.do((d) => (d.k = 2))).toThrowError(expect.objectContaining({ code: 'bad-change' }))
    reopened.take(other.made)
    reopened.do((d) => (d.k = 2))
    expect(reopened.value.k).toBe(2)
  })

  it('are limited in size, and nothing of what is too large is kept', () => {
    const a = new Side('a')
    a.do((d) => (d.t = text('')))
    const before = a.value
    const tooMany = (d: { t: { append(s: string): void } }): void => {
      for (let i = 0; i < 5; i++) d.t.append('x'.repeat(2 ** 18))
    }
    expect(() => a.do(tooMany)).toThrowError(expect.objectContaining({ code: 'limit' }))
    expect(a.value).toBe(before)
  })
})
