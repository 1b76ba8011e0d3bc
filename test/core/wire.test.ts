// Bodies: what the log says comes out again, and bytes that nobody wrote are refused.

import { describe, expect, it } from 'vitest'
import { ByteWriter, concatBytes, toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Actors } from '../../src/core/actors.ts'
import { Kind, makes } from '../../src/core/kinds.ts'
import { unknownActor } from '../../src/core/short-ids.ts'
import { Staging } from '../../src/core/staging.ts'
import { linksHead, placeBefore, rootBranch } from '../../src/core/wire.ts'
import { decodeBody } from '../../src/core/wire-decoder.ts'
import { type BodyForm, encodeBody } from '../../src/core/wire-encoder.ts'
import { commit, emptyHistory, type History, merge, shortNamed, Writers, words } from './history.ts'

interface Piece {
  readonly branch: number
  readonly fromSeq: number
  readonly endSeq: number
}

/** A branch's ops, cut at random change ends. */
function cut({ graph, log }: History, branch: number, random: Random): Piece[] {
  const pieces: Piece[] = []
  let fromSeq = 0
  for (let seq = 0; seq < graph.endOf(branch); seq++) {
    if (log.changeEnds.get(graph.lvOf(branch, seq)) === 0) continue
    if (seq + 1 < graph.endOf(branch) && random.unit() < 0.9) continue
    pieces.push({ branch, fromSeq, endSeq: seq + 1 })
    fromSeq = seq + 1
  }
  return pieces
}

function writeDown(steps: number, seed: number, letters = 'abc'): Writers {
  const writers = new Writers(seededRandom(seed), letters)
  for (let i = 0; i < steps; i++) writers.step()
  return writers
}

/** Sends every piece to an empty history, again and again, until all of them are merged. */
function sendAll(from: History, random: Random, form: BodyForm): History {
  const to = emptyHistory(from.actors)
  const staging = new Staging()
  let waiting = Array.from({ length: from.graph.branches }, (_, branch) => cut(from, branch, random)).flat()
  while (waiting.length > 0) {
    const left: Piece[] = []
    for (const { branch, fromSeq, endSeq } of waiting) {
      const begin = to.graph.endOf(branch)
      if (begin < fromSeq) left.push({ branch, fromSeq, endSeq })
      if (begin < fromSeq || begin >= endSeq) continue
      const before = form === 'alone' ? undefined : placeBefore(to, branch, begin)
      decodeBody(
        encodeBody(from, branch, begin, endSeq, form),
        { actors: to.actors, branch, fromSeq: begin, before },
        staging,
      )
      expect(staging.endSeq).toBe(endSeq)
      merge(to, staging)
      const place = placeBefore(to, branch, to.graph.endOf(branch))
      if (to.graph.endOf(branch) === endSeq) expect(staging.after).toEqual(place)
      else left.push({ branch, fromSeq, endSeq })
    }
    expect(left.length).toBeLessThanOrEqual(waiting.length)
    waiting = left
  }
  return to
}

