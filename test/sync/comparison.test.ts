// Two inventories and what their owners say to one another until each knows what of its own the other lacks.

import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { encodeSymbols } from '../../src/reconcile.ts'
import { Comparison, type Step } from '../../src/sync/comparison.ts'
import { Inventory } from '../../src/sync/inventory.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/sync/messages.ts'

const key = new Uint8Array(16).fill(5)

class Side {
  readonly inventory = new Inventory(key)
  readonly comparison = new Comparison(this.inventory)
  differing: ReadonlySet<string> | 'all' | undefined
  lacking: Step['lacking']
  sent = 0
  messages = 0

  put(document: number, version: number): void {
    const tag = new Uint8Array(32)
    new DataView(tag.buffer).setUint32(0, document)
    this.inventory.set(`d${document}`, tag, new Uint8Array(32).fill(version))
  }

  take(message: Message): readonly Message[] {
    switch (message.type) {
      case 'ask':
        return [this.comparison.answer(message)]
      case 'symbols':
        return this.#step(this.comparison.takeSymbols(message))
      case 'ranges':
        return this.#step(this.comparison.takeRanges(message))
      default:
        throw new Error(`a ${message.type} is none of a comparison`)
    }
  }

  #step({ send, differing, lacking }: Step): readonly Message[] {
    this.differing = differing ?? this.differing
    this.lacking = lacking ?? this.lacking
    return send
  }
}

/** Two sides with `count` documents in common, and some of which one, or each, has a later version. */
function sides(count: number, laterA: number, laterB: number): { a: Side; b: Side; differing: Set<string> } {
  const [a, b] = [new Side(), new Side()]
  const differing = new Set<string>()
  for (let i = 0; i < count; i++) {
    a.put(i, i < laterA ? 2 : 1)
    b.put(i, i >= count - laterB ? 2 : 1)
    if (i < laterA || i >= count - laterB) differing.add(`d${i}`)
  }
  return { a, b, differing }
}

/** Delivers in bytes, in the order of sending, until nothing is under way; calls `between` before each delivery. Returns the round trips it took. */
function deliver(
  a: Side,
  b: Side,
  first: readonly [Side, Message][],
  between: (step: number) => void = () => {},
): number {
  let flying = [...first]
  let halves = 0
  for (let step = 0; flying.length > 0; halves++) {
    const landed = flying
    flying = []
    for (const [from, message] of landed) {
      between(step++)
      const bytes = encodeMessage(message)
      from.sent += bytes.length
      from.messages++
      const to = from === a ? b : a
      for (const reply of to.take(decodeMessage(bytes))) flying.push([to, reply])
      if (step > 500) throw new Error('it does not end')
    }
  }
  return halves / 2
}

const open = (side: Side, expected?: number): [Side, Message] => [side, side.comparison.open(expected)]

test.each([
  [1000, 10, 0],
  [1000, 3, 4],
  [5000, 200, 150],
  [20_000, 0, 1],
  [8000, 2000, 0],
])('of %i documents, %i later here and %i there: each side knows which', (count, laterA, laterB) => {
  const { a, b, differing } = sides(count, laterA, laterB)
  deliver(a, b, [open(a), open(b)])
  expect(a.differing).toEqual(differing)
  expect(b.differing).toEqual(differing)
})

test('ten of 20,000 documents take half a round trip and less than 700 bytes each way', () => {
  for (let run = 0; run < 3; run++) {
    const { a, b, differing } = sides(20_000 - run, 10, 0)
    const roundTrips = deliver(a, b, [open(a, 20), open(b, 20)])
    expect([a.differing, b.differing]).toEqual([differing, differing])
    expect(roundTrips).toBeLessThanOrEqual(1.5)
    expect(Math.max(a.sent, b.sent)).toBeLessThan(1_200)
  }
})

test('where one side knows that it changed, its symbols and the ids that the other lacks of them say it all', () => {
  for (const [laterA, laterB] of [
    [10, 0],
    [4, 3],
    [0, 2],
    [300, 20],
  ] as const) {
    const { a, b, differing } = sides(3_000, laterA, laterB)
    b.comparison.welcome()
    deliver(a, b, [open(a, 2 * (laterA + laterB))])
    expect(b.differing).toEqual(differing)
    expect(new Set(a.inventory.keysOf(b.lacking ?? []))).toEqual(differing)
    expect(b.sent).toBe(laterA + laterB < 20 ? 0 : b.sent)
  }
})

test('of more than can be named, symbols of both sides tell', () => {
  const { a, b, differing } = sides(8_000, 2_500, 0)
  b.comparison.welcome()
  deliver(a, b, [open(a, 5_000)])
  expect([a.differing, b.differing]).toEqual([differing, differing])
  expect(b.lacking).toBeUndefined()
})

