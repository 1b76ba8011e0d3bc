// Deltas, alone and in a session: what they weigh, and that what they carry arrives.

import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { Actors } from '../../src/core/actors.ts'
import { actorId } from '../../src/core/ids.ts'
import { Kind } from '../../src/core/kinds.ts'
import { Staging } from '../../src/core/staging.ts'
import { placeBefore } from '../../src/core/wire.ts'
import { decodeBody } from '../../src/core/wire-decoder.ts'
import { branchOf, DeltaEncoder, rangesSince, readDelta, type WireRange } from '../../src/core/wire-delta.ts'
import { SessionDecoder, SessionEncoder } from '../../src/core/wire-session.ts'
import { commit, emptyHistory, type History, merge, named, Writers, words } from './history.ts'

function writeDown(steps: number, seed: number): History {
  const writers = new Writers(seededRandom(seed), 'abcd')
  for (let i = 0; i < steps; i++) writers.step()
  return writers.history
}

/** Another replica: it numbers actors in its own order. */
function receive(to: History, { actor, fromSeq, body }: WireRange, table?: readonly number[]): boolean {
  const branch = branchOf(to.actors, actor) ?? (actor.isFull ? to.actors.indexOf(actorId(actor.bytes)) : -1)
  const begin = branch < 0 ? -1 : to.graph.endOf(branch)
  if (begin < fromSeq) return false
  const staging = new Staging()
  decodeBody(body, { actors: to.actors, branch, fromSeq, before: placeBefore(to, branch, fromSeq), table }, staging)
  if (begin >= staging.endSeq) return true
  expect(fromSeq).toBe(begin)
  return merge(to, staging) === staging.stretches
}

function expectSame(a: History, b: History): void {
  for (let branch = 0; branch < a.graph.branches; branch++) {
    const other = b.actors.find(a.actors.nameOf(branch)) ?? -1
    expect(words(b, other)).toEqual(words(a, branch))
  }
}

