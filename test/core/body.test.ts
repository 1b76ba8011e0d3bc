// The bytes of changes: golden ones, and what a reader makes of bytes that nobody wrote.

import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Actors } from '../../src/core/actors.ts'
import { decodeBody, encodeBody } from '../../src/core/body.ts'
import { chainNext, chainStart, initActor } from '../../src/core/chain.ts'
import { actorId, memberActor, ownerOf } from '../../src/core/ids.ts'
import { type Change, Make, type Op, unitsOf } from '../../src/core/op.ts'
import { decodeRange, encodeRange, type SignedRange } from '../../src/core/range.ts'
import { decodeValue, encodeValue, Json, type Scalar } from '../../src/core/value.ts'
import { decodeVersion, encodeVersion } from '../../src/core/version.ts'
import { counter, json, set, text } from '../../src/crdt/constructors.ts'
import { decodeDelta, encodeDelta } from '../../src/replica/delta.ts'
import { Replica } from '../../src/replica/replica.ts'
import { docTag, meet, Side } from '../replica/notation.ts'

const actors = new Actors()
const self = actors.indexOf(actorId(Uint8Array.of(0xaa)))
const other = actors.indexOf(actorId(Uint8Array.of(0xbb, 0xbc)))
const ops: Op[] = [
  { type: 'set', at: undefined, key: 'note', value: new Make('text', 1) },
  { type: 'type', at: { actor: self, seq: 4 }, left: undefined, text: 'hé🙂' },
  {
    type: 'remove',
    at: { actor: self, seq: 4 },
    targets: [
      { actor: self, seq: 5, count: 2 },
      { actor: other, seq: 9, count: 1 },
    ],
  },
  {
    type: 'insert',
    at: { actor: other, seq: 3 },
    left: { actor: other, seq: 7 },
    values: [1, new Make('map', 0), 'x'],
  },
  { type: 'delete', at: undefined, key: 'gone' },
  { type: 'add', at: { actor: other, seq: 2 }, by: -5 },
  { type: 'include', at: { actor: other, seq: 1 }, value: null },
  { type: 'exclude', at: { actor: other, seq: 1 }, value: new Json(Object.freeze({ a: 1 })) },
  { type: 'meta' },
]
const count = ops.reduce((sum, op) => sum + unitsOf(op), 0)
const change: Change = {
  seq: 4,
  count,
  links: [{ actor: other, seq: 9 }],
  time: 1_700_000_000_000,
  message: 'why',
  ops,
}

describe('a body', () => {
  it('has these bytes in version 0', () => {
    expect(toHex(encodeBody([change], self, actors))).toMatchInlineSnapshot(
      `"0102bbbc0701010980d095ffbc3103776879090000046e6f7465120102020000000768c3a9f09f9982040102000302010901030201030101070303011000080178010004676f6e65050201020104060201010007010c0e010161030108"`,
    )
  })

  it('comes back as it went', () => {
    const second = { ...change, seq: change.seq + count, links: [], time: undefined, message: undefined }
    const body = encodeBody([change, second], self, actors)
    expect(decodeBody(body, self, 4, 4 + 2 * count, actors)).toEqual([change, second])
  })

  it('that ends elsewhere than its range is refused', () => {
    const body = encodeBody([change], self, actors)
    expect(() => decodeBody(body, self, 4, 4 + count + 1, actors)).toThrowError(
      expect.objectContaining({ code: 'bad-message' }),
    )
    expect(() => decodeBody(body, self, 4, 4 + count - 1, actors)).toThrowError(
      expect.objectContaining({ code: 'bad-message' }),
    )
  })

  it.each<[string, Change['links']]>([
    ['to its own actor', [{ actor: self, seq: 0 }]],
    [
      'twice to one actor',
      [
        { actor: other, seq: 0 },
        { actor: other, seq: 1 },
      ],
    ],
    [
      'more than 32',
      Array.from({ length: 33 }, (_, i) => ({ actor: actors.indexOf(actorId(Uint8Array.of(0xc0, i))), seq: 0 })),
    ],
    [
      'not in order',
      [
        { actor: actors.indexOf(actorId(Uint8Array.of(0xcc))), seq: 0 },
        { actor: other, seq: 0 },
      ],
    ],
  ])('with links %s is refused', (_name, links) => {
    const body = encodeBody([{ ...change, links }], self, actors)
    expect(() => decodeBody(body, self, 4, 4 + count, actors)).toThrowError(
      expect.objectContaining({ code: 'bad-message' }),
    )
  })

  it('with more ops than a change may have is refused before anything is made of it', () => {
    const target = { actor: self, seq: 0, count: 2 ** 20 }
    const big: Change = { ...change, ops: [{ type: 'remove', at: undefined, targets: [target, target] }] }
    const body = encodeBody([big], self, actors)
    expect(body.length).toBeLessThan(60)
    expect(() => decodeBody(body, self, 4, 4 + 2 ** 21, actors)).toThrowError(
      expect.objectContaining({ code: 'bad-message' }),
    )
  })
})