test('documents that are on one side only are told, and few symbols are enough for few', () => {
  const { a, b } = sides(1000, 0, 0)
  for (let i = 1000; i < 1003; i++) a.put(i, 1)
  deliver(a, b, [open(a, 3), open(b)])
  expect(a.differing).toEqual(new Set(['d1000', 'd1001', 'd1002']))
  expect(b.differing).toEqual(new Set())
})

test('where nearly all differ, all is told instead', () => {
  const { a, b } = sides(3000, 3000, 0)
  deliver(a, b, [open(a), open(b)])
  expect([a.differing, b.differing]).toEqual(['all', 'all'])
})

test('what changes on both sides while they compare is known as well, or the next time', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seededRandom(seed)
    const { a, b } = sides(2000, 300, 100)
    let version = 3
    deliver(a, b, [open(a), open(b)], () => {
      for (const side of [a, b]) if (random.unit() < 0.7) side.put(Math.floor(random.unit() * 2000), version++ & 255)
    })
    for (const side of [a, b]) {
      if (!(side.differing instanceof Set)) throw new Error('nothing is known')
      expect(side.differing.size).toBeGreaterThanOrEqual(400)
    }
    deliver(a, b, [
      [a, a.comparison.ask()],
      [b, b.comparison.ask()],
    ])
    const expected = differingTwin(a, b)
    expect([a.differing, b.differing]).toEqual([expected, expected])
  }
})

/** Documents whose terms the other does not have. */
function differingTwin(a: Side, b: Side): Set<string> {
  const [x, y] = [a.inventory.terms(), b.inventory.terms()]
  const all = Array.from({ length: x.ids.length }, (_, i) => x.ids.at(i))
  return new Set(all.filter((term) => y.keyOf(term) === undefined).map((term) => x.keyOf(term) ?? ''))
}

test('ranges tell both sides, too', () => {
  const { a, b, differing } = sides(3000, 40, 7)
  deliver(a, b, [[a, a.comparison.askRanges()]])
  expect([a.differing, b.differing]).toEqual([differing, differing])
  expect([a.comparison.isOpen, b.comparison.isOpen]).toEqual([false, false])
  const equal = sides(1000, 0, 0)
  deliver(equal.a, equal.b, [[equal.a, equal.a.comparison.askRanges()]])
  expect([equal.a.differing, equal.b.differing]).toEqual([new Set(), new Set()])
  expect(equal.a.comparison.isOpen).toBe(false)
})

test('what changes while ranges go to and fro was not compared: it differs, whatever the answer says (Invariant 13)', () => {
  const { a, b } = sides(1000, 0, 0)
  deliver(a, b, [[a, a.comparison.askRanges()]], (step) => {
    // The question is on its way; then the answer is.
    if (step === 0) a.put(3, 2)
    if (step === 1) a.put(1001, 1)
  })
  expect([a.differing, b.differing]).toEqual([new Set(['d3', 'd1001']), new Set()])
})

test('symbols that contradict lead to ranges, which find all the same', () => {
  const { a, b, differing } = sides(2000, 5, 5)
  a.comparison.open(10)
  const lie = b.inventory.coded.symbols(0, 48)
  for (let i = 0; i < 48; i += 3) lie.lows[i] = (lie.lows[i] as number) ^ 1
  const [reply] = a.take({ type: 'symbols', stamp: 1, bytes: encodeSymbols(lie) })
  expect(reply?.type === 'ask' || reply?.type === 'ranges').toBe(true)
  if (reply === undefined) return
  deliver(a, b, [[a, reply]])
  // If it asked for more first, contradictions come out then.
  expect(a.differing).toEqual(differing)
})

test('moments that never become enough, symbols without a beginning, and none at all are refused', () => {
  const { a, b } = sides(5000, 50, 0)
  a.comparison.open(undefined)
  const symbols = (stamp: number, from: number, end: number): Message => ({
    type: 'symbols',
    stamp,
    bytes: encodeSymbols(b.inventory.coded.symbols(from, end)),
  })
  expect(() => a.take(symbols(1, 5, 9))).toThrow(expect.objectContaining({ code: 'bad-message' }))
  expect(() => a.take(symbols(1, 0, 0))).toThrow(expect.objectContaining({ code: 'bad-message' }))
  const endless = (): void => {
    for (let stamp = 2; stamp < 100; stamp++) a.take(symbols(stamp, 0, 8))
  }
  expect(endless).toThrow(expect.objectContaining({ code: 'bad-message' }))
  // What nobody asked for is no harm.
  expect(b.take(symbols(1, 0, 8))).toEqual([])
})