describe('a body', () => {
  it.each(['following', 'alone'] as const)('gives back every op, however a history is cut (%s)', (form) => {
    for (let seed = 0; seed < 12; seed++) {
      const { history } = writeDown(250, seed)
      const copy = sendAll(history, seededRandom(seed), form)
      for (let branch = 0; branch < history.graph.branches; branch++)
        expect(words(copy, branch), `SEED=${seed}`).toEqual(words(history, branch))
    }
  })

  it('has these bytes for each kind in version 0', () => {
    const history = emptyHistory()
    const { log, actors } = history
    const [a, b] = [shortNamed(actors, 'a'), shortNamed(actors, 'b')]
    const value = (...values: unknown[]): number => log.values.push(...values) - values.length
    const bytes = (row: Row, ...more: Row[]): string => {
      const from = history.graph.endOf(a)
      commit(history, a, history.graph.frontier.slice(), [row, ...more])
      return toHex(encodeBody(history, a, from, history.graph.endOf(a)))
    }
    commit(history, b, [], [[Kind.make, 0, log.keyId('t'), 2, 1]])
    const text = log.refTo(0)
    const all = [
      ['meta, after a link', bytes([Kind.meta, 0, 0, value({ time: 99, message: 'm', depends: Uint8Array.of(5) }), 1])],
      ['salt', bytes([Kind.meta, 0, 0, value({ salt: new Uint8Array(16).fill(7) }), 1])],
      ['type', bytes([Kind.type, text, 3, log.units.push('é中\ud800'), 3])],
      ['type on', bytes([Kind.type, text, 6, log.units.push('x'), 1])],
      ['backspace', bytes([Kind.erase, text, 6, 0, 1])],
      ['erase on', bytes([Kind.erase, text, 6, 0, 1])],
      ['erase elsewhere', bytes([Kind.erase, text, 2, 0, 4])],
      ['eraseBack', bytes([Kind.eraseBack, text, 2, 0, 2])],
      ['insert', bytes([Kind.insert, text, 300, value(null, makes.text), 2])],
      ['set', bytes([Kind.set, 0, log.keyId('k'), value(1), 1])],
      ['make', bytes([Kind.make, 0, log.keyId('k'), 3 + 16 * 2, 1])],
      ['unset, twice', bytes([Kind.unset, 0, log.keyId('k'), 0, 1], [Kind.unset, 0, log.keyId('k'), 0, 1])],
      ['add', bytes([Kind.add, 0, 0, -2, 3])],
      ['add, large', bytes([Kind.add, 0, 1, value(2 ** 40), 1])],
      ['include', bytes([Kind.include, 0, 0, value(true), 1])],
      ['exclude', bytes([Kind.exclude, 0, 0, value(-1), 1])],
      ['append', bytes([Kind.append, 0, 0, value('p', 'q'), 2])],
      ['assign', bytes([Kind.assign, 0, 0, value(0.5), 1])],
      ['revoke', bytes([Kind.revoke, 0, 1, value(Int32Array.of(0, 3)), 1])],
      ['cut', bytes([Kind.cut, 0, 1, value({ actor: Uint8Array.of(9), afterSeq: 4, hash: new Uint8Array(32) }), 1])],
      ['unknown', bytes([Kind.unknown, 0, 20, value(Uint8Array.of(1, 2)), 1])],
    ]
    expect(Object.fromEntries(all)).toMatchInlineSnapshot(`
      {
        "add": "880304",
        "add, large": "080003808080808020",
        "append": "8b02080170080171",
        "assign": "0c053fe0000000000000",
        "backspace": "04",
        "cut": "0e010109040000000000000000000000000000000000000000000000000000000000000000",
        "erase elsewhere": "930407",
        "erase on": "03",
        "eraseBack": "940202",
        "exclude": "0a0400",
        "include": "0902",
        "insert": "9202d6040012",
        "make": "06016b23",
        "meta, after a link": "1001023e23e8160039594a00000bc601016d0105",
        "revoke": "0d0102023e23e8160039594a0001000002",
        "salt": "000407070707070707070707070707070707",
        "set": "2500016b0301",
        "type": "a103033e23e8160039594a0003e901ad9c0180b003",
        "type on": "0178",
        "unknown": "0f14020102",
        "unset, twice": "c7016b1700",
      }
    `)
  })

  it('says three changes of one character each as one run', () => {
    const history = emptyHistory()
    const a = shortNamed(history.actors, 'a')
    const { log, graph } = history
    for (let i = 0; i < 5; i++) commit(history, a, graph.frontier.slice(), [[Kind.type, 0, i, log.units.push('x'), 1]])
    expect(toHex(encodeBody(history, a, 2, 5))).toBe('4103787878')
  })

  it('names an actor in full where two have the same short id', () => {
    const { history } = writeDown(60, 8)
    const sameForAll = { idOf: () => new Uint8Array(8), isAmbiguous: () => true, find: () => unknownActor }
    Object.defineProperty(history.actors, 'shortIds', { value: sameForAll })
    const staging = new Staging()
    for (let branch = 0; branch < history.graph.branches; branch++) {
      const body = encodeBody(history, branch, 0, history.graph.endOf(branch))
      decodeBody(body, { actors: history.actors, branch, fromSeq: 0 }, staging)
      expect(Array.from(staging.linkBranches.data.subarray(0, staging.linkBranches.length))).not.toContain(unknownActor)
    }
  })
})

