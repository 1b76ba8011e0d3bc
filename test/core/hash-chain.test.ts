// The chain: one hash for equal ops, however they came; another for any other ops.

import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Actors } from '../../src/core/actors.ts'
import { HashChain } from '../../src/core/hash-chain.ts'
import { actorBytes, actorId, ownerOf } from '../../src/core/ids.ts'
import { Kind, makes } from '../../src/core/kinds.ts'
import { advanceA, advanceB } from '../../src/core/op-log.ts'
import { Staging } from '../../src/core/staging.ts'
import { placeBefore } from '../../src/core/wire.ts'
import { decodeBody } from '../../src/core/wire-decoder.ts'
import { encodeBody } from '../../src/core/wire-encoder.ts'
import { commit, emptyHistory, type History, merge, named, Writers } from './history.ts'

const docTag = new Uint8Array(32).fill(7)

function chainOf({ graph, log, actors }: History): HashChain {
  return new HashChain({ docTag, graph, log, actors })
}

function writeDown(steps: number, seed: number, letters = 'abc'): History {
  const writers = new Writers(seededRandom(seed), letters)
  for (let i = 0; i < steps; i++) writers.step()
  return writers.history
}

/** The same ops in another replica: other numbers of actors, containers and keys, other rows, other order of arrival. */
function sentElsewhere(from: History, random: Random): History {
  const actors = new Actors()
  for (let branch = from.graph.branches - 1; branch >= 0; branch--) actors.indexOf(from.actors.nameOf(branch))
  const to = emptyHistory(actors)
  to.log.keyId('a key that shifts the others')
  const staging = new Staging()
  let isDone = false
  while (!isDone) {
    isDone = true
    for (let branch = 0; branch < from.graph.branches; branch++) {
      const here = actors.indexOf(from.actors.nameOf(branch))
      const fromSeq = to.graph.endOf(here)
      if (fromSeq === from.graph.endOf(branch)) continue
      isDone = false
      const endSeq = random.unit() < 0.5 ? from.graph.endOf(branch) : changeEnd(from, branch, fromSeq)
      const before = placeBefore(to, here, fromSeq)
      decodeBody(encodeBody(from, branch, fromSeq, endSeq), { actors, branch: here, fromSeq, before }, staging)
      merge(to, staging)
    }
  }
  return to
}

function changeEnd({ graph, log }: History, branch: number, seq: number): number {
  const lv = graph.lvOf(branch, seq)
  return seq + log.changeEnds.next(lv, 1) - lv + 1
}

/** The same ops, with rows cut anywhere. */
function cutAnew(from: History, random: Random): History {
  const to = emptyHistory(from.actors)
  const { graph, log } = from
  for (const key of log.keys) to.log.keyId(key)
  to.log.units.push(log.units.slice(0, log.units.length))
  to.log.values.push(...log.values)
  for (let row = 0; row < graph.rows; row++) {
    const start = graph.startOfRow(row)
    const end = graph.endOfRow(row)
    to.graph.append(graph.branchOfRow(row), end - start, graph.parentsOfRow(row))
    for (let at = start; at < end; ) {
      const logRow = log.rowAt(at)
      const until = Math.min(log.endOf(logRow), at + 1 + Math.floor(random.unit() * 4))
      const kind = log.kindOf(logRow)
      const skipped = at - log.startOf(logRow)
      const [a, b] = [advanceA(kind, log.aOf(logRow), skipped), advanceB(kind, log.bOf(logRow), skipped)]
      const single = kind === Kind.eraseBack && until - at === 1 ? Kind.erase : kind
      to.log.push(single, to.log.refTo(log.makerOf(log.refOf(logRow))), a, b, until - at, random.unit() < 0.5)
      for (let lv = at; lv < until; lv++) to.log.changeEnds.push(log.changeEnds.get(lv))
      at = until
    }
  }
  return to
}

function expectSameChains(a: History, b: History, seed: number): void {
  const [chainA, chainB] = [chainOf(a), chainOf(b)]
  for (let branch = 0; branch < a.graph.branches; branch++) {
    const other = b.actors.find(a.actors.nameOf(branch)) ?? -1
    // From the end, so that all before it is found on the way; then every end, in the other direction on the other side.
    const end = a.graph.endOf(branch)
    expect(toHex(chainA.hashAt(branch, end)), `SEED=${seed}`).toBe(toHex(chainB.hashAt(other, end)))
    for (let seq = 0; seq <= end; seq += 7)
      expect(toHex(chainA.hashAt(branch, seq))).toBe(toHex(chainB.hashAt(other, seq)))
    for (let seq = end; seq >= 0; seq -= 5)
      expect(toHex(chainB.hashAt(other, seq))).toBe(toHex(chainA.hashAt(branch, seq)))
  }
}

