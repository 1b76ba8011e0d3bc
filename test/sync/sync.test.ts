import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { forkedBranch, memberActor } from '../../src/core/ids.ts'
import { Pulls } from '../../src/peer/pulls.ts'
import { decodeGossip, encodeGossip } from '../../src/sync/gossip.ts'
import { docKey, Holdings, type Understanding } from '../../src/sync/holdings.ts'
import { Inventory } from '../../src/sync/inventory.ts'
import { decodeMessage, type Entry, encodeMessage, type Message } from '../../src/sync/messages.ts'
import { Trickle } from '../../src/sync/trickle.ts'

const random = seededRandom(11)
const a = memberActor(fromHex('0a'.repeat(32)), 0)
const b = memberActor(fromHex('0b'.repeat(32)), 3)
const document = { name: 'groceries', generation: 2 }
const range = {
  actor: a,
  fromSeq: 3,
  endSeq: 5,
  body: fromHex('0102'),
  tipHash: fromHex('cc'.repeat(32)),
  signature: fromHex('dd'.repeat(64)),
}

const tag = new Uint8Array(8).fill(7)
const messages: readonly Message[] = [
  {
    type: 'who',
    device: random.bytes(32),
    signature: random.bytes(64),
    name: 'Ada',
    incarnation: random.bytes(16),
    durable: true,
    book: 77,
  },
  {
    type: 'state',
    root: random.bytes(32),
    documents: 3,
    entries: [
      {
        document,
        version: new Map([
          [forkedBranch(a, 4, tag), 4],
          [forkedBranch(b, 9, tag), 9],
        ]),
      },
    ],
  },
  { type: 'pull', id: 7, document, since: new Map([[forkedBranch(a, 4, tag), 4]]) },
  { type: 'delta', id: 7, more: true, ops: 2, ranges: [range] },
  { type: 'news', records: [random.bytes(5), random.bytes(6)] },
  { type: 'ping' },
  { type: 'pong' },
  { type: 'bye', reason: 'paused' },
  { type: 'symbols', stamp: 300, bytes: random.bytes(40) },
  { type: 'ask', stamp: 300, from: 48, count: 100 },
  {
    type: 'tell',
    more: false,
    all: true,
    pulls: 1,
    firstId: 9,
    entries: [
      { document, version: new Map([[forkedBranch(a, 4, tag), 4]]) },
      { document: { name: 'notes', generation: 0 }, version: new Map([[forkedBranch(b, 1, tag), 1]]) },
    ],
  },
  {
    type: 'tell',
    more: false,
    all: false,
    pulls: 0,
    firstId: 0,
    entries: [],
    lacking: [{ high: 1, low: 0xffffffff }],
  },
  { type: 'none', ids: [1, 300] },
  { type: 'ranges', isAnswer: true, bytes: random.bytes(30) },
]

