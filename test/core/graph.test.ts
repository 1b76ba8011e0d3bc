import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Graph, inSpans, type LV } from '../../src/core/graph.ts'
import { checkGraph, drawGraph } from '../../src/core/graph-draw.ts'
import { criticalCuts, endsAt, frontierOf } from '../../src/core/graph-versions.ts'
import { conflicting } from '../../src/core/graph-walks.ts'
import { replayOrder } from '../../src/crdt/replay-order.ts'
import { PlainGraph } from '../model/plain-graph.ts'
import { dataPath, hasData } from '../setup/data.ts'

interface Case {
  readonly hist: readonly { readonly span: readonly [LV, LV]; readonly parents: readonly LV[] }[]
  readonly a: readonly LV[]
  readonly b: readonly LV[]
}

interface DiffCase extends Case {
  readonly expect_a: readonly [LV, LV][]
  readonly expect_b: readonly [LV, LV][]
}

interface ConflictCase extends Case {
  readonly expect_spans: readonly [{ readonly start: LV; readonly end: LV }, 'OnlyA' | 'OnlyB' | 'Shared'][]
  readonly expect_common: readonly LV[]
}

/** The lines of a file: written by others, so their form is taken as they say it is. */
function cases<T extends Case>(file: string): T[] {
  const path = `conformance/causal-graph/${file}.ndjson`
  if (!hasData(path)) return []
  const lines = readFileSync(dataPath(path), 'utf8').trim().split('\n')
  return lines.map((line): T => JSON.parse(line))
}

/** Each span is a branch of its own: the cases do not say who made them. */
function graphOf({ hist }: Case): Graph {
  const graph = new Graph()
  for (const [branch, { span, parents }] of hist.entries()) graph.append(branch, span[1] - span[0], parents)
  return graph
}

const flat = (spans: readonly (readonly [LV, LV])[]): LV[] => [...spans].sort(([x], [y]) => x - y).flat()

describe.skipIf(!hasData('conformance/causal-graph'))('the queries that diamond-types answers', () => {
  it('what is in one of two versions only', () => {
    const all = cases<DiffCase>('diff')
    for (const one of all) {
      const graph = graphOf(one)
      const expected = { onlyA: flat(one.expect_a), onlyB: flat(one.expect_b) }
      expect(graph.diff(graph.dominators(one.a), graph.dominators(one.b)), JSON.stringify(one)).toEqual(expected)
      expect(graph.diff(one.a, one.b), JSON.stringify(one)).toEqual(expected)
    }
    expect(all.length).toBeGreaterThan(10)
  })

  it('where two versions part', () => {
    const all = cases<ConflictCase>('conflicting')
    for (const one of all) {
      const only = (flag: string): LV[] =>
        flat(one.expect_spans.filter(([, of]) => of === flag).map(([{ start, end }]) => [start, end]))
      expect(conflicting(graphOf(one), one.a, one.b), JSON.stringify(one)).toEqual({
        common: one.expect_common,
        onlyA: only('OnlyA'),
        onlyB: only('OnlyB'),
        shared: only('Shared'),
      })
    }
    expect(all.length).toBeGreaterThan(20)
  })
})

/** Grows a graph and its twin by random changes: some go on, some join others, some were made long ago. */
class Pair {
  readonly graph = new Graph()
  twin = new PlainGraph()
  readonly below: (max: number) => number
  /** How much branches hear of one another, from 0 to 10. */
  readonly #talk: number

  constructor(seed: number) {
    const random = seededRandom(seed)
    this.below = (max) => Math.floor(random.unit() * max)
    this.#talk = this.below(11)
  }

  some(max: number): LV[] {
    const count = this.below(max + 1)
    return this.twin.ops.length === 0 ? [] : Array.from({ length: count }, () => this.below(this.twin.ops.length))
  }