type Row = readonly [kind: Kind, ref: number, a: number, b: number, n: number]

describe('bytes that nobody wrote', () => {
  const actors = new Actors()
  const branch = shortNamed(actors, 'a')
  shortNamed(actors, 'b')
  const staging = new Staging()
  const before = { branch: rootBranch, seq: 0, position: 5 }
  const decode = (...bytes: number[]): Staging => {
    decodeBody(Uint8Array.from(bytes), { actors, branch, fromSeq: 9, before }, staging)
    return staging
  }
  const varint = (value: number): number[] => [...new ByteWriter().varint(value).finish()]

  it.each([
    ['nothing', []],
    ['a text that is longer than the bytes', [0x81, ...varint(2 ** 20), 0x78]],
    ['a run of 2^30', [0x83, ...varint(2 ** 30)]],
    ['runs that are too long together', [0x83, ...varint(2 ** 20), 0x03]],
    ['a run of one that says it has more', [0x83, 1]],
    ['a run of none', [0xc3, 0]],
    ['an end within a change', [0xc1, 1, 0x78]],
    ['links and no op', [linksHead, 1, 3, 1, 0x62, 0]],
    ['no links', [linksHead, 0, 0x03]],
    ['33 links', [linksHead, 33]],
    ['links to the own branch', [linksHead, 1, 0, 3, 0x03]],
    ['two links to a branch', [linksHead, 2, 3, 1, 0x62, 0, 3, 1, 0x62, 1, 0x03]],
    ['a position before the first', [0x13, ...varint(13)]],
    ['a backspace before the first', [0xa4, 3, 0, 1]],
    ['an own container that comes later', [0x23, 1, 9, 0]],
    ['an own container before the first op', [0x23, 2, 9, 0]],
    ['an actor that is not in the table', [0x23, 5, 0, 0]],
    ['a place that is none', [0x33]],
    ['a container where there is none', [0x2d]],
    ['a run of sets', [0x45, 2]],
    ['a key that was not named', [0x17, 0]],
    ['a type that is none', [0x06, 1, 0x6b, 9]],
    ['an amount that has a shorter form', [0x08, 0, 3, 1]],
    ['a fraction as an amount', [0x08, 0, 5, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]],
    ['a unit beyond 16 bits', [0x01, 0xff, 0xff, 0x04]],
    ['a revoke of nothing', [0x0d, 1, 0]],
    ['a revoke of what comes later', [0x0d, 1, 1, 1, 0, 2]],
    ['a third level', [0x0d, 3, 1, 1, 0, 1]],
    ['a known kind with a length', [0x0f, 15, 0]],
    ['a time before the first', [0x00, 1, 1]],
    ['bytes behind the last op', [0x03, 0x2f]],
  ])('are refused: %s', (_, bytes) => {
    expect(() => decode(...bytes)).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })

  it('are refused where they refer to an op that is not here', () => {
    expect(() => decodeBody(Uint8Array.of(0x03), { actors, branch, fromSeq: 9 }, staging)).toThrow('not here')
    decodeBody(Uint8Array.of(0x23, 0, 7), { actors, branch, fromSeq: 9 }, staging)
    expect(staging.as.at(0)).toBe(7)
  })

  it('may be ops of kinds to come: even numbers are nothing, odd ones stop what may be merged', () => {
    expect(decode(0x0f, 16, 2, 1, 2, 0x03).mergeable).toBe(1)
    expect(decode(0x0f, 17, 2, 1, 2, 0x03).mergeable).toBe(0)
    // A change, and one of two ops of which the second is critical, and one more.
    const { mergeable, stretches, stretchOps } = decode(0x03, 0xc3, 1, 0x0f, 17, 0, 0x03)
    expect([mergeable, stretches, stretchOps.at(1)]).toEqual([1, 2, 1])
  })

  it('name actors that are not known here as unknown', () => {
    decode(linksHead, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 4, 0x03)
    expect(staging.linkBranches.at(0)).toBe(unknownActor)
  })

  it('give ops or a typed error, 100,000 times, and never take much', () => {
    const seed = Number(process.env.SEED ?? 1)
    const runs = Number(process.env.RUNS ?? 100_000)
    const random = seededRandom(seed)
    const below = (n: number): number => Math.floor(random.unit() * n)
    const { history } = writeDown(300, seed)
    const pieces = Array.from({ length: history.graph.branches }, (_, by) => cut(history, by, random)).flat()
    const bodies = pieces.map((piece) => ({
      ...piece,
      bytes: encodeBody(history, piece.branch, piece.fromSeq, piece.endSeq),
      place: placeBefore(history, piece.branch, piece.fromSeq),
    }))
    let taken = 0
    for (let run = 0; run < runs; run++) {
      const { bytes: whole, place, ...piece } = bodies[run % bodies.length] as (typeof bodies)[number]
      const bytes = mutated(whole, below)
      const context = { ...piece, actors: history.actors, before: below(8) ? place : undefined }
      if (!holds(() => decodeBody(bytes, context, staging), `SEED=${seed}, run ${run}`)) continue
      taken++
      expect(staging.length).toBeLessThanOrEqual(2 ** 20)
      expect(staging.rows + staging.values.length + staging.units.length).toBeLessThanOrEqual(3 * bytes.length)
    }
    expect(taken).toBeGreaterThan(runs / 50)
  })

  it('that decode are merged, and say the same when they are written again', () => {
    const random = seededRandom(11)
    const below = (n: number): number => Math.floor(random.unit() * n)
    let taken = 0
    for (let run = 0; run < 3000; run++) {
      const { history } = run % 300 === 0 || last === undefined ? writeDown(80, run) : last
      last = { history }
      const by = below(history.graph.branches)
      const end = history.graph.endOf(by)
      const bytes = mutated(encodeBody(history, by, 0, end), below)
      const copy = emptyHistory(history.actors)
      const isTaken = holds(() => {
        decodeBody(bytes, { actors: history.actors, branch: by, fromSeq: 0 }, staging)
        merge(copy, staging)
      }, `run ${run}`)
      const length = copy.graph.endOf(by)
      if (!isTaken || length === 0) continue
      taken++
      const again = emptyHistory(history.actors)
      decodeBody(encodeBody(copy, by, 0, length), { actors: history.actors, branch: by, fromSeq: 0 }, staging)
      merge(again, staging)
      expect(words(again, by), `run ${run}`).toEqual(words(copy, by))
    }
    expect(taken).toBeGreaterThan(50)
  })
})

let last: { history: History } | undefined

/** True if it went well, false for a 'bad-message'; anything else is a fault of ours. */
function holds(what: () => void, where: string): boolean {
  try {
    what()
    return true
  } catch (error) {
    if (!isJoineryError(error, 'bad-message')) throw new Error(where, { cause: error })
    return false
  }
}

function mutated(bytes: Uint8Array, below: (n: number) => number): Uint8Array {
  let out: Uint8Array = bytes.slice()
  for (let left = 1 + below(3); left > 0; left--) {
    const at = below(out.length)
    const way = below(5)
    if (way === 0) out = out.slice(0, at)
    else if (way === 1) out = concatBytes(out.subarray(0, at), out.subarray(below(out.length)))
    else if (way === 2) out[at] = below(256)
    else if (way === 3) out = concatBytes(out.subarray(0, at), Uint8Array.of(255, 255, 255, 255, 7), out.subarray(at))
    else if (out.length > 0) out[at] = (out[at] as number) ^ (1 << below(8))
    if (out.length === 0) break
  }
  return out
}