describe('the chain', () => {
  it('has these hashes in version 0', () => {
    const start = chainStart(new Uint8Array(32), actorId(Uint8Array.of(0xaa)))
    expect([
      toHex(start),
      toHex(chainNext(start, Uint8Array.of(1, 2, 3))),
      initActor(Uint8Array.of(1, 2, 3)),
    ]).toMatchInlineSnapshot(`
      [
        "32a855ddc33c0a87bf50079cff739cadce7cfa3c4eb026fa352e504cc39484b4",
        "4688c478ba52b002b7fe52a22e3b16ae6d6a6a725f43d0e37e9857a2905a3ff5",
        "0071765f349cbec92ed6f1392eb9c54802181eba55ad21583ebdcc901be9f4df3300000000",
      ]
    `)
  })
})

describe('an actor', () => {
  it('says whose it is', () => {
    const key = new Uint8Array(32).fill(9)
    expect(ownerOf(memberActor(key, 258))).toEqual({ kind: 1, publicKey: key, instance: 258 })
    expect(ownerOf(initActor(Uint8Array.of()))).toEqual({ kind: 0 })
    expect(ownerOf(actorId(Uint8Array.of(1)))).toEqual({ kind: 'test' })
    expect(() => actorId(new Uint8Array(65))).toThrowError(expect.objectContaining({ code: 'bad-message' }))
  })
})

describe('values', () => {
  const values: Scalar[] = [
    null,
    true,
    0,
    -1,
    -0,
    0.5,
    Number.NaN,
    2n ** 70n,
    -(2n ** 70n),
    0n,
    -1n,
    'é',
    Uint8Array.of(7),
    new Date(-1),
    new Json(Object.freeze([1, 'x'])),
  ]

  it('have one encoding each', () => {
    const keys = values.map((value) => {
      const writer = new ByteWriter()
      encodeValue(writer, value)
      const bytes = writer.finish()
      const reader = new ByteReader(bytes)
      expect(decodeValue(reader)).toEqual(value)
      reader.end()
      return toHex(bytes)
    })
    expect(new Set(keys).size).toBe(values.length)
  })

  it.each([
    '05ffffffffffffff',
    '053ff0000000000000',
    '0602002a',
    '0a8080808080808040',
    '0e0201620301610301',
    '10',
    '0d8080808080',
    '08ff',
  ])('are never %s', (hex) => {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    const read = (): void => {
      const reader = new ByteReader(bytes)
      decodeValue(reader)
      reader.end()
    }
    expect(read).toThrowError(expect.objectContaining({ code: 'bad-message' }))
  })
})

describe('a version', () => {
  it('comes back as it went, in one order', () => {
    const writer = new ByteWriter()
    const version = new Map([
      [actorId(Uint8Array.of(2)), 5],
      [actorId(Uint8Array.of(1)), 2 ** 30],
    ])
    encodeVersion(writer, version)
    const bytes = writer.finish()
    expect(toHex(bytes)).toBe('020101808080800401020 5'.replace(' ', ''))
    expect(decodeVersion(new ByteReader(bytes))).toEqual(version)
  })
})