describe('a delta', () => {
  it('weighs 15 bytes for a character typed on, and 17 for one typed elsewhere in a long text', () => {
    const history = emptyHistory()
    const branch = named(history.actors, 'a')
    const { log, graph } = history
    commit(history, branch, [], [[Kind.make, 0, log.keyId('text'), 2, 1]])
    const text = log.refTo(0)
    const type = (at: number, what: string): void => {
      const n = what.length
      commit(history, branch, [graph.length - 1], [[Kind.type, text, at, log.units.push(what), n]])
    }
    type(0, 'x'.repeat(100_000))
    const deltas = new DeltaEncoder(history)
    const session = new SessionEncoder(history)
    session.one(branch, 0, graph.length)
    const last = (at: number): [number, number] => {
      type(at, 'y')
      const end = graph.endOf(branch)
      return [deltas.one(branch, end - 1, end).length, session.one(branch, end - 1, end).length]
    }
    last(100_000)
    expect(last(100_001)).toEqual([14, 3])
    expect(last(100_000)).toEqual([15, 4])
    expect(last(17)).toEqual([17, 6])
  })

  it('alone has these bytes in version 0', () => {
    const history = emptyHistory()
    const [a, b] = [
      history.actors.indexOf(actorId(Uint8Array.of(0xaa))),
      history.actors.indexOf(actorId(Uint8Array.of(0xbb))),
    ]
    const { log } = history
    commit(
      history,
      a,
      [],
      [
        [Kind.make, 0, log.keyId('t'), 2, 1],
        [Kind.type, log.refTo(0), 0, log.units.push('hi'), 2],
      ],
    )
    commit(history, b, [2], [[Kind.erase, log.refTo(0), 1, 0, 1]])
    const delta = new DeltaEncoder(history).all(rangesSince(history, () => 0))
    expect(toHex(delta)).toMatchInlineSnapshot(
      `"0301aa000bc6017402a10201000068690101bb00100102bceef655b5a034910223060001"`,
    )
    const session = new SessionEncoder(history)
    expect(toHex(session.all(rangesSince(history, () => 0)))).toMatchInlineSnapshot(
      `"0005010101aa0bc6017402a10201000068690c010101bb1001050223060001"`,
    )
  })

  it('carries everything to an empty replica that numbers actors otherwise', () => {
    for (let seed = 0; seed < 10; seed++) {
      const from = writeDown(200, seed)
      const to = emptyHistory(new Actors())
      const deltas = new DeltaEncoder(from)
      for (const { branch, fromSeq, endSeq } of inOrder(from))
        for (const range of readDelta(deltas.one(branch, fromSeq, endSeq))) expect(receive(to, range)).toBe(true)
      expectSame(from, to)
    }
  })

  it('in a session carries everything too, with actors by number', () => {
    for (let seed = 20; seed < 30; seed++) {
      const from = writeDown(200, seed)
      const to = emptyHistory(new Actors())
      const [encoder, decoder] = [new SessionEncoder(from), new SessionDecoder(to.actors)]
      const ranges = inOrder(from)
      for (let i = 0; i < ranges.length; i += 3)
        for (const range of decoder.read(encoder.all(ranges.slice(i, i + 3))))
          expect(receive(to, range, decoder.table())).toBe(true)
      expectSame(from, to)
    }
  })

  it('since a version has what is lacking, in parts of whole changes that hold their parents', () => {
    const from = writeDown(300, 5)
    const half = emptyHistory(from.actors)
    const deltas = new DeltaEncoder(from)
    const ranges = inOrder(from)
    for (const { branch, fromSeq, endSeq } of ranges.slice(0, ranges.length >> 1))
      for (const range of readDelta(deltas.one(branch, fromSeq, endSeq))) expect(receive(half, range)).toBe(true)
    const missing = rangesSince(from, (branch) => half.graph.endOf(branch))
    for (const { branch, fromSeq, endSeq } of missing) {
      expect(fromSeq).toBe(half.graph.endOf(branch))
      expect(endSeq).toBe(from.graph.endOf(branch))
    }
    expect(rangesSince(from, (branch) => from.graph.endOf(branch))).toEqual([])
  })

  it('is cut at a change end where it would hold more than 2^20 ops', () => {
    const history = emptyHistory()
    const branch = named(history.actors, 'a')
    const { log, graph } = history
    commit(history, branch, [], [[Kind.make, 0, log.keyId('text'), 2, 1]])
    for (let i = 0; i < 3; i++) commit(history, branch, [graph.length - 1], [[Kind.erase, log.refTo(0), 0, 0, 600_000]])
    expect(rangesSince(history, () => 0)).toEqual([{ branch, fromSeq: 0, endSeq: 600_001 }])
    expect(rangesSince(history, () => 600_001)).toEqual([{ branch, fromSeq: 600_001, endSeq: 1_200_001 }])
  })
})

describe('bytes that nobody wrote', () => {
  it('are ranges or a typed error, alone and in a session', () => {
    const random = seededRandom(4)
    const from = writeDown(100, 4)
    const ranges = inOrder(from)
    const [alone, session] = [new DeltaEncoder(from).all(ranges), new SessionEncoder(from).all(ranges)]
    let refused = 0
    for (let run = 0; run < 5000; run++) {
      const bytes = (run % 2 ? alone : session).slice(0, 1 + Math.floor(random.unit() * 200))
      for (let left = run % 4; left > 0; left--)
        bytes[Math.floor(random.unit() * bytes.length)] = Math.floor(random.unit() * 256)
      try {
        const read = run % 2 ? readDelta(bytes) : new SessionDecoder(from.actors).read(bytes)
        expect(read.length).toBeLessThanOrEqual(bytes.length)
      } catch (error) {
        if (!isJoineryError(error, 'bad-message')) throw new Error(`run ${run}`, { cause: error })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(100)
  })

  it('are no delta of a later version', () => {
    expect(() => readDelta(Uint8Array.of(0x10))).toThrow('head 16')
    expect(() => new SessionDecoder(new Actors()).read(Uint8Array.of(1))).toThrow('version')
    expect(readDelta(new Uint8Array(0))).toEqual([])
  })
})

/** Every stretch of one graph row on its own, in the order of the graph: parents first. */
function inOrder({ graph }: History): { branch: number; fromSeq: number; endSeq: number }[] {
  return Array.from({ length: graph.rows }, (_, row) => {
    const fromSeq = graph.seqOfRow(row)
    return { branch: graph.branchOfRow(row), fromSeq, endSeq: fromSeq + graph.endOfRow(row) - graph.startOfRow(row) }
  })
}
