// The hash chains of one document (Invariant 1: a branch's chain hash determines its bytes; FORMAT section 2).
//
//   H₋₁ = SHA-256("joinery/chain/1" ‖ docTag ‖ actor ‖ SHA-256(salt))
//   H_k = SHA-256(H_{k-1} ‖ n u16be ‖ SHA-256(M_k) ‖ SHA-256(salt_k ‖ C_k))          n ops: 256, or fewer at the end
//
// M and C are the block's structure and contents (canonical.ts). salt is that of the branch's first op, salt_k the newest one up to block k's first
// op; 16 zero bytes where there is none. Hashes of full blocks are kept; of what is behind the last one, only those asked for lately.

import { sha256 } from '@noble/hashes/sha2.js'
import { present } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import { Canonical, linksOf } from './canonical.ts'
import type { LV } from './graph.ts'
import { type ActorId, selfActor, tagBytes } from './ids.ts'
import { Kind, type Meta } from './kinds.ts'
import { forkedNames } from './split-names.ts'
import { hashBytes, logRowAt, type Source, saltBytes } from './wire.ts'

const blockOps = 256
const title = utf8('joinery/chain/1')
const zeroSalt = new Uint8Array(saltBytes)
/** Stands for the actor where the actor is to be the hash. */
const nobody = new Uint8Array(36)
/** Hashes of ends that are not those of blocks. */
const memoMax = 4096
const seqs = 2 ** 31
/** Blocks that may go on: of those who write at once. Each is a few kB; without it, every op of theirs would hash its block anew. */
const runningMax = 512