describe('a chain', () => {
  it('is the same wherever the ops were sent and however ranges were cut (Invariant 1)', () => {
    for (let seed = 0; seed < 8; seed++) {
      const history = writeDown(500, seed)
      expectSameChains(history, sentElsewhere(history, seededRandom(seed)), seed)
    }
  })

  it('is the same however rows are cut', () => {
    for (let seed = 40; seed < 48; seed++) {
      const history = writeDown(400, seed)
      expectSameChains(history, cutAnew(history, seededRandom(seed)), seed)
    }
  })

  it('is the same whether it is asked for all along or at the end', () => {
    const writers = new Writers(seededRandom(3), 'ab')
    const chain = chainOf(writers.history)
    const seen: [branch: number, end: number, hash: string][] = []
    for (let i = 0; i < 400; i++) {
      writers.step()
      const branch = i % writers.history.graph.branches
      const end = writers.history.graph.endOf(branch)
      seen.push([branch, end, toHex(chain.hashAt(branch, end))])
    }
    const late = chainOf(writers.history)
    for (const [branch, end, hash] of seen.reverse()) expect(toHex(late.hashAt(branch, end))).toBe(hash)
    expect(toHex(late.tag(0, 5))).toBe(toHex(late.hashAt(0, 5)).slice(0, 16))
  })

  it('of one op is what FORMAT says', () => {
    const history = emptyHistory()
    const branch = named(history.actors, 'a')
    const { log } = history
    const salt = new Uint8Array(16).fill(3)
    commit(history, branch, [], [[Kind.meta, 0, 0, log.values.push({ salt }) - 1, 1]])
    commit(history, branch, [0], [[Kind.type, 0, 5, log.units.push('hé'), 2]])
    const start = sha256(concatBytes(utf8('joinery/chain/1'), docTag, history.actors.bytesOf(branch), sha256(salt)))
    // meta with a salt; type into the root (of no sense, but of a form) at 5, two units; of the ops one ends a change, one does not, one does
    const m = Uint8Array.of(0, 4, 1, 1, 5, 2, 0, 1, 1, 1)
    const c = concatBytes(salt, salt, Uint8Array.of(0x68, 0xe9, 1))
    const hash = sha256(concatBytes(start, Uint8Array.of(0, 3), sha256(m), sha256(c)))
    expect(toHex(chainOf(history).hashAt(branch, 0))).toBe(toHex(start))
    expect(toHex(chainOf(history).hashAt(branch, 3))).toBe(toHex(hash))
  })

  it('has these hashes in version 0', () => {
    const history = writeDown(400, 1)
    const chain = chainOf(history)
    const hashes = Array.from({ length: 3 }, (_, b) => toHex(chain.tag(b, history.graph.endOf(b))))
    expect(hashes).toMatchInlineSnapshot(`
      [
        "4c121880e7376a38",
        "9d34e84bb2af185f",
        "8072a5fdb8662da1",
      ]
    `)
  })

  it('knows links by hash: what they link to alters it', () => {
    const two = (text: string): string => {
      const history = emptyHistory()
      const [a, b] = [named(history.actors, 'a'), named(history.actors, 'b')]
      commit(history, a, [], [[Kind.type, 0, 0, history.log.units.push(text), 1]])
      commit(history, b, [0], [[Kind.erase, 0, 0, 0, 1]])
      return toHex(chainOf(history).hashAt(b, 1))
    }
    expect(two('x')).not.toBe(two('y'))
  })

  it('takes links in the order of their hashes, whichever came first here', () => {
    const joined = (first: string, second: string): string => {
      const history = emptyHistory()
      for (const letter of [first, second])
        commit(history, named(history.actors, letter), [], [[Kind.erase, 0, 0, 0, 1]])
      const c = named(history.actors, 'c')
      commit(history, c, [0, 1], [[Kind.erase, 0, 0, 0, 1]])
      return toHex(chainOf(history).hashAt(c, 1))
    }
    expect(joined('a', 'b')).toBe(joined('b', 'a'))
  })

  it('forgets what was taken back, salts too', () => {
    const { log, graph, actors } = emptyHistory()
    const history = { log, graph, actors }
    const branch = named(actors, 'a')
    const chain = chainOf(history)
    const type = (n: number): void => {
      commit(history, branch, graph.frontier.slice(), [[Kind.type, 0, 0, log.units.push('x'.repeat(n)), n]])
    }
    const salted = (byte: number): void => {
      const salt = new Uint8Array(16).fill(byte)
      commit(history, branch, graph.frontier.slice(), [[Kind.meta, 0, 0, log.values.push({ salt }) - 1, 1]])
    }
    type(200)
    const mark = [graph.length, [...graph.frontier], log.units.length, log.values.length] as const
    const before = toHex(chain.hashAt(branch, 200))
    salted(1)
    type(700)
    const first = toHex(chain.hashAt(branch, 901))
    graph.truncate(mark[0], mark[1])
    log.truncate(mark[0], mark[2], mark[3])
    chain.truncate()
    expect(toHex(chain.hashAt(branch, 200))).toBe(before)
    salted(2)
    type(700)
    expect(toHex(chain.hashAt(branch, 901))).not.toBe(first)
    expect(toHex(chain.hashAt(branch, 901))).toBe(toHex(chainOf(history).hashAt(branch, 901)))
  })

  it('goes through thousands of links from branch to branch without a stack, and each costs only what is new', () => {
    const history = emptyHistory()
    const [a, b] = [named(history.actors, 'a'), named(history.actors, 'b')]
    for (let i = 0; i < 20_000; i++) commit(history, i % 2 ? b : a, i > 0 ? [i - 1] : [], [[Kind.erase, 0, 0, 0, 1]])
    expect(chainOf(history).hashAt(b, 10_000).length).toBe(32)
  })

  it('makes equal first values equal actors, whatever they stand under', () => {
    const build = (letter: string): string => {
      const history = emptyHistory()
      const branch = named(history.actors, letter)
      const { log } = history
      commit(
        history,
        branch,
        [],
        [
          [Kind.make, 0, log.keyId('list'), 1, 1],
          [Kind.insert, log.refTo(0), 0, log.values.push(1, makes.text, 'x') - 3, 3],
        ],
      )
      const chain = chainOf(history)
      const actor = chain.initActor(branch, 4)
      expect(ownerOf(actor).kind).toBe(0)
      const other = emptyHistory()
      const same = other.actors.indexOf(actorId(Uint8Array.of(1)))
      commit(other, same, [], [[Kind.make, 0, other.log.keyId('list'), 1, 1]])
      expect(chainOf(other).initActor(same, 1)).not.toBe(actor)
      expect(toHex(chain.hashAs(branch, 4, history.actors.bytesOf(branch)))).toBe(toHex(chain.hashAt(branch, 4)))
      expect(toHex(chain.hashAs(branch, 4, actorBytes(actor)))).not.toBe(toHex(chain.hashAt(branch, 4)))
      return actor
    }
    expect(build('a')).toBe(build('b'))
  })

  it('tells apart what differs in any one thing', () => {
    const rows: ((log: History['log']) => [Kind, number, number, number, number])[] = [
      (log) => [Kind.type, 0, 3, log.units.push('ab'), 2],
      (log) => [Kind.type, 0, 3, log.units.push('ba'), 2],
      (log) => [Kind.type, 0, 4, log.units.push('ab'), 2],
      (log) => [Kind.insert, 0, 3, log.values.push('a', 'b') - 2, 2],
      (log) => [Kind.insert, 0, 3, log.values.push('a', makes.map) - 2, 2],
      (log) => [Kind.insert, 0, 3, log.values.push('a', makes.text) - 2, 2],
      (log) => [Kind.append, 0, 0, log.values.push('a', 'b') - 2, 2],
      () => [Kind.erase, 0, 3, 0, 2],
      () => [Kind.eraseBack, 0, 3, 0, 2],
      () => [Kind.add, 0, 0, 3, 2],
      () => [Kind.add, 0, 0, -3, 2],
      (log) => [Kind.add, 0, 1, log.values.push(3n) - 1, 2],
    ]
    const hashes = rows.map((row) => {
      const history = emptyHistory()
      const branch = named(history.actors, 'a')
      commit(history, branch, [], [row(history.log)])
      return toHex(chainOf(history).hashAt(branch, 2))
    })
    expect(new Set(hashes).size).toBe(rows.length)
  })
})
