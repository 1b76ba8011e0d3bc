// Who is cut off a document, and who is let in again: what counts then, for whoever heard of it before or after.

import { describe, expect, it } from 'vitest'
import { actorBytes, actorId } from '../../src/core/ids.ts'
import { isJoineryError, text } from '../../src/doc.ts'
import { recordCut, recordUncut } from '../../src/replica/cut.ts'
import { Replica } from '../../src/replica/replica.ts'
import { Forger } from '../replica/forger.ts'
import { type Draft, docTag, meet, Side } from '../replica/notation.ts'

const init = { t: text('base'), n: 0, l: [1, 2], m: { k: 'base' } }

/** a and b begin with the same. */
function two(): { a: Side; b: Side } {
  const sides = { a: new Side('a').init(init), b: new Side('b').init(init) }
  meet(sides.a, sides.b)
  return sides
}

/** Cuts somebody off behind what `by` holds of them, or behind their first ops; gives the range, which `by` has taken. */
function cut(by: Side, whom: Side, ends = by.replica.history.endOf(whom.replica.actor)) {
  const range = recordCut(by.replica.history, whom.replica.actor, ends - 1)
  expect(by.take([range]).refused).toEqual([])
  return range
}

function uncut(by: Side, author: ReturnType<typeof cut>) {
  const range = recordUncut(by.replica.history, author.actor)
  expect(by.take([range]).refused).toEqual([])
  return range
}

function same(...sides: readonly Side[]): void {
  meet(...sides)
  meet(...sides)
  const [first] = sides
  for (const side of sides) {
    expect(side.value).toEqual(first?.value)
    // Invariant 7: the old value plus the patches is the new value.
    expect(side.mirror).toEqual(side.value)
    expect(side.replica.snapshot()).toEqual(first?.replica.snapshot())
    side.replica.check()
  }
}