export class HashChain {
  readonly #source: Source
  readonly #docTag: Uint8Array
  readonly #branches: (BranchHashes | undefined)[] = []
  /** By branch: the block read last, which may go on. Those used lately are last. */
  readonly #running = new Map<number, Canonical>()
  /** Large values as they stand in contents, by place among the log's values. */
  readonly #values = new Map<number, Uint8Array>()
  /** By branch and end. */
  readonly #memo = new Map<number, Uint8Array>()
  readonly #step = new Uint8Array(hashBytes + 2 + hashBytes + hashBytes)
  readonly #hashOfLink = (link: LV): Uint8Array => {
    const { graph } = this.#source
    return present(
      this.#known(graph.branchAt(link), graph.seqAt(link) + 1),
      'links are hashed before what links to them',
    )
  }

  constructor(source: Source & { readonly docTag: Uint8Array }) {
    this.#source = source
    this.#docTag = source.docTag
  }

  /** The hash of a branch's first `end` ops. To be kept, not altered. */
  hashAt(branch: number, end: number): Uint8Array {
    const known = this.#known(branch, end)
    if (known !== undefined) return known
    this.#resolve(branch, end)
    const hash = this.#known(branch, end) as Uint8Array
    this.#trim()
    return hash
  }

  /** What versions and forks compare: the first 8 bytes of it. */
  tag(branch: number, end: number): Uint8Array {
    return this.hashAt(branch, end).subarray(0, tagBytes)
  }

  /**
   * The self-certifying actor of a branch's first `end` ops: their hash, with 36 zero bytes as the actor. Under whatever actor they stand here, the
   * result is the same.
   */
  initActor(branch: number, end: number): ActorId {
    return selfActor(this.hashAs(branch, end, nobody))
  }

  /** The hash that a branch's first `end` ops would have if their actor had these bytes. Only the first may link to something. */
  hashAs(branch: number, end: number, actor: Uint8Array): Uint8Array {
    const { graph } = this.#source
    for (const link of linksOf(this.#source, graph.rowAt(graph.lvOf(branch, 0))))
      this.hashAt(graph.branchAt(link), graph.seqAt(link) + 1)
    const canonical = new Canonical(this.#source, this.#values)
    let hash: Uint8Array = this.#start(branch, actor)
    let salt: Uint8Array = zeroSalt
    for (let from = 0; from < end; from += blockOps) {
      canonical.begin(branch, from)
      canonical.extend(Math.min(from + blockOps, end), this.#hashOfLink)
      hash = this.#hash(canonical, hash, salt)
      salt = canonical.lastSalt ?? salt
    }
    return hash
  }

  /** A branch that has the first `base` ops of another. */
  fork(branch: number, from: number, base: number): void {
    this.#hashesOf(branch).begin(this.#hashesOf(from), Math.floor(base / blockOps))
  }

  /** To be called when ops were taken back from graph and log. */
  truncate(): void {
    const { graph, log } = this.#source
    this.#running.clear()
    for (const place of this.#values.keys()) if (place >= log.values.length) this.#values.delete(place)
    for (let branch = 0; branch < this.#branches.length; branch++) this.#branches[branch]?.truncate(graph.endOf(branch))
    for (const key of this.#memo.keys()) if (key % seqs > graph.endOf(Math.floor(key / seqs))) this.#memo.delete(key)
  }

  #known(branch: number, end: number): Uint8Array | undefined {
    const hashes = this.#hashesOf(branch)
    if (end % blockOps === 0 && end <= hashes.count * blockOps) {
      if (end > 0) return hashes.at(end / blockOps - 1)
      hashes.start ??= this.#start(branch, this.#source.actors.bytesOf(branch))
      return hashes.start
    }
    return this.#memo.get(branch * seqs + end)
  }

  /** Computes a hash and all it needs: an explicit stack, since links lead through any number of branches and blocks. */
  #resolve(branch: number, end: number): void {
    const stack = [branch * seqs + end]
    while (stack.length > 0) {
      const task = stack[stack.length - 1] as number
      const [taskBranch, taskEnd] = [Math.floor(task / seqs), task % seqs]
      if (this.#known(taskBranch, taskEnd) !== undefined) stack.pop()
      else if (!this.#pushNeeds(taskBranch, taskEnd, stack)) {
        this.#compute(taskBranch, taskEnd)
        stack.pop()
      }
    }
  }

  /** Pushes what must be known before, lowest on top: the blocks before; else what the ops link to. Whether there was any. */
  #pushNeeds(branch: number, end: number, stack: number[]): boolean {
    const block = Math.floor((end - 1) / blockOps)
    const before = stack.length
    const { count } = this.#hashesOf(branch)
    for (let other = block; other > count; other--) stack.push(branch * seqs + other * blockOps)
    if (stack.length > before) return true
    const { graph, actors } = this.#source
    const needs: number[] = []
    const need = (lv: LV): void => {
      const [other, otherEnd] = [graph.branchAt(lv), graph.seqAt(lv) + 1]
      if (this.#known(other, otherEnd) === undefined) needs.push(other * seqs + otherEnd)
    }
    for (let seq = this.#runningAt(branch, end)?.end ?? block * blockOps; seq < end; ) {
      const lv = graph.lvOf(branch, seq)
      const row = graph.rowAt(lv)
      if (lv === graph.startOfRow(row)) linksOf(this.#source, row).forEach(need)
      if (actors.hasForks) {
        const until = Math.min(lv + end - seq, graph.endIn(branch, lv))
        for (const named of forkedNames(this.#source, branch, lv, until)) need(named)
      }
      seq += graph.endIn(branch, lv) - lv
    }
    for (let i = needs.length - 1; i >= 0; i--) stack.push(needs[i] as number)
    return needs.length > 0
  }

  #compute(branch: number, end: number): void {
    const hashes = this.#hashesOf(branch)
    const block = Math.floor((end - 1) / blockOps)
    const canonical = this.#runningAt(branch, end) ?? this.#run(branch, block * blockOps)
    canonical.extend(end, this.#hashOfLink)
    const before = this.#known(branch, block * blockOps) as Uint8Array
    const hash = this.#hash(canonical, before, hashes.saltOf(block))
    // Since blocks before are hashed first, a full one is the next one, or known.
    if (end % blockOps === 0) hashes.push(hash, canonical.lastSalt)
    else this.#memo.set(branch * seqs + end, hash)
  }

  /** The block of a branch that was read up to some op before `end`. */
  #runningAt(branch: number, end: number): Canonical | undefined {
    const running = this.#running.get(branch)
    const from = Math.floor((end - 1) / blockOps) * blockOps
    return running !== undefined && running.from === from && running.end <= end ? running : undefined
  }

  #run(branch: number, from: number): Canonical {
    let canonical = this.#running.get(branch)
    if (canonical === undefined && this.#running.size === runningMax) {
      const [oldest, freed] = this.#running.entries().next().value as [number, Canonical]
      this.#running.delete(oldest)
      canonical = freed
    }
    canonical ??= new Canonical(this.#source, this.#values)
    this.#running.delete(branch)
    this.#running.set(branch, canonical)
    canonical.begin(branch, from)
    return canonical
  }

  /** H_k of a block, or of its first part, before which the newest salt is `salt`. */
  #hash(canonical: Canonical, before: Uint8Array, salt: Uint8Array): Uint8Array {
    const step = this.#step
    const n = canonical.end - canonical.from
    step.set(before)
    step[hashBytes] = n >> 8
    step[hashBytes + 1] = n & 0xff
    step.set(canonical.metadataHash(), hashBytes + 2)
    step.set(canonical.contentsHash(canonical.firstSalt ?? salt), 2 * hashBytes + 2)
    return sha256(step)
  }

  #start(branch: number, actor: Uint8Array): Uint8Array {
    return sha256
      .create()
      .update(title)
      .update(this.#docTag)
      .update(actor)
      .update(sha256(this.#saltOfFirst(branch)))
      .digest()
  }

  #saltOfFirst(branch: number): Uint8Array {
    const { graph, log } = this.#source
    if (graph.endOf(branch) === 0) return zeroSalt
    const row = logRowAt(log, graph.lvOf(branch, 0))
    return (log.kindOf(row) === Kind.meta ? (log.values[log.bOf(row)] as Meta).salt : undefined) ?? zeroSalt
  }

  #hashesOf(branch: number): BranchHashes {
    const known = this.#branches[branch]
    if (known !== undefined) return known
    const hashes = new BranchHashes()
    while (this.#branches.length <= branch) this.#branches.push(undefined)
    this.#branches[branch] = hashes
    return hashes
  }

  #trim(): void {
    for (const key of this.#memo.keys()) {
      if (this.#memo.size <= memoMax) return
      this.#memo.delete(key)
    }
  }
}

/** The hashes of a branch's full blocks, and the salts these give to later ones. */
class BranchHashes {
  start: Uint8Array | undefined
  count = 0
  #bytes = new Uint8Array(4 * hashBytes)
  #salts: { readonly block: number; readonly salt: Uint8Array }[] = []

  at(block: number): Uint8Array {
    return this.#bytes.slice(block * hashBytes, (block + 1) * hashBytes)
  }

  /** The newest salt before a block. */
  saltOf(block: number): Uint8Array {
    return this.#salts.findLast((given) => given.block < block)?.salt ?? zeroSalt
  }

  push(hash: Uint8Array, salt: Uint8Array | undefined): void {
    if (salt !== undefined) this.#salts.push({ block: this.count, salt })
    const at = this.count++ * hashBytes
    if (at === this.#bytes.length) {
      const grown = new Uint8Array(2 * at)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(hash, at)
  }

  /** Takes the first full blocks of another branch, as far as they were hashed. */
  begin(other: BranchHashes, blocks: number): void {
    this.start = blocks > 0 ? other.start : undefined
    this.count = Math.min(other.count, blocks)
    this.#bytes = other.#bytes.slice()
    this.#salts = other.#salts.filter(({ block }) => block < this.count)
  }

  truncate(end: number): void {
    if (end === 0) this.start = undefined
    this.count = Math.min(this.count, Math.floor(end / blockOps))
    this.#salts = this.#salts.filter(({ block }) => block < this.count)
  }
}
