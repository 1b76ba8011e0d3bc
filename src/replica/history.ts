// All that happened in one document, as its replica holds it: who, what, in which order, and how each actor's chain stands. It says how the
// pieces that travel and rest are cut from it; who may have them is decided elsewhere (serving.ts), what they mean too (crdt/).

import { assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import { Actors } from '../core/actors.ts'
import { Forks } from '../core/forks.ts'
import { Graph, type LV } from '../core/graph.ts'
import { checkGraph, drawGraph } from '../core/graph-draw.ts'
import { HashChain } from '../core/hash-chain.ts'
import { type ActorId, type BranchId, isSelfCertifying } from '../core/ids.ts'
import { Kind, type Meta } from '../core/kinds.ts'
import { OpLog } from '../core/op-log.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import { placeBefore, rootBranch, type WirePlace } from '../core/wire.ts'
import { encodeBody } from '../core/wire-encoder.ts'
import { rangeBytes, SignedTips } from './signed-tips.ts'
import { type BranchContext, hasPlace } from './snapshot-branches.ts'
import type { OpenedSnapshot } from './snapshot-open.ts'
import type { Stop } from './snapshot-stops.ts'
import type { SnapshotTip } from './snapshot-tips.ts'
import { Weights } from './weights.ts'

const unsigned = new Uint8Array(0)

export class History {
  readonly actors: Actors
  readonly graph: Graph
  readonly log: OpLog
  readonly chain: HashChain
  /** Which actors have several branches, and what these are called. */
  readonly forks: Forks
  readonly #tips: (SignedTips | undefined)[] = []
  readonly #weights: (Weights | undefined)[] = []
  readonly #inits: boolean[] = []
  readonly #stops = new Map<number, number>()
  /** By branch: what the ops of a loaded snapshot end in, so that history need not be decoded to go on. */
  readonly #contexts: ReadonlyMap<number, BranchContext> | undefined
  /** By branch: when it said what time it was. */
  #times: ({ readonly seq: number; readonly time: number }[] | undefined)[] = []
  /** The content of what was loaded was dropped. */
  readonly #isLive: boolean
  /** Of a loaded snapshot only the newest times are known until somebody asks for others. */
  #hasAllTimes: boolean

  /** `loaded` is what a snapshot gave, if it begins with one. */
  constructor(
    docTag: Uint8Array,
    loaded?: Pick<OpenedSnapshot, 'actors' | 'graph' | 'log' | 'contexts' | 'tips' | 'stops' | 'isLive'>,
  ) {
    this.actors = loaded?.actors ?? new Actors()
    this.graph = loaded?.graph ?? new Graph()
    this.log = loaded?.log ?? new OpLog()
    this.#contexts = loaded?.contexts
    this.#hasAllTimes = loaded === undefined
    this.#isLive = loaded?.isLive ?? false
    for (const [branch, { time }] of loaded?.contexts ?? [])
      if (time !== undefined) this.#times[branch] = [{ seq: 0, time }]
    this.chain = new HashChain({ docTag, graph: this.graph, log: this.log, actors: this.actors })
    this.forks = new Forks(this.graph, this.log, this.actors, this.chain)
    if (this.graph.mayHaveCuts) this.#keepCited()
    for (const { branch, seq } of loaded?.stops ?? []) this.#stops.set(branch, seq)
    for (const { branch, end, signature } of loaded?.tips ?? [])
      for (const one of this.graph.familyOf(branch))
        if (this.graph.common(one, branch) >= end) this.tips(one).add(end, signature)
  }

  /** Where the ops begin that are held and not merged, because only a newer joinery knows what they mean or what they build on: by branch. */
  get stops(): readonly Stop[] {
    return [...this.#stops].map(([branch, seq]) => ({ branch, seq }))
  }

  /** Whether something is held and not merged. */
  get isStopping(): boolean {
    return this.#stops.size > 0
  }

  /** Whether an op is held and not merged. */
  isStopped(lv: LV): boolean {
    if (this.#stops.size === 0) return false
    return this.graph.seqAt(lv) >= (this.#stops.get(this.graph.branchAt(lv)) ?? Number.POSITIVE_INFINITY)
  }

  /** Ops from `start` on, the newest, are held and not merged: for whatever goes through the log they count for nothing, as if they were void. */
  stop(start: LV): void {
    const { graph, log } = this
    const branch = graph.branchAt(start)
    if (!this.#stops.has(branch)) this.#stops.set(branch, graph.seqAt(start))
    log.markVoid(start, log.length)
  }

  /** What is merged: all that is held, but for what is stopped. */
  get merged(): Version {
    if (this.#stops.size === 0) return this.version
    const version = new Map(this.version)
    for (const [branch, seq] of this.#stops)
      if (seq <= this.graph.baseOf(branch)) version.delete(this.forks.idOf(branch))
      else version.set(this.forks.idOf(branch), seq)
    return version
  }

  /** Forgets ops from `length` on, which were the newest. */
  truncate(length: LV, frontier: readonly LV[], units: number, values: number): void {
    this.graph.truncate(length, frontier)
    this.log.truncate(length, units, values)
    this.chain.truncate()
    for (const [branch, seq] of this.#stops) if (seq >= this.graph.endOf(branch)) this.#stops.delete(branch)
  }

  /** The branch of an actor, or of one of its continuations; -1 if it was never named here. */
  branchOf(id: BranchId): number {
    return this.forks.find(id)
  }

  /** How many ops of an actor are held: of its longest branch. */
  endOf(name: ActorId): number {
    const first = this.actors.find(name)
    if (first === undefined) return 0
    if (!this.actors.isForked(first)) return this.graph.endOf(first)
    return Math.max(...this.actors.branchesOf(first).map((branch) => this.graph.endOf(branch)))
  }

  /** Begins another branch of an actor, which has the first `base` ops of one that is here: whole changes. */
  fork(from: number, base: number): number {
    this.log.thaw()
    const branch = this.actors.fork(from)
    this.graph.fork(branch, from, base)
    this.chain.fork(branch, from, base)
    const { count } = this.tips(from)
    for (let i = 0; i < count && this.tips(from).endOf(i) <= base; i++)
      this.tips(branch).add(this.tips(from).endOf(i), this.tips(from).signatureOf(i))
    return branch
  }

  /** Takes that back: the newest fork, of which no ops are held. */
  unfork(branch: number): void {
    this.graph.unfork(branch)
    this.actors.unfork(branch)
    this.chain.truncate()
    this.forks.forget(branch)
    for (const list of [this.#tips, this.#weights, this.#times, this.#inits])
      if (list.length > branch) list.length = branch
  }

  /** Whether what an op says is known: not where it was dropped, nor while it is in a snapshot that nobody has had to read. */
  isKnown(lv: LV): boolean {
    return lv >= this.log.base || (this.log.isWhole && !this.#isLive)
  }

  isInit(branch: number): boolean {
    const known = this.#inits[branch]
    if (known !== undefined) return known
    const isInit = isSelfCertifying(this.actors.nameOf(branch))
    this.#inits[branch] = isInit
    return isInit
  }

  get version(): Version {
    const version = new Map<BranchId, number>()
    for (let branch = 0; branch < this.graph.branches; branch++) {
      const end = this.graph.endOf(branch)
      if (end > this.graph.baseOf(branch)) version.set(this.forks.idOf(branch), end)
    }
    return version
  }

  tips(branch: number): SignedTips {
    const known = this.#tips[branch]
    if (known !== undefined) return known
    const tips = new SignedTips((end) => this.weights(branch).at(end))
    this.#tips[branch] = tips
    return tips
  }

  weights(branch: number): Weights {
    const known = this.#weights[branch]
    if (known !== undefined) return known
    const weights = new Weights(this.graph, this.log, branch)
    this.#weights[branch] = weights
    return weights
  }

  /** Throws with a picture if an invariant is broken. */
  check(): void {
    const { graph, log } = this
    checkGraph(graph)
    assert(
      graph.length === log.length,
      `Invariant 4: the graph has ${graph.length} ops, the log ${log.length}\n${this.draw()}`,
    )
    assert(log.changeEnds.length === log.length, 'each op ends a change or does not')
  }

  /** The event graph as a picture: a line for each actor, by the beginning of its name. */
  draw(): string {
    return drawGraph(this.graph, (branch) => `${this.actors.nameOf(branch).slice(0, 8)}:`)
  }

  /** The chain's hash after the first `end` ops of a branch. */
  hashAt(branch: number, end: number): Uint8Array {
    return this.chain.hashAt(branch, end)
  }

  /** Whether a change of the branch ends after its first `seq` ops. */
  endsChange(branch: number, seq: number): boolean {
    return seq === 0 || this.log.changeEnds.get(this.graph.lvOf(branch, seq - 1)) === 1
  }

  /** The greatest end of a change at or below `seq`; 0 if there is none. */
  changeEndAtMost(branch: number, seq: number): number {
    const end = Math.min(seq, this.graph.endOf(branch))
    if (end <= 0) return 0
    const lv = this.graph.lvOf(branch, end - 1)
    // The ops of a change are neighbours: what ends before it, of whomever, is where it begins.
    return end - (lv - this.log.changeEnds.previous(lv, 1))
  }

  /** The least end of a change above `seq`; -1 if there is none. */
  changeEndAfter(branch: number, seq: number): number {
    if (seq >= this.graph.endOf(branch)) return -1
    const lv = this.graph.lvOf(branch, seq)
    return seq + this.log.changeEnds.next(lv, 1) - lv + 1
  }

  /** Where a branch's newest op before `seq` ended: what its next body may refer to. */
  placeBefore(branch: number, seq: number): WirePlace {
    const context = this.log.isWhole || seq === 0 ? undefined : this.#contexts?.get(branch)
    if (context === undefined || this.graph.lvOf(branch, seq - 1) >= this.log.base)
      return placeBefore(this, branch, seq)
    if (seq < this.graph.endOf(branch) && this.graph.lvOf(branch, seq) < this.log.base)
      return placeBefore(this, branch, seq)
    const { container } = context
    const position = hasPlace(context.kind) ? context.next : 0
    if (container < 0) return { branch: rootBranch, seq: 0, position }
    return { branch: this.graph.branchAt(container), seq: this.graph.seqAt(container), position }
  }

  /** Where the piece that begins at `from` is to be cut, so that any reader takes it: at most 2^20 ops and about 4 MiB, or one change. */
  pieceEnd(branch: number, from: number, to: number): number {
    const most = Math.min(to, from + limits.changeOps)
    const fits = this.weights(branch).reach(from, most, rangeBytes)
    const end = this.changeEndAtMost(branch, fits)
    return end > from ? end : this.changeEndAfter(branch, from)
  }

  /** The newest wall time an actor wrote, in milliseconds. */
  timeOf(branch: number): number | undefined {
    return this.#times[branch]?.at(-1)?.time ?? this.#timeBefore(branch, Number.POSITIVE_INFINITY)
  }

  /** The newest wall time an actor had written when it made an op. */
  timeAt(branch: number, seq: number): number | undefined {
    if (!this.#hasAllTimes) this.#readTimes()
    const times = this.#times[branch] ?? []
    let low = 0
    let high = times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((times[middle]?.seq ?? 0) <= seq) low = middle + 1
      else high = middle
    }
    return times[low - 1]?.time ?? this.#timeBefore(branch, seq)
  }

  /** What time it was in the ops that a fork shares with another branch, up to `seq`. */
  #timeBefore(branch: number, seq: number): number | undefined {
    const from = this.graph.forkedFrom(branch)
    return from < 0 ? undefined : this.timeAt(from, Math.min(seq, this.graph.baseOf(branch) - 1))
  }

  /** Takes note of what the ops [start, end) of a branch say besides edits. */
  noteMetas(branch: number, start: LV, end: LV): void {
    const { log, graph } = this
    for (let row = log.rowAt(start), lv = start; lv < end; lv = log.endOf(row), row++) {
      if (log.kindOf(row) !== Kind.meta) continue
      const { time } = log.values[log.bOf(row)] as Meta
      if (time === undefined) continue
      const times = this.#times[branch] ?? []
      this.#times[branch] = times
      times.push({ seq: graph.seqAt(lv), time })
    }
  }

  /** Tips that cuts are about stay. */
  #keepCited(): void {
    for (let row = 0; row < this.graph.rows; row++)
      if (this.graph.lamportAt(this.graph.startOfRow(row)) === 0)
        for (const link of this.graph.parentsOfRow(row)) this.keepCited(link)
  }

  /** A cut is about this op. */
  keepCited(link: LV): void {
    this.tips(this.graph.branchAt(link)).keep(this.graph.seqAt(link) + 1)
  }

  #readTimes(): void {
    this.#hasAllTimes = true
    this.#times = []
    const { log, graph } = this
    log.thaw()
    for (let row = 0; row < log.count; row++)
      if (log.kindOf(row) === Kind.meta)
        this.noteMetas(graph.branchAt(log.startOf(row)), log.startOf(row), log.endOf(row))
  }

  /** Signed tips for a snapshot: the newest of each actor, and some before it. */
  sparseTips(): SnapshotTip[] {
    const out: SnapshotTip[] = []
    for (let branch = 0; branch < this.graph.branches; branch++)
      for (const { end, signature } of this.tips(branch).sparse())
        if (end > this.graph.baseOf(branch)) out.push({ branch, end, hash: this.hashAt(branch, end), signature })
    return out
  }

  /** Everything held, by actor, in pieces that end at these tips; what is behind the last one is without a hash. */
  piecesAt(tips: readonly SnapshotTip[]): SignedRange[] {
    const { graph, actors } = this
    const branches: number[] = []
    for (let branch = 0; branch < graph.branches; branch++)
      if (graph.endOf(branch) > graph.baseOf(branch)) branches.push(branch)
    const ranges: SignedRange[] = []
    for (const branch of branches.sort(actors.compare)) {
      const own = tips.filter((tip) => tip.branch === branch)
      for (let from = graph.baseOf(branch), end = graph.endOf(branch); from < end; ) {
        const tip = own.find((one) => one.end > from)
        const to = this.pieceEnd(branch, from, tip?.end ?? end)
        const body = this.body(branch, from, to)
        const { hash = unsigned, signature = unsigned } = tip?.end === to ? tip : {}
        const before = this.#baseAt(branch, from)
        ranges.push({
          actor: actors.nameOf(branch),
          fromSeq: from,
          endSeq: to,
          body,
          tipHash: hash,
          signature,
          ...before,
        })
        from = to
      }
    }
    return ranges
  }

  body(branch: number, from: number, to: number): Uint8Array {
    return encodeBody(this, branch, from, to, 'following', 'full')
  }

  /** Ops [from, to) of a branch, which are whole changes, with the signature of their tip if there is one. */
  range(branch: number, from: number, to: number): SignedRange {
    assert(from < to && this.endsChange(branch, from) && this.endsChange(branch, to), `no changes are [${from}, ${to})`)
    return {
      actor: this.actors.nameOf(branch),
      fromSeq: from,
      endSeq: to,
      body: this.body(branch, from, to),
      tipHash: this.hashAt(branch, to),
      signature: this.tips(branch).signatureAt(to) ?? unsigned,
      ...this.#baseAt(branch, from),
    }
  }

  /** What a range of a forked actor says of what it goes on from. */
  #baseAt(branch: number, from: number): { readonly base?: Uint8Array } {
    return from > 0 && this.actors.isForked(branch) ? { base: this.chain.tag(branch, from).slice() } : {}
  }
}
