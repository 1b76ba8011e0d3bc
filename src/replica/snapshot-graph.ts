// The event graph of a snapshot: for each branch its segments, which are runs whose only parent is the op before, with the links of their first op.
//
//   lengths   of each segment, varint, until the branch's end is reached
//   links     of each segment: 2 × count + 1 if the branch's own op before is no parent, because a link has seen it
//   link branches, link seqs   varint; and the difference to the branch's last link to there, at least 1 (or the seq + 1, at first)
//   change ends   bits, over all ops
//
// No global order is stored (sorting ops by Lamport time would shred them); the reader makes one: branch after branch goes on as far as it can,
// and where it waits for another, that one goes on first, as far as is needed. So runs stay whole.

import { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type BitRuns, Int32Column } from '../core/columns.ts'
import { Graph, type LV } from '../core/graph.ts'
import type { Canon } from './snapshot-canon.ts'
import { BitWriter, type ColumnReader, pack, unpack } from './snapshot-columns.ts'

export function encodeSegments(canon: Canon, changeEnds: BitRuns): Uint8Array {
  const lengths = new ByteWriter()
  const links = new ByteWriter()
  const linkBranches = new ByteWriter()
  const linkSeqs = new ByteWriter()
  const ends = new ByteWriter()
  const bits = new BitWriter(ends)
  const { graph } = canon
  for (const [own, branch] of canon.branches.entries()) {
    const lastLinks = new Map<number, number>()
    const start = canon.starts[own] as number
    let length = 0
    for (let seq = start; seq < graph.endOf(branch); ) {
      const lv = graph.lvOf(branch, seq)
      const count = graph.endIn(branch, lv) - lv
      const before = seq === 0 ? -1 : graph.lvOf(branch, seq - 1)
      const parents = graph.parentsAt(lv)
      if (seq === start || parents.length !== 1 || parents[0] !== before) {
        if (seq > start) lengths.varint(length)
        length = 0
        const others = canon.sorted(parents.filter((parent) => parent !== before))
        links.varint(2 * others.length + (before >= 0 && others.length === parents.length ? 1 : 0))
        for (const other of others) {
          const index = canon.indexAt(other)
          const to = graph.seqAt(other)
          linkBranches.varint(index)
          linkSeqs.varint(to - (lastLinks.get(index) ?? -1))
          lastLinks.set(index, to)
        }
      }
      pushBits(bits, changeEnds, lv, lv + count)
      length += count
      seq += count
    }
    lengths.varint(length)
  }
  bits.end()
  return pack(lengths, links, linkBranches, linkSeqs, ends)
}

function pushBits(bits: BitWriter, from: BitRuns, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const bit = from.get(at)
    const to = Math.min(end, from.next(at, bit === 0 ? 1 : 0))
    bits.push(bit, to - at)
    at = to
  }
}

/** A branch as the table of branches tells of it. */
export interface BranchEnd {
  /** As the graph is to know it. */
  readonly branch: number
  /** How many ops it has. */
  readonly end: number
  /** Of a fork: which of these it goes on from, and how many ops it has of that; -1 and 0 of others. */
  readonly origin: number
  readonly start: number
  /** Whether its ops have Lamport 0 (FORMAT §1). */
  readonly isSelfCertifying: boolean
}

/** Segments as they were read, of all branches one after the other. */
interface Segments {
  readonly lengths: Int32Column
  readonly ownBefore: Int32Column
  /** Where a segment's links begin; they end where the next one's begin. */
  readonly linksAt: Int32Column
  readonly linkBranches: Int32Column
  readonly linkSeqs: Int32Column
  /** By branch, its first segment; one more at the end. */
  readonly first: Int32Column
}

/** Builds the graph, and says of each op in the order of LVs whether it ends a change. */
export function decodeSegments(bytes: Uint8Array, branches: readonly BranchEnd[], changeEnds: BitRuns): Graph {
  const [lengths, links, linkBranches, linkSeqs, ends] = unpack(bytes, 5) as [
    ColumnReader,
    ColumnReader,
    ColumnReader,
    ColumnReader,
    ColumnReader,
  ]
  const segments = readSegments(branches, lengths, links, linkBranches, linkSeqs)
  for (const reader of [lengths, links, linkBranches, linkSeqs]) reader.end()
  const flips = readFlips(ends, branches)
  return new Merge(segments, branches, flips, changeEnds).run()
}

function readSegments(
  branches: readonly BranchEnd[],
  lengths: ColumnReader,
  links: ColumnReader,
  linkBranches: ColumnReader,
  linkSeqs: ColumnReader,
): Segments {
  const out: Segments = {
    lengths: new Int32Column(),
    ownBefore: new Int32Column(),
    linksAt: new Int32Column(),
    linkBranches: new Int32Column(),
    linkSeqs: new Int32Column(),
    first: new Int32Column(),
  }
  for (const [own, { start, end }] of branches.entries()) {
    out.first.push(out.lengths.length)
    const lastLinks = new Map<number, number>()
    for (let seq = start; seq < end; ) {
      const length = lengths.varint(end - seq)
      if (length === 0) throw new JoineryError('bad-message', 'a segment has no ops')
      const code = links.varint(2 * limits.links + 1)
      const count = code >> 1
      if (code === 1 || (code % 2 === 1 && seq === 0))
        throw new JoineryError('bad-message', 'a segment without its parent')
      if (seq > start && code === 0) throw new JoineryError('bad-message', 'a segment that goes on is cut')
      out.lengths.push(length)
      out.ownBefore.push(seq > 0 && code % 2 === 0 ? 1 : 0)
      out.linksAt.push(out.linkBranches.length)
      let lastIndex = -1
      for (let i = 0; i < count; i++) {
        const index = linkBranches.varint(branches.length - 1)
        if (index <= lastIndex || index === own) throw new JoineryError('bad-message', 'links are not in order')
        lastIndex = index
        const to = (lastLinks.get(index) ?? -1) + linkSeqs.varint(limits.seq)
        if (to >= (branches[index] as BranchEnd).end || to < 0)
          throw new JoineryError('bad-message', `no op ${to} is there to link`)
        lastLinks.set(index, to)
        out.linkBranches.push(index)
        out.linkSeqs.push(to)
      }
      seq += length
    }
  }
  out.first.push(out.lengths.length)
  out.linksAt.push(out.linkBranches.length)
  return out
}