describe('bytes that nobody wrote', () => {
  const a = new Side('a').init({ l: [1] })
  const b = new Side('b')
  b.do((d) =>
    Object.assign(d, {
      t: text('hello 🙂'),
      c: counter(3),
      s: set([1, 'x']),
      j: json({ k: [1, 2n] }),
      l: [{ x: 1 }, 2],
    }),
  )
  a.do((d) => d.l.push({ deep: [text('x')] }, 2n ** 80n, new Date(5), Uint8Array.of(1)))
  meet(a, b)
  a.do((d) => {
    d.t.delete(2, 3)
    d.l.splice(0, 1)
    delete d.j
    d.c.add(-2)
    d.s.delete('x')
  })
  meet(a, b)
  const { ranges } = a.replica.rangesSince(new Map(), a.replica.version, 1e9, 'any')
  const snapshot = a.replica.snapshot()
  const delta = encodeDelta(ranges)
  const writer = new ByteWriter()
  encodeVersion(writer, a.replica.version)
  const version = writer.finish()

  const readers: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ['range', encoded(0), (bytes) => decodeRange(new ByteReader(bytes))],
    ['delta', delta, decodeDelta],
    ['snapshot', snapshot, Replica.ranges],
    ['version', version, (bytes) => decodeVersion(new ByteReader(bytes))],
    ['document', delta, (bytes) => receiveWhole(decodeDelta(bytes))],
  ]

  it.each(readers)('as a %s give a typed error or a value', (_name, bytes, read) => {
    const random = seededRandom(5)
    for (let length = 0; length < bytes.length; length++) typed(() => read(bytes.subarray(0, length)))
    for (let i = 0; i < 3000; i++) typed(() => read(mutated(bytes, random)))
  })

  it('as a body give a typed error or changes that a document takes', () => {
    const random = seededRandom(Number(process.env.SEED ?? 7))
    for (let i = 0; i < 4000; i++) {
      const range = ranges[i % ranges.length]
      if (range === undefined) continue
      typed(() => {
        const body = mutated(range.body, random)
        const mutant = new Side('m')
        mutant.take(ranges.filter((one) => one !== range))
        // A chain that fits its bytes, as a member's who means harm would: what is inside must be void or merge, never throw.
        mutant.take([rehashed({ ...range, body })])
        mutant.replica.check()
        expect(mutant.mirror).toEqual(mutant.value)
      })
    }
  })

  function encoded(i: number): Uint8Array {
    const range = ranges[i]
    if (range !== undefined) encodeRange(writer, range)
    return writer.finish()
  }

  function receiveWhole(list: readonly SignedRange[]): void {
    const side = new Side('m')
    side.take(list)
    side.replica.check()
  }

  /** The same range with the tip that its changes really have. */
  function rehashed(range: SignedRange): SignedRange {
    const table = new Actors()
    const own = table.indexOf(range.actor)
    let hash = chainStart(docTag, range.actor)
    for (const one of decodeBody(range.body, own, range.fromSeq, range.endSeq, table))
      hash = chainNext(hash, encodeBody([one], own, table))
    return { ...range, tipHash: hash }
  }
})

function typed(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!isJoineryError(error)) throw error
  }
}

/** Some bytes flipped, cut out, doubled or made up. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const out = [...bytes]
  for (let i = 1 + Math.floor(random.unit() * 3); i > 0; i--) {
    const at = Math.floor(random.unit() * out.length)
    const dice = random.unit()
    if (dice < 0.6) out[at] = Math.floor(random.unit() * 256)
    else if (dice < 0.8) out.splice(at, 1 + Math.floor(random.unit() * 3))
    else out.splice(at, 0, ...out.slice(at, at + 1 + Math.floor(random.unit() * 4)))
  }
  return Uint8Array.from(out)
}
