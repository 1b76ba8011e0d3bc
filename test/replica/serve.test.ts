// What leaves a replica: signed, at or below the durable frontier, parents first, cut small.

import { describe, expect, it } from 'vitest'
import { actorId, memberActor } from '../../src/core/ids.ts'
import type { Version } from '../../src/core/version.ts'
import { text } from '../../src/crdt/constructors.ts'
import { Replica } from '../../src/replica/replica.ts'
import { docTag } from './notation.ts'

const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const signature = (n: number): Uint8Array => new Uint8Array(64).fill(n)

class Peer {
  readonly replica: Replica
  readonly actor
  constructor(n: number) {
    this.actor = memberActor(keyOf(n), 0)
    this.replica = new Replica({ docTag, actor: this.actor, now: () => 0 })
  }

  write(content: string): void {
    this.replica.change((d) => {
      d.t ??= text('')
      d.t.append(content)
    })
  }

  /** Signs all that is unsigned. */
  publish(): void {
    for (
      let part = this.replica.outward.unsigned(this.actor);
      part !== undefined;
      part = this.replica.outward.unsigned(this.actor)
    )
      this.replica.outward.sign(this.actor, part.endSeq, signature(1))
  }

  pull(from: Peer, maxBytes = 1e9, upTo: Version = from.replica.version): number {
    const { ranges } = from.replica.outward.rangesSince(this.replica.version, upTo, maxBytes)
    this.replica.receive(ranges, { origin: 'sync' })
    return ranges.length
  }
}

describe('what leaves', () => {
  it('ends at signed tips at or below the durable frontier (Invariant 8)', () => {
    const [a, b] = [new Peer(1), new Peer(2)]
    a.write('one')
    expect(a.replica.outward.unsigned(a.actor)).toMatchObject({ fromSeq: 0, endSeq: 4 })
    expect(b.pull(a)).toBe(0)
    a.publish()
    expect(a.replica.outward.unsigned(a.actor)).toBe(undefined)
    const durable = a.replica.version
    a.write('two')
    a.publish()
    a.write('three')
    expect(a.replica.outward.unsigned(a.actor)).toMatchObject({ fromSeq: 7, endSeq: 12 })
    b.pull(a, 1e9, durable)
    expect(b.replica.value).toEqual({ t: 'one' })
    expect(b.replica.outward.signedTip(a.actor)?.seq).toBe(4)
    b.pull(a)
    expect(b.replica.value).toEqual({ t: 'onetwo' })
    expect(a.replica.outward.served(a.replica.version)).toEqual(new Map([[a.actor, 7]]))
    expect(a.replica.outward.tip(a.actor)?.seq).toBe(12)
    expect(b.replica.outward.tip(a.actor)).toEqual(a.replica.outward.tip(a.actor, 7))
    expect(b.replica.outward.rangesSince(new Map(), b.replica.version, 1e9).ranges[0]?.signature).toEqual(signature(1))
  })

  it('comes in parts near a size, of which each can be merged when it comes', () => {
    const [a, b, c] = [new Peer(1), new Peer(2), new Peer(3)]
    for (let i = 0; i < 40; i++) {
      a.write('a')
      a.publish()
      b.pull(a)
      b.write('b')
      b.publish()
      a.pull(b)
    }
    let parts = 0
    for (let more = true; more; parts++) {
      const part = a.replica.outward.rangesSince(c.replica.version, a.replica.version, 400)
      more = part.more
      c.replica.receive(part.ranges, { origin: 'sync' })
      expect(c.replica.merged).toEqual(c.replica.version)
    }
    expect(parts).toBeGreaterThan(5)
    expect(c.replica.value).toEqual(a.replica.value)
    expect(c.replica.outward.digest(c.replica.version)).toEqual(a.replica.outward.digest(a.replica.version))
  })

  it('goes in few ranges where nothing stands between', () => {
    const [a, b] = [new Peer(1), new Peer(2)]
    for (let i = 0; i < 1000; i++) {
      a.write('a')
      a.publish()
    }
    expect(b.pull(a)).toBe(1)
    expect(b.replica.value).toEqual(a.replica.value)
  })

  it('has one digest for one content, whoever signed what', () => {
    const [a, b] = [new Peer(1), new Peer(2)]
    a.write('one')
    a.publish()
    expect(a.replica.outward.digest(a.replica.version)).not.toEqual(b.replica.outward.digest(b.replica.version))
    b.pull(a)
    expect(a.replica.outward.digest(a.replica.version)).toEqual(b.replica.outward.digest(b.replica.version))
    a.write('two')
    expect(a.replica.outward.digest(a.replica.version)).toEqual(b.replica.outward.digest(b.replica.version))
  })

  it('holds an init change only together with a signed op that builds on it', () => {
    const [a, b] = [new Peer(1), new Peer(2)]
    a.replica.init({ t: text('init ') })
    expect(a.replica.outward.served(a.replica.version).size).toBe(0)
    expect(a.replica.outward.digest(a.replica.version)).toEqual(b.replica.outward.digest(b.replica.version))
    expect(b.pull(a)).toBe(0)
    a.write('mine')
    expect(b.pull(a)).toBe(0)
    a.publish()
    expect(b.pull(a)).toBe(2)
    expect(b.replica.value).toEqual({ t: 'init mine' })
    expect(b.replica.merged).toEqual(a.replica.version)
  })

  it('keeps old tips sparsely, and everything can still be cut and served', () => {
    const [a, b] = [new Peer(1), new Peer(2)]
    for (let i = 0; i < 2000; i++) {
      a.write('ab')
      a.publish()
    }
    for (let more = true; more; ) {
      const part = a.replica.outward.rangesSince(b.replica.version, a.replica.version, 1000)
      more = part.more
      b.replica.receive(part.ranges, { origin: 'sync' })
    }
    expect(b.replica.value).toEqual(a.replica.value)
  })
})

