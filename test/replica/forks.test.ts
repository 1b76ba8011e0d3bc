// Who writes under one name from two copies (FORMAT §1): what comes of it on every peer, however it is heard of. Drawn histories are fuzzed (kind 'forks').

import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../src/base/bytes.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { createDoc, openDoc, text } from '../../src/doc.ts'
import { recordCut } from '../../src/replica/cut.ts'
import { changesOf } from '../../src/replica/past.ts'
import { Replica } from '../../src/replica/replica.ts'
import { decodeBranches } from '../../src/replica/snapshot-branches.ts'
import { pack } from '../../src/replica/snapshot-columns.ts'
import { type Forged, Forger } from './forger.ts'
import { docTag, heldAt, meet, Side } from './notation.ts'

/** One who wrote 'so', and two lives of it after that: with what each made, and what both had. */
function lives(): { one: Side; other: Side; before: SignedRange[] } {
  const one = new Side('x')
  const before = one.do((d) => (d.t = text('so')))
  const other = new Side('x')
  other.take(before, 'store')
  one.do((d) => d.t.append(' left'))
  other.do((d) => d.t.insert(0, 'right '))
  return { one, other, before }
}

interface Life {
  readonly forger: Forger
  readonly first: SignedRange
}

function same(...sides: readonly Side[]): void {
  const [first] = sides as [Side]
  for (const { replica, mirror } of sides) {
    replica.check()
    expect(mirror).toEqual(replica.value)
    expect(replica.value).toEqual(first.value)
    // Invariant 6.
    expect(replica.snapshot()).toEqual(first.replica.snapshot())
    expect(replica.outward.digest(replica.version)).toEqual(first.replica.outward.digest(first.replica.version))
  }
}