describe('what a member did behind a cut', () => {
  const edit = (d: Draft): void => {
    d.t.insert(4, ' camp')
    d.n = 7
    d.l.push(3)
    delete d.m
  }

  it('counts for nothing, whether it came before the cut or comes after it', () => {
    const { a, b } = two()
    a.do((d) => d.t.insert(0, '> '))
    meet(a, b)
    const { value } = b
    a.do(edit)
    cut(b, a)
    expect(b.value).toEqual(value)
    // b hears of the rest after the cut, a of the cut after the rest.
    same(a, b)
    expect(b.value).toEqual({ t: '> base', n: 0, l: [1, 2], m: { k: 'base' } })
  })

  it('counts again when the cut is taken back', () => {
    const { a, b } = two()
    a.do((d) => d.t.insert(0, '> '))
    meet(a, b)
    const end = b.replica.history.endOf(a.replica.actor)
    a.do(edit)
    meet(a, b)
    const { value } = b
    const author = cut(b, a, end)
    expect(b.value).toEqual({ t: '> base', n: 0, l: [1, 2], m: { k: 'base' } })
    uncut(b, author)
    expect(b.value).toEqual(value)
    same(a, b)
    expect(a.value).toEqual({ t: '> ba campse', n: 7, l: [1, 2, 3] })
  })

  it('does not move the indexes of those who had not heard of the cut', () => {
    const { a, b } = two()
    const c = new Side('c').init(init)
    a.do((d) => d.n)
    a.do((d) => (d.n = 1))
    same(a, b, c)
    const end = b.replica.history.endOf(a.replica.actor)
    a.do((d) => d.t.insert(0, 'aaaa'))
    meet(a, c)
    cut(b, a, end)
    b.do((d) => d.t.insert(0, 'b'))
    c.do((d) => d.t.insert(8, 'c'))
    same(a, b, c)
    expect(b.value.t).toBe('bbasec')
  })

  it('has cleared a text for those who had not heard of the cut, even if it comes after the cut', () => {
    const { a, b } = two()
    const [c, d] = [new Side('c').init(init), new Side('d').init(init)]
    a.do((draft) => (draft.n = 1))
    same(a, b, c, d)
    const hidden = c.replica.document.containerAt(['t'])
    if (hidden?.type !== 'text') throw new Error('a text stands there')
    cut(b, a)
    const late = a.do((draft) => (draft.t = 5))
    const others = d.do((draft) => draft.t.insert(4, '!'))
    for (const side of [b, c]) {
      side.take(late)
      side.take(others)
    }
    // To c it is a hidden text of one character.
    const received = c.replica.record(() => c.replica.document.recorder.type(hidden, 1, 'x'))
    expect(c.value.t).toBe(5)
    expect(b.value.t).toBe('base!')
    b.take(received.held)
    expect(b.value.t).toBe('base!x')
    same(a, b, c, d)
  })

  it('does not bring back what others wrote over it', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    meet(a, b)
    const end = b.replica.history.endOf(a.replica.actor)
    a.do((d) => (d.n = 2))
    meet(a, b)
    b.do((d) => (d.n = 3))
    const author = cut(b, a, end)
    same(a, b)
    expect(a.value.n).toBe(3)
    uncut(b, author)
    same(a, b)
    expect(a.value.n).toBe(3)
  })

  it('switches nothing either: what was undone behind a cut is there again', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    a.do((d) => d.t.insert(0, 'a'))
    meet(a, b)
    const end = b.replica.history.endOf(a.replica.actor)
    const { graph } = a.replica.history
    a.replica.record(() => a.replica.document.recorder.revoke(1, [graph.length - 1, graph.length]))
    a.mirror = a.value
    meet(a, b)
    expect(b.value.t).toBe('base')
    cut(b, a, end)
    same(a, b)
    expect(b.value.t).toBe('abase')
  })

  it('is known to count for nothing where it was written', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    same(a, b)
    const author = cut(b, a)
    same(a, b)
    const refused = expect.toSatisfy((error) => isJoineryError(error, 'bad-change'))
    expect(() => a.do((d) => (d.n = 2))).toThrow(refused)
    // Also where only what shows was loaded.
    const loaded = new Replica({ docTag, actor: a.replica.actor, now: () => 0 })
    loaded.load(a.replica.snapshot())
    expect(() => loaded.change((d) => Object.assign(d as object, { n: 2 }))).toThrow(refused)
    uncut(b, author)
    same(a, b)
    a.do((d) => (d.n = 2))
    same(a, b)
    expect(b.value.n).toBe(2)
  })

  it('comes before what whoever was let in again does: time goes on through a cut', () => {
    const { a, b } = two()
    for (let n = 1; n < 5; n++) a.do((d) => (d.n = n))
    meet(a, b)
    const c = new Side('c')
    c.take(b.replica.outward.rangesSince(new Map(), b.replica.version, 1e9, 'any').ranges)
    const author = cut(a, a)
    uncut(a, author)
    // c's op is one later than what all have seen; a's is two later, whatever was cut between.
    c.do((d) => (d.n = 'c'))
    a.do((d) => (d.n = 5))
    a.do((d) => (d.n = 'a'))
    same(a, b, c)
    expect(b.value.n).toBe('a')
  })

  it('was written in vain by who had seen the cut: each edit was off at the next one’s version', () => {
    const { a, b } = two()
    const first = a.do((d) => (d.n = 1))
    same(a, b)
    const author = cut(b, a)
    const { t } = b.value
    // c has heard of the cut, and never hears of what is late.
    const c = new Side('c').init(init)
    c.take([...first, author])
    const meanwhile = c.do((d) => d.t.insert(4, '!'))
    const forger = new Forger('a', { actor: a.replica.actor })
    forger.learn([...initOf(a), ...first, author])
    const maker = { actor: initOf(a)[0]?.actor ?? a.replica.actor, seq: textSeq(a) }
    const late = forger.write([{ type: 'type', at: maker, index: 4, text: 'xyz' }], [{ actor: author.actor, seq: 0 }])
    expect(b.take([late]).refused).toEqual([])
    expect(b.value.t).toBe(t)
    const loaded = new Side('d')
    loaded.replica.load(b.replica.snapshot())
    loaded.mirror = loaded.value
    loaded.replica.awake()
    for (const side of [loaded, b]) expect(side.take(meanwhile).refused).toEqual([])
    expect([loaded.value.t, b.value.t]).toEqual(['base!', 'base!'])
    same(loaded, b)
    // The first of them only; the others were out of range.
    uncut(b, author)
    expect(b.value.t).toBe('basex!')
    const other = new Side('e')
    other.take(b.replica.outward.rangesSince(new Map(), b.replica.version, 1e9, 'any').ranges)
    same(b, other)
  })
})