describe('a snapshot', () => {
  it('brings everything back, signatures too (Invariant 10)', () => {
    const [a, b] = [new Peer(1), new Peer(2)]
    a.replica.init({ t: text('') })
    for (let i = 0; i < 20; i++) {
      a.write('a')
      a.publish()
    }
    a.write('unsigned')
    const received = b.replica.receive(Replica.ranges(a.replica.snapshot()), { origin: 'store' })
    expect(received.refused).toEqual([])
    expect(b.replica.value).toEqual(a.replica.value)
    expect(b.replica.snapshot()).toEqual(a.replica.snapshot())
    expect(b.replica.outward.signedTip(a.actor)).toEqual(a.replica.outward.signedTip(a.actor))
    expect(b.replica.outward.unsigned(a.actor)).toEqual(a.replica.outward.unsigned(a.actor))
    expect(b.replica.outward.digest(b.replica.version)).toEqual(a.replica.outward.digest(a.replica.version))
    const signedOnly = new Peer(3)
    signedOnly.pull(a)
    expect(signedOnly.replica.snapshot({ signatures: false })).not.toEqual(a.replica.snapshot({ signatures: false }))
  })

  it('of a newer joinery says so', () => {
    const bytes = new Peer(1).replica.snapshot()
    bytes[16] = 1
    expect(() => Replica.ranges(bytes)).toThrowError(expect.objectContaining({ code: 'store-newer' }))
    expect(() => Replica.ranges(bytes.subarray(1))).toThrowError(expect.objectContaining({ code: 'bad-message' }))
  })
})

it('a test actor is no member', () => {
  expect(() => new Replica({ docTag, actor: actorId(new Uint8Array(37)), now: () => 0 })).toThrowError(
    'self-certifying',
  )
})

describe('large changes', () => {
  it('are never joined into a range that no reader takes', () => {
    const a = new Peer(1)
    const big = 'x'.repeat(6 * 2 ** 20)
    for (let i = 0; i < 7; i++) a.replica.change((d) => (d[`k${i}`] = big))
    let parts = 0
    for (
      let part = a.replica.outward.unsigned(a.actor);
      part !== undefined;
      part = a.replica.outward.unsigned(a.actor)
    ) {
      a.replica.outward.sign(a.actor, part.endSeq, signature(1))
      parts++
    }
    expect(parts).toBe(7)
    for (const signatures of [true, false]) {
      const b = new Peer(2)
      b.replica.receive(Replica.ranges(a.replica.snapshot({ signatures })), { origin: 'store' })
      expect(b.replica.value).toEqual(a.replica.value)
    }
  })
})