/** Where the change-end bit flips, over all ops in canonical order. */
function readFlips(ends: ColumnReader, branches: readonly BranchEnd[]): Int32Column {
  const total = branches.reduce((sum, { start, end }) => sum + end - start, 0)
  const flips = new Int32Column()
  let at = 0
  while (ends.left > 0) {
    const count = ends.varint(total - at)
    if (count === 0 && flips.length > 0) throw new JoineryError('bad-message', 'an empty run of bits')
    at += count
    flips.push(at)
  }
  if (at !== total) throw new JoineryError('bad-message', `${at} bits for ${total} ops`)
  return flips
}

/** One topological merge over segments. */
class Merge {
  readonly #segments: Segments
  readonly #branches: readonly BranchEnd[]
  readonly #graph = new Graph()
  readonly #changeEnds: BitRuns
  readonly #flips: Int32Column
  /** By branch: the next segment, how many ops are in the graph, the first op in canonical order, and the next flip of bits. */
  readonly #next: Int32Array
  readonly #done: Int32Array
  readonly #at: Int32Array
  readonly #flip: Int32Array

  constructor(segments: Segments, branches: readonly BranchEnd[], flips: Int32Column, changeEnds: BitRuns) {
    this.#segments = segments
    this.#branches = branches
    this.#flips = flips
    this.#changeEnds = changeEnds
    this.#next = segments.first.data.slice(0, branches.length)
    this.#done = new Int32Array(branches.length)
    this.#at = new Int32Array(branches.length)
    this.#flip = new Int32Array(branches.length)
    let at = 0
    let flip = 0
    for (const [index, { start, end }] of branches.entries()) {
      this.#at[index] = at - start
      this.#done[index] = start
      while (flip < flips.length && flips.at(flip) <= at) flip++
      this.#flip[index] = flip
      at += end - start
    }
  }

  run(): Graph {
    for (const [index, { end }] of this.#branches.entries()) this.#advance(index, end)
    return this.#graph
  }

  /** Takes a branch to at least `end` ops, and what it needs before. Those that wait stand on a stack, which is no deeper than there are branches. */
  #advance(first: number, end: number): void {
    const waiting = [first]
    const goals = [end]
    const isWaiting = new Set(waiting)
    while (waiting.length > 0) {
      const index = waiting[waiting.length - 1] as number
      if ((this.#done[index] as number) >= (goals[goals.length - 1] as number)) {
        waiting.pop()
        goals.pop()
        isWaiting.delete(index)
        continue
      }
      const { origin, start } = this.#branches[index] as BranchEnd
      const lacksOrigin = origin >= 0 && (this.#done[origin] as number) < start
      const link = lacksOrigin ? -1 : this.#missingLink(this.#next[index] as number)
      if (link < 0 && !lacksOrigin) {
        this.#append(index)
        continue
      }
      const other = lacksOrigin ? origin : this.#segments.linkBranches.at(link)
      if (isWaiting.has(other)) throw new JoineryError('bad-message', 'ops that wait for each other')
      waiting.push(other)
      goals.push(lacksOrigin ? start : this.#segments.linkSeqs.at(link) + 1)
      isWaiting.add(other)
    }
  }

  #missingLink(segment: number): number {
    const { linksAt, linkBranches, linkSeqs } = this.#segments
    for (let link = linksAt.at(segment); link < linksAt.at(segment + 1); link++)
      if ((this.#done[linkBranches.at(link)] as number) <= linkSeqs.at(link)) return link
    return -1
  }

  #append(index: number): void {
    const { lengths, ownBefore, linksAt, linkBranches, linkSeqs } = this.#segments
    const segment = this.#next[index] as number
    const { branch, isSelfCertifying, origin, start } = this.#branches[index] as BranchEnd
    const done = this.#done[index] as number
    if (origin >= 0 && done === start) this.#graph.fork(branch, (this.#branches[origin] as BranchEnd).branch, start)
    const parents: LV[] = ownBefore.at(segment) === 1 ? [this.#graph.lvOf(branch, done - 1)] : []
    for (let link = linksAt.at(segment); link < linksAt.at(segment + 1); link++)
      parents.push(this.#graph.lvOf((this.#branches[linkBranches.at(link)] as BranchEnd).branch, linkSeqs.at(link)))
    const length = lengths.at(segment)
    this.#graph.append(
      branch,
      length,
      parents.sort((a, b) => a - b),
      isSelfCertifying ? 0 : undefined,
    )
    this.#pushBits(index, done, length)
    this.#next[index] = segment + 1
    this.#done[index] = done + length
  }

  #pushBits(index: number, done: number, length: number): void {
    let at = (this.#at[index] as number) + done
    let flip = this.#flip[index] as number
    for (const end = at + length; at < end; ) {
      while (flip < this.#flips.length && this.#flips.at(flip) <= at) flip++
      const to = Math.min(end, this.#flips.at(flip))
      this.#changeEnds.push((flip & 1) as 0 | 1, to - at)
      at = to
    }
    this.#flip[index] = flip
  }
}