describe('messages', () => {
  test.each(messages)('a $type read back is what was written', (message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  test.each(messages)(
    'a $type cut short, lengthened, or with any bit flipped gives a message or a typed error',
    (message) => {
      const bytes = encodeMessage(message)
      const damaged = [...Array(bytes.length).keys()].map((end) => bytes.subarray(0, end))
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Uint8Array.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        damaged.push(flipped)
      }
      for (const input of damaged) {
        try {
          decodeMessage(input)
        } catch (error) {
          expect(isJoineryError(error, 'bad-message'), String(error)).toBe(true)
        }
      }
      expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow()
    },
  )

  test('counts that lie make nothing', () => {
    expect(() => decodeMessage(Uint8Array.of(4, 0xff, 0xff, 0xff, 0xff, 0x0f))).toThrow()
  })

  test('golden bytes of version 1', () => {
    const version = new Map([
      [forkedBranch(a, 300, tag), 300],
      [forkedBranch(b, 1, tag), 1],
    ])
    const tell = {
      type: 'tell',
      more: true,
      all: false,
      pulls: 1,
      firstId: 2,
      entries: [{ document, version }],
    } as const
    expect(toHex(encodeMessage(tell))).toBe(
      `0a01010202${'25'}01${'0a'.repeat(32)}00000000${'25'}01${'0b'.repeat(32)}00000003010967726f636572696573020200ac02${'07'.repeat(8)}0101${'07'.repeat(8)}`,
    )
    expect(toHex(encodeMessage({ type: 'ask', stamp: 1, from: 48, count: 300 }))).toBe('090130ac02')
    expect(toHex(encodeMessage({ type: 'none', ids: [3, 4] }))).toBe('0b020304')
    expect(toHex(encodeMessage({ type: 'ranges', isAnswer: false, bytes: fromHex('0000') }))).toBe('0c00020000')
    expect(toHex(encodeMessage({ type: 'symbols', stamp: 5, bytes: fromHex('000000') }))).toBe('080503000000')
    expect(
      toHex(encodeMessage({ type: 'pull', id: 1, document, since: new Map([[forkedBranch(a, 300, tag), 300]]) })),
    ).toBe(`02010967726f6365726965730201${`25`}01${'0a'.repeat(32)}00000000ac02${'07'.repeat(8)}`)
  })
})

describe('gossip', () => {
  test('a small delta travels whole, a large one is announced', () => {
    const version = new Map([[forkedBranch(a, 5, tag), 5]])
    expect(decodeGossip(encodeGossip(document, [range], version))).toEqual({ type: 'delta', document, ranges: [range] })
    const large = { ...range, body: new Uint8Array(20_000) }
    expect(decodeGossip(encodeGossip(document, [large], version))).toEqual({ type: 'announce', document, version })
  })
})

describe('the inventory', () => {
  test('its root does not depend on the order of what is added, and forgets what is taken out', () => {
    const [x, y] = [new Uint8Array(32).fill(0xaa), new Uint8Array(32).fill(0xbb)]
    const digest = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
    const one = new Inventory(new Uint8Array(16))
    const two = new Inventory(new Uint8Array(16))
    const empty = toHex(one.root)
    one.set('x', x, digest(1))
    one.set('y', y, digest(2))
    two.set('y', y, digest(3))
    two.set('x', x, digest(1))
    expect(toHex(one.root)).not.toBe(toHex(two.root))
    two.set('y', y, digest(2))
    expect(toHex(one.root)).toBe(toHex(two.root))
    expect(two.count).toBe(2)
    one.set('x', x, undefined)
    one.set('y', y, undefined)
    expect(toHex(one.root)).toBe(empty)
    one.coded.check()
  })
})

describe('trickle', () => {
  test('intervals double up to the maximum, and begin anew after a reset', () => {
    const trickle = new Trickle({ minMs: 1000, maxMs: 8000, redundancy: 2 }, seededRandom(1))
    const within = (minMs: number, maxMs: number): void => {
      const delayMs = trickle.next()
      expect(delayMs).toBeGreaterThanOrEqual(minMs)
      expect(delayMs).toBeLessThan(maxMs)
    }
    within(500, 1000)
    within(1000, 2000)
    within(2000, 4000)
    within(4000, 8000)
    within(4000, 8000)
    trickle.reset()
    within(500, 1000)
  })

  test('what was said twice in an interval is not said again', () => {
    const trickle = new Trickle({ minMs: 1000, maxMs: 8000, redundancy: 2 }, seededRandom(1))
    trickle.next()
    expect(trickle.speaks).toBe(true)
    trickle.consistent()
    trickle.consistent()
    expect(trickle.speaks).toBe(false)
  })
})

/** As in a world without forks. */
const plain: Understanding = { revision: () => 0, understood: (_, stated) => stated, seen: (_, stated) => stated }

describe('pulls', () => {
  const source = (version: [typeof a, number][], direct = true): { holdings: Holdings; direct: boolean } => {
    const holdings = new Holdings(plain)
    holdings.take([{ document, version: new Map(version) }])
    return { holdings, direct }
  }

  test('a document is asked of one member at a time, of a direct one if there is one', () => {
    const [relayed, direct] = [source([[a, 5]], false), source([[a, 5]])]
    const pulls = new Pulls<typeof direct>()
    expect(pulls.choose(document, 'k', new Map(), [relayed, direct])).toBe(direct)
    pulls.start('k', direct, 'news', 0)
    expect(pulls.choose(document, 'k', new Map(), [relayed, direct])).toBeUndefined()
    expect(pulls.choose(document, 'other', new Map([[a, 5]]), [relayed, direct])).toBeUndefined()
  })

  test('a member that promised and gave nothing is not asked again until it promises more; another one is', () => {
    const [liar, honest] = [source([[a, 5]]), source([[a, 5]], false)]
    const pulls = new Pulls<typeof liar>()
    pulls.start('k', liar, 'news', 0)
    pulls.finish(document, 'k', new Map())
    expect(pulls.choose(document, 'k', new Map(), [liar, honest])).toBe(honest)
    expect(pulls.choose(document, 'k', new Map(), [liar])).toBeUndefined()
    liar.holdings.take([{ document, version: new Map([[a, 6]]) }])
    expect(pulls.choose(document, 'k', new Map(), [liar])).toBe(liar)
  })

  test('a member that passed on what it does not hold, and gave nothing, is asked again once it says that it holds it', () => {
    const forwarder = source([])
    forwarder.holdings.guess(document, new Map([[a, 5]]))
    const pulls = new Pulls<typeof forwarder>()
    expect(pulls.choose(document, 'k', new Map(), [forwarder])).toBe(forwarder)
    pulls.start('k', forwarder, 'gap', 0)
    pulls.finish(document, 'k', new Map())
    expect(pulls.choose(document, 'k', new Map(), [forwarder])).toBeUndefined()
    forwarder.holdings.take([{ document, version: new Map([[a, 5]]) }])
    expect(pulls.choose(document, 'k', new Map(), [forwarder])).toBe(forwarder)
  })

  test('a member is asked for so many documents at once, and for the next when it answered one', () => {
    const one = source([[a, 5]])
    const pulls = new Pulls<typeof one>()
    let asked = 0
    while (pulls.choose(document, `k${asked}`, new Map(), [one]) === one) pulls.start(`k${asked++}`, one, 'news', 0)
    expect(asked).toBe(32)
    expect(pulls.choose(document, 'next', new Map(), [one])).toBe('busy')
    pulls.progressed(one, 7)
    expect(pulls.stalled(7)).toEqual([])
    pulls.finish(document, 'k0', new Map([[a, 5]]))
    expect(pulls.choose(document, 'next', new Map(), [one])).toBe(one)
  })

  test('what makes no progress is found', () => {
    const slow = source([[a, 5]])
    const pulls = new Pulls<typeof slow>()
    pulls.start('k', slow, 'news', 100)
    expect(pulls.stalled(100)).toEqual([])
    expect(pulls.stalled(101)).toEqual([{ key: 'k', source: slow, reason: 'news' }])
    expect(pulls.drop(slow)).toEqual(['k'])
    expect(pulls.active).toBe(0)
  })
})

describe('holdings', () => {
  test('a full state withdraws what its giver no longer has', () => {
    const holdings = new Holdings(plain)
    holdings.take([{ document, version: new Map([[a, 5]]) }])
    expect(holdings.contains(document, new Map([[a, 5]]))).toBe(true)
    holdings.take([{ document, version: new Map([[a, 3]]) }])
    expect(holdings.contains(document, new Map([[a, 5]]))).toBe(false)
  })

  test('who agreed, was set back since and holds nothing any more of what it tells nothing of, is not said to hold it (Invariant 13)', () => {
    const five = new Map([[a, 5]])
    const ours = { versionOf: () => five }
    const asking = new Holdings(plain)
    asking.agree(ours)
    asking.meet()
    asking.asked(document, five)
    expect(asking.contains(document, five)).toBe(true)
    asking.asked(document, new Map([[a, 3]]))
    expect(asking.contains(document, five)).toBe(false)
    const differing = new Holdings(plain)
    differing.take([{ document, version: five }])
    differing.agree(ours)
    differing.meet()
    differing.agreeBut(new Set([docKey(document)]), ours, new Set())
    expect(differing.contains(document, five)).toBe(false)
    // What it told in this session stands.
    differing.take([{ document, version: five }])
    differing.agreeBut(new Set([docKey(document)]), ours, new Set())
    expect(differing.contains(document, five)).toBe(true)
  })

  test('more documents than a space holds, and as many that were deleted, are refused (Invariant 9)', () => {
    const holdings = new Holdings(plain)
    const version = new Map([[a, 1]])
    const entries = (from: number): Entry[] =>
      Array.from({ length: limits.documents }, (_, i) => ({
        document: { name: `${from + i}`, generation: 0 },
        version,
      }))
    holdings.take(entries(0))
    holdings.take(entries(limits.documents))
    expect(() => holdings.take(entries(2 * limits.documents))).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })
})