describe('a cut', () => {
  it('is the same op whoever makes it', () => {
    const { a, b } = two()
    const c = new Side('c').init(init)
    a.do((d) => (d.n = 1))
    same(a, b, c)
    expect(cut(b, a)).toEqual(cut(c, a))
    same(a, b, c)
  })

  it('waits for the op it is about, and is told from others by its name', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    const author = recordCut(a.replica.history, a.replica.actor, 0)
    const received = b.take([author])
    expect(received.refused).toEqual([])
    expect(b.replica.pending.ops).toBe(1)
    const other = { ...author, actor: actorId(actorBytes(author.actor).map((byte, i) => (i === 5 ? byte ^ 1 : byte))) }
    same(a, b)
    expect(b.replica.pending.ops).toBe(0)
    expect(b.replica.version.get(author.actor)).toBe(1)
    expect(b.take([other]).refused[0]?.error).toMatchObject({ code: 'bad-message' })
  })

  it('leaves a peer with what builds on it, and not before', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    same(a, b)
    const { actor } = cut(b, a)
    const sign = (side: Side): void => {
      const { replica } = side
      const unsigned = replica.outward.unsigned(replica.actor)
      if (unsigned !== undefined) replica.outward.sign(replica.actor, unsigned.endSeq, new Uint8Array(64))
    }
    sign(b)
    expect(b.replica.outward.served(b.replica.version).has(actor)).toBe(false)
    b.do((d) => (d.n = 2))
    sign(b)
    expect(b.replica.outward.served(b.replica.version).has(actor)).toBe(true)
  })

  it('comes back from a snapshot, with what it keeps off', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    meet(a, b)
    const end = b.replica.history.endOf(a.replica.actor)
    a.do((d) => d.t.insert(4, 'ment'))
    meet(a, b)
    const author = cut(b, a, end)
    const loaded = new Replica({ docTag, actor: b.replica.actor, now: () => 0 })
    loaded.load(b.replica.snapshot())
    expect(loaded.value).toEqual(b.value)
    expect(loaded.snapshot()).toEqual(b.replica.snapshot())
    const back = new Side('d')
    back.replica.load(b.replica.snapshot())
    back.mirror = back.value
    a.do((d) => d.t.insert(8, '!'))
    meet(a, b, back)
    uncut(back, author)
    same(a, b, back)
    expect(a.value.t).toBe('basement!')
  })

  it('shows what was, at versions with it and without it', () => {
    const { a, b } = two()
    a.do((d) => (d.n = 1))
    meet(a, b)
    const end = b.replica.history.endOf(a.replica.actor)
    a.do((d) => {
      d.t.insert(4, 'ment')
      d.n = 2
    })
    meet(a, b)
    const { document, history } = b.replica
    const before = [...history.graph.frontier]
    const { value } = b
    const author = cut(b, a, end)
    const cutOff = [...history.graph.frontier]
    const { value: without } = b
    uncut(b, author)
    expect(document.at(before)).toEqual(value)
    expect(document.at(cutOff)).toEqual(without)
    expect(document.at(history.graph.frontier)).toEqual(value)
  })
})

function initOf(side: Side) {
  return side.made.filter(
    ({ signature, fromSeq, actor }) => fromSeq === 0 && signature.length === 0 && actor.startsWith('00'),
  )
}

/** Which op of the init change makes the text. */
function textSeq({ replica }: Side): number {
  const container = replica.document.containerAt(['t'])
  return replica.history.graph.seqAt(container?.maker ?? -1)
}