describe('two lives of one actor', () => {
  it('are both there, to the byte, whoever is heard of first, and it is said of whom', () => {
    const { one, other, before } = lives()
    const [b, c] = [new Side('b'), new Side('c')]
    expect(b.take([...before, ...one.made, ...other.made]).forked).toEqual([one.replica.actor])
    expect(c.take([...other.made, ...before, ...one.made]).forked).toEqual([one.replica.actor])
    meet(one, other)
    expect(b.value).toEqual({ t: 'right so left' })
    same(b, c, one, other)
    expect(b.replica.outward.forkedActors).toEqual([one.replica.actor])
  })

  it.each(['sync', 'store'] as const)(
    'are both there where one is in a snapshot of which nobody has had to read the history (%s)',
    (origin) => {
      const { one, other, before } = lives()
      const b = new Side('b')
      b.take([...before, ...one.made])
      const loaded = new Replica({ docTag, actor: b.replica.actor, now: () => 0 })
      loaded.load(b.replica.snapshot())
      // From where the two part, and all of it.
      const whole = other.replica.outward.rangesSince(new Map(), other.replica.version, 2 ** 20, 'any').ranges
      expect(loaded.receive(origin === 'sync' ? other.made : whole, { origin }).refused).toEqual([])
      b.take([...other.made])
      expect(loaded.snapshot()).toEqual(b.replica.snapshot())
      expect(loaded.value).toEqual({ t: 'right so left' })
    },
  )

  it('go on, each by itself, until they hear of one another', () => {
    const { one, other } = lives()
    const b = new Side('b')
    b.take([...one.made, ...other.made])
    for (let i = 0; i < 300; i++) {
      b.take(one.do((d) => d.t.append('l')))
      b.take(other.do((d) => d.t.insert(0, 'r')))
    }
    meet(one, other, b)
    expect(b.value.t.length).toBe('right so left'.length + 600)
    same(one, other, b)
    // Where it wrote, it knows which of the two it is; where it was loaded, it cannot.
    one.do((d) => d.t.append('!'))
    const loaded = new Replica({ docTag, actor: one.replica.actor, now: () => 0 })
    loaded.load(one.replica.snapshot())
    expect(() => loaded.change((d) => (d as { n: number }).n++)).toThrow('different ops under one name')
  })

  it.each(['x', 'xyz'])(
    'are built upon where one is not heard of yet: refused, without calling the author a liar (%s)',
    (typed) => {
      const { before, one } = lives()
      const other = new Side('x')
      other.take(before, 'store')
      for (const char of typed) other.do((d) => d.t.append(char))
      const [a, b] = [new Side('a'), new Side('b')]
      a.take([...before, ...other.made])
      const upon = a.do((d) => d.t.append(' a'))
      b.take([...before, ...one.made])
      // As if an op of the first life was meant, which is in the middle of a change.
      const early = b.replica.receive(upon, { origin: 'sync' })
      expect(early.refused.map(({ error }) => [error.code, error.details])).toEqual([
        ['bad-message', { unlessForked: true }],
      ])
      expect(b.take([...other.made, ...upon]).refused).toEqual([])
      meet(one, other, a, b)
      same(one, other, a, b)
    },
  )

  it('are built upon by those who know of one and by those who know of both', () => {
    const { one, other, before } = lives()
    const [a, b, c] = [new Side('a'), new Side('b'), new Side('c')]
    a.take([...before, ...one.made])
    b.take([...before, ...other.made])
    const upon = [...a.do((d) => d.t.append(' a')), ...b.do((d) => d.t.insert(0, 'b '))]
    // What says no more than the actor is tried, and its chain tells which life was meant.
    for (const order of [upon, upon.toReversed()]) {
      const side = new Side('z')
      side.take([...one.made, ...other.made, ...order])
      expect(side.value).toEqual({ t: 'b right so left a' })
    }
    meet(a, b, c)
    c.do((d) => (d.list = ['seen both']))
    meet(a, b, c)
    same(a, b, c)
  })

  it('may have a third beside them, which goes on from either', () => {
    const x = new Side('x')
    const before = x.do((d) => (d.a = 0))
    const life = (made: readonly SignedRange[], ...keys: string[]): Side => {
      const side = new Side('x')
      side.take(made, 'store')
      for (const key of keys) side.do((d) => (d[key] = side.made.length))
      return side
    }
    // One op a change, so that all have ends where the third begins.
    const [one, other] = [life(before, 'b', 'c', 'd'), life(before, 'e', 'f', 'g')]
    const thirds = [one, other].map((from) => life([...before, ...from.made.slice(0, 1)], 'h', 'i'))
    const sides = [new Side('p'), new Side('q')]
    const made = [...one.made, ...other.made, ...thirds.flatMap((third) => third.made)]
    sides[0]?.take([...before, ...made])
    sides[1]?.take([...before, ...other.made, ...one.made, ...thirds.toReversed().flatMap((third) => third.made)])
    expect(Object.keys(sides[0]?.value).sort().join('')).toBe('abcdefghi')
    same(...sides)
  })

  it('wait for their beginning like anything that came too early', () => {
    const { one, other } = lives()
    const b = new Side('b')
    b.take([...one.made])
    const late = [other.do((d) => (d.n = 1)), other.do((d) => (d.n = 2))].flat()
    const first = other.made[0] as SignedRange
    b.take([first])
    b.take(late.toReversed())
    expect(b.value).toEqual({ t: 'right so left', n: 2 })
    expect(b.replica.pending.ops).toBe(0)
  })

  it('are not written on by one who wrote as somebody else', () => {
    const { one, other, before } = lives()
    const b = new Side('b')
    b.take([...before, ...one.made, ...other.made])
    b.do((d) => (d.n = 1))
    b.replica.setActor(one.replica.actor)
    expect(() => b.do((d) => (d.n = 2))).toThrow('different ops under one name')
  })

  it('are revoked by an op that is the same on every peer, in whose rows ever the ops that several lives share stand', () => {
    const one = new Side('x')
    const first = one.do((d) => (d.t = text('so')))
    const shared = one.do((d) => d.t.append(' and'))
    const left = one.do((d) => d.t.append(' left'))
    const tip = first[0]?.endSeq ?? 0
    // Lives of either order by their hashes.
    for (let n = 0; n < 12; n++) {
      const copy = new Side('x')
      copy.take([...first, ...shared], 'store')
      const right = copy.do((d) => d.t.insert(0, `right ${n}`))
      const lone = new Side('x')
      lone.take(first, 'store')
      const alone = lone.do((d) => d.t.insert(0, `alone and for itself ${n}`))
      const all = [...first, ...shared, ...left, ...right, ...alone]
      const b = new Side('b')
      b.take(all)
      const { length } = b.replica.history.graph
      const { held } = b.replica.record(() => b.replica.document.recorder.revoke(1, [tip, length]))
      const sides = [all, [...first, ...alone, ...shared, ...right, ...left]].map((order) => {
        const side = new Side('c')
        expect(side.take([...order, ...held]).refused).toEqual([])
        return side
      })
      expect(sides[0]?.value).toEqual({ t: 'so' })
      same(...sides)
    }
  })

  it('are each cut off by a cut behind what they share', () => {
    const { one, other, before } = lives()
    const cut = recordCut(one.replica.history, one.replica.actor, (before[0] as SignedRange).endSeq - 1)
    for (const order of [
      [cut, ...one.made, ...other.made],
      [...other.made, ...one.made, cut],
    ]) {
      const side = new Side('b')
      side.take([...before, ...order])
      expect(side.value).toEqual({ t: 'so' })
      side.replica.check()
    }
  })

  it('are named apart in what others are told: a chain that is not here is not held here', () => {
    const { one, other } = lives()
    one.do((d) => d.t.append(', which is longer'))
    const theirs = one.replica.outward.understood(other.replica.outward.stated(other.replica.version))
    expect([...theirs.keys()].filter((id) => one.replica.version.has(id))).toEqual([])
    meet(one, other)
    expect(new Map(heldAt(one, other))).toEqual(new Map(one.replica.version))
  })

  it('say when they were written, loaded or not', () => {
    const now = () => 100_000
    const one = new Side('x', now)
    const before = one.do((d) => (d.t = text('so')))
    const other = new Side('x', now)
    other.take(before, 'store')
    one.do((d) => d.t.append(' left'))
    other.do((d) => d.t.insert(0, 'right '))
    const b = new Side('b')
    b.take([...one.made, ...other.made])
    const loaded = new Replica({ docTag, actor: b.replica.actor, now })
    loaded.load(b.replica.snapshot())
    for (const replica of [b.replica, loaded])
      expect(changesOf(replica.history, replica.awake(), {}).map(({ time }) => time)).toEqual([
        100_000, 100_000, 100_000,
      ])
  })

  it('that are on no side of it wait, and cost no more than that', () => {
    const [known, long, strange] = ['one', 'two', 'three'].map((value) => {
      const forger = new Forger('h')
      return { forger, first: forger.write([{ type: 'set', key: 'life', value }]) }
    }) as [Life, Life, Life]
    const b = new Side('b')
    b.take([known.first, long.first])
    const write = ({ forger }: Life, key: string): SignedRange[] =>
      Array.from({ length: 300 }, (_, n) => forger.write([{ type: 'set', key, value: n }]))
    const late = write(strange, 's')
    b.take(late)
    // Each of these is the newest of its actor: what waits is not tried anew with every one of them, which would take half a minute.
    const start = performance.now()
    for (const range of write(long, 'l')) b.take([range])
    expect(performance.now() - start).toBeLessThan(8_000)
    expect(b.replica.pending.ops).toBe(300)
    b.take([strange.first])
    expect(b.replica.pending.ops).toBe(0)
    expect(b.replica.history.endOf(known.forger.name)).toBe(301)
    expect(b.value).toMatchObject({ s: 299, l: 299 })
  })

  it('are no more in a snapshot than are taken from others', () => {
    const of = (count: number): Uint8Array => {
      const [table, times] = [new ByteWriter().varint(count), new ByteWriter()]
      for (let i = 0; i < count; i++) {
        table.varint(2 + (i === 0 ? 0 : 1)).u8(5)
        if (i > 0) table.varint(0).varint(0)
        table.varint(1).u8(11).varint(0).varint(0)
        times.varint(0)
      }
      return pack(table, times)
    }
    expect(decodeBranches(of(64))).toHaveLength(64)
    // Each of them is compared with all others: many thousands would take minutes.
    expect(() => decodeBranches(of(65))).toThrow('an actor has 65 branches')
  })

  it('are looked for upon each of them only while that is cheap', () => {
    const all = Array.from({ length: 61 }, (_, n) => {
      const forger = new Forger('h')
      return { forger, first: forger.write([{ type: 'set', key: `k${n}`, value: n }]) }
    })
    const [strange, ...known] = all as [Life, ...Life[]]
    const b = new Side('b')
    b.take(known.map(({ first }) => first))
    for (const { forger } of known)
      expect(b.take([forger.write([{ type: 'set', key: 'small', value: 1 }])]).held).toHaveLength(1)
    strange.forger.write([{ type: 'make', key: 'log', make: 'log', gen: 0 }])
    const at = strange.forger.own(1)
    const values = Array.from({ length: 100_000 }, (_, n): Forged => ({ type: 'append', value: `value ${n}`, at }))
    strange.forger.write(values)
    const late = strange.forger.range(1, strange.forger.seq)
    const start = performance.now()
    b.take([late])
    const altered = strange.forger.range(0, strange.forger.seq)
    b.take([{ ...altered, tipHash: new Uint8Array(32).fill(1) }])
    // Entered sixty times, that would be a minute and more.
    expect(performance.now() - start).toBeLessThan(10_000)
    b.take([strange.first])
    expect(b.value.log).toHaveLength(100_000)
  })

  it('may be many, but not without end', () => {
    const b = new Side('b')
    const write = (n: number): SignedRange => new Forger('h').write([{ type: 'set', key: `k${n}`, value: n }])
    const received = b.take(Array.from({ length: 70 }, (_, n) => write(n)))
    expect(Object.keys(b.value)).toHaveLength(64)
    expect(new Set(received.refused.map(({ error }) => error.code))).toEqual(new Set(['limit']))
  })
})