  grow(branches: number): void {
    const { graph, twin, below } = this
    const branch = below(branches)
    const own = graph.lvOf(branch, twin.endOf(branch) - 1)
    const known = [...(own < 0 ? [] : [own]), ...(below(10) < this.#talk ? this.some(3) : [])]
    const parents = below(12) === 0 ? [...graph.frontier] : graph.dominators(known)
    const count = 1 + below(4)
    const unseen = graph.unseen(branch, parents)
    expect(unseen).toEqual(twin.spans(twin.all & ~twin.version(parents)))
    expect(graph.append(branch, count, parents)).toBe(twin.ops.length)
    graph.remember(branch, unseen)
    twin.append(branch, count, parents)
  }

  /** Forgets some of the newest ops. */
  shrink(): void {
    const { graph, twin } = this
    const length = Math.max(0, twin.ops.length - this.below(12))
    twin.ops.length = length
    graph.truncate(length, twin.heads(twin.list(twin.all)))
  }

  compare(): void {
    const { graph, twin, below } = this
    checkGraph(graph)
    expect(graph.length).toBe(twin.ops.length)
    expect(graph.frontier).toEqual(twin.heads(twin.list(twin.all)))
    if (graph.length === 0) return
    const lv = below(graph.length)
    const { branch, seq, parents, lamport } = twin.op(lv)
    expect([graph.branchAt(lv), graph.seqAt(lv), graph.lamportAt(lv), graph.parentsAt(lv)]).toEqual([
      branch,
      seq,
      lamport,
      parents,
    ])
    expect(graph.lvOf(branch, seq)).toBe(lv)
    expect(graph.lvOf(branch, graph.endOf(branch))).toBe(-1)
    const some = this.some(5)
    const a = graph.dominators(some)
    expect(a).toEqual(twin.heads(some))
    const b = graph.dominators(this.some(5))
    const [inA, inB] = [twin.version(a), twin.version(b)]
    expect(graph.contains(a, lv)).toBe(twin.list(inA).includes(lv))
    const { onlyA, onlyB } = graph.diff(a, b)
    expect(onlyA).toEqual(twin.spans(inA & ~inB))
    expect(onlyB).toEqual(twin.spans(inB & ~inA))
    expect(inSpans(onlyA, lv)).toBe(twin.list(inA & ~inB).includes(lv))
    this.#compareVersions(a)
    this.#compareParting(a, b)
    this.#compareOrder()
  }

  #compareVersions(version: readonly LV[]): void {
    const { graph, twin, below } = this
    const ends = endsAt(graph, version)
    const inside = twin.list(twin.version(version)).map((lv) => twin.op(lv))
    expect(ends).toEqual(ends.map((_, branch) => inside.filter((op) => op.branch === branch).length))
    expect(frontierOf(graph, ends)).toEqual(version)
    const torn = ends.map((end, branch) => (below(3) === 0 ? below(graph.endOf(branch) + 3) : end))
    expect(frontierOf(graph, torn)).toEqual(twin.heads(twin.list(twin.within(torn))))
    const cuts = criticalCuts(graph)
    const all = Array.from({ length: graph.length + 1 }, (_, cut) => cut)
    expect(all.filter((cut) => inSpans(cuts, cut))).toEqual(all.filter((cut) => twin.isCritical(cut)))
  }

  #compareParting(a: readonly LV[], b: readonly LV[]): void {
    const { graph, twin } = this
    const [inA, inB] = [twin.version(a), twin.version(b)]
    const { common, onlyA, onlyB, shared } = conflicting(graph, a, b)
    const below = twin.version(common)
    expect(twin.heads(common)).toEqual(common)
    expect(below & ~(inA & inB)).toBe(0n)
    expect(twin.list((inA | inB) & ~below).filter((lv) => (below & ~twin.op(lv).past) !== 0n)).toEqual([])
    expect(onlyA).toEqual(twin.spans(inA & ~inB & ~below))
    expect(onlyB).toEqual(twin.spans(inB & ~inA & ~below))
    expect(shared).toEqual(twin.spans(inA & inB & ~below))
  }

  /** Every row once, and none before what it builds on. */
  #compareOrder(): void {
    const { graph } = this
    const order = replayOrder(graph, 0)
    const place = new Map<number, number>()
    for (let i = 0; i < order.length; i++) place.set(order.at(i), i)
    expect([order.length, place.size]).toEqual([graph.rows, graph.rows])
    for (const [row, at] of place)
      for (const parent of graph.parentsOfRow(row))
        if ((place.get(graph.rowAt(parent)) ?? at) >= at) expect.fail(`row ${row} is too early\n${drawGraph(graph)}`)
  }
}

describe('the event graph', () => {
  it.each(Array.from({ length: 16 }, (_, seed) => seed + 1))('answers as a plain one does, seed %i', (seed) => {
    const pair = new Pair(seed)
    for (let step = 0; step < 60; step++) {
      pair.grow(1 + (seed % 7))
      if (pair.below(15) === 0) pair.shrink()
      if (pair.below(3) === 0) pair.compare()
    }
    pair.compare()
  })

  it('draws itself', () => {
    const graph = new Graph()
    graph.append(0, 3, [])
    graph.append(1, 2, [1])
    graph.append(0, 2, [2, 4])
    expect(drawGraph(graph)).toBe(['a  a0-2 ------- a3-4<b1', 'b       b0-1<a1', 'heads a4'].join('\n'))
    expect(criticalCuts(graph)).toEqual([0, 3, 5, 8])
  })

  it('is one row while one branch goes on, and asks nothing', () => {
    const graph = new Graph()
    let asked = 0
    for (let i = 0; i < 100_000; i++) {
      const parents = i === 0 ? [] : [i - 1]
      asked += graph.unseen(0, parents).length
      graph.append(0, 1, parents)
    }
    expect(asked).toBe(0)
    expect(graph.rows).toBe(1)
    expect(graph.contains([99_999], 5)).toBe(true)
    expect(criticalCuts(graph)).toEqual([0, 100_001])
  })

  it('takes ten thousand branches at once, and joins them by 32', () => {
    const graph = new Graph()
    for (let branch = 0; branch < 10_000; branch++) {
      const unseen = graph.unseen(branch, [])
      if (branch > 0 && (unseen[1] !== branch || unseen.length > 2)) expect(unseen).toEqual([0, branch])
      graph.append(branch, 1, [])
      graph.remember(branch, unseen)
    }
    for (let branch = 0; branch < 10_000; branch++) {
      const unseen = graph.unseen(branch, [branch])
      graph.append(branch, 1, [branch])
      graph.remember(branch, unseen)
    }
    expect(graph.frontier.length).toBe(10_000)
    while (graph.frontier.length > 1) {
      const own = graph.endOf(10_000) === 0 ? [] : [graph.length - 1]
      const parents = [...new Set([...graph.frontier.slice(0, 32), ...own])]
      const unseen = graph.unseen(10_000, parents)
      graph.append(10_000, 1, parents)
      graph.remember(10_000, unseen)
    }
    expect(graph.rows).toBe(20_000 + Math.ceil(10_000 / 32))
    expect(graph.dominators(Array.from({ length: graph.length }, (_, lv) => lv))).toEqual(graph.frontier)
    expect(endsAt(graph, graph.frontier).reduce((sum, end) => sum + end, 0)).toBe(graph.length)
    expect(replayOrder(graph, 0).length).toBe(graph.rows)
    expect(criticalCuts(graph)).toEqual([0, 1, graph.length - 1, graph.length + 1])
  })
})