describe('documents without a network', () => {
  it('take both lives of an actor from whoever has both, and name them apart in their version', () => {
    const make = (word: string) => {
      const doc = createDoc<{ words: string[] }>({ actor: Uint8Array.of(7) })
      doc.change((d) => (d.words = [word]))
      return doc
    }
    const [one, other] = [make('one'), make('other')]
    const both = createDoc<{ words: string[] }>()
    both.receive(one.delta())
    expect(both.receive(other.delta()).forked).toEqual([one.actor])
    const copy = createDoc<{ words: string[] }>()
    for (let bytes = both.delta(); bytes.length > 0; bytes = both.delta(copy.version)) copy.receive(bytes)
    expect(copy.value).toEqual(both.value)
    expect(copy.snapshot()).toEqual(both.snapshot())
    expect(copy.at(both.version).value).toEqual(both.value)
    expect([...both.version.keys()].map((id) => id.split('.')[0])).toEqual(['07', '07'])
    // Somebody who has one life hears of the other, by a session too.
    one.receive(both.delta(one.version))
    expect(one.value).toEqual(both.value)
    const there = other.session(both.version)
    const here = both.session(other.version)
    there.receive(here.send())
    expect(other.value).toEqual(both.value)
  })

  it('take both lives of a member, each with a salt of its own, from whoever has both', () => {
    let salt = 0
    const random = { bytes: (n: number) => new Uint8Array(n).fill(++salt), unit: () => 0 }
    const make = (word: string) => {
      const doc = createDoc<{ words: string[] }>({ actor: new Uint8Array(37).fill(1), random })
      doc.change((d) => (d.words = [word]))
      return doc
    }
    const [one, other] = [make('one'), make('other')]
    const both = createDoc<{ words: string[] }>()
    both.receive(one.delta())
    both.receive(other.delta())
    const copies = [createDoc<{ words: string[] }>(), one, other]
    for (const copy of copies) {
      copy.receive(both.delta())
      expect(copy.snapshot()).toEqual(both.snapshot())
    }
  })

  it('do not guess which life an edit goes on from that does not say it', () => {
    for (const which of [0, 1]) {
      const lives = ['one', 'other'].map((word) => {
        const doc = createDoc<{ word: string; more?: string }>({ actor: Uint8Array.of(7) })
        doc.change((d) => (d.word = word))
        return doc
      })
      const life = lives[which] as (typeof lives)[0]
      const both = createDoc<{ word: string; more?: string }>()
      for (const one of lives) both.receive(one.delta())
      const known = both.version
      const deltas: Uint8Array[] = []
      const off = life.on('delta', (delta) => deltas.push(delta))
      life.change((d) => (d.more = `of ${d.word}`))
      off()
      expect(() => both.receive(deltas[0] as Uint8Array)).toThrow('different ops under one name')
      const there = life.session(both.version)
      const here = both.session(life.version)
      expect(() => here.receive(there.send())).toThrow('different ops under one name')
      expect(both.version).toEqual(known)
      // From the start, it is seen which life it is.
      both.receive(life.delta())
      expect(both.value.more).toBe(`of ${life.value.word}`)
      expect(both.snapshot()).toEqual(openDoc(both.snapshot()).snapshot())
    }
  })

  it('see the other life in what comes from the start, loaded and not yet read though they be', () => {
    const make = (word: string, n: number) => {
      const doc = createDoc<{ words: string[] }>({ actor: Uint8Array.of(7) })
      doc.change((d) => (d.words = [word]))
      for (let i = 0; i < n; i++) doc.change((d) => d.words.push(word))
      return doc
    }
    const other = make('other', 3)
    for (const n of [1, 3, 5]) {
      const one = make('one', n)
      const loaded = openDoc<{ words: string[] }>(one.snapshot())
      loaded.receive(other.delta())
      one.receive(other.delta())
      expect(loaded.value).toEqual(one.value)
      expect(loaded.snapshot()).toEqual(one.snapshot())
    }
  })

  it('say in a session which life goes on, once they heard that there are two', () => {
    const make = (word: string) => {
      const doc = createDoc<{ words: string[] }>({ actor: Uint8Array.of(7) })
      doc.change((d) => (d.words = [word]))
      return doc
    }
    const [one, other] = [make('one'), make('other')]
    const copy = createDoc<{ words: string[] }>()
    copy.receive(one.delta())
    const there = one.session(copy.version)
    const here = copy.session(one.version)
    one.change((d) => d.words.push('goes'))
    here.receive(there.send())
    copy.receive(other.delta())
    there.receive(here.send())
    one.change((d) => d.words.push('on'))
    here.receive(there.send())
    expect(copy.value).toEqual(one.value)
    expect(copy.snapshot()).toEqual(one.snapshot())
  })

  it('refuse what contradicts them and does not say what it goes on from', () => {
    const one = createDoc<{ n: number }>({ actor: Uint8Array.of(7) })
    const other = createDoc<{ n: number }>({ actor: Uint8Array.of(7) })
    const deltas: Uint8Array[] = []
    other.on('delta', (delta) => deltas.push(delta))
    for (let n = 0; n < 4; n++) {
      one.change((d) => (d.n = n))
      other.change((d) => (d.n = -n))
    }
    expect(() => one.receive(deltas[2] as Uint8Array)).toThrow('different ops under one name')
  })
})
