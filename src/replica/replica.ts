// One copy of one document on one peer, and the one door (Invariant 4): whatever was typed here, gossiped, reconciled or loaded enters by
// receive(). Pure and synchronous; who signs, stores and sends stands above.
//
//   receive ─► own predecessor held? ─ no ─► causal buffer
//                    │ yes
//              decode beside the log, recompute the chain, compare with the tip ─ differs ─► refused
//                    │
//                  held ─► everything its author saw merged? ─ no ─► waits
//                                   │ yes
//                                merged ─► value, patches

import { assert, present } from '../base/assert.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { noTrace, type Trace } from '../base/trace.ts'
import { Actors } from '../core/actors.ts'
import { canonicalChange } from '../core/body.ts'
import { CausalBuffer } from '../core/buffer.ts'
import { chainNext, chainStart, initActor } from '../core/chain.ts'
import { type ActorId, compareDots, type Dot, ownerOf } from '../core/ids.ts'
import { type Branch, type Held, heldChange, Log } from '../core/log.ts'
import type { Change, Ref } from '../core/op.ts'
import type { SignedRange } from '../core/range.ts'
import { Seen } from '../core/seen.ts'
import type { Version } from '../core/version.ts'
import { Document } from '../crdt/document.ts'
import { rootDraft, Session } from '../crdt/draft.ts'
import { exportValue } from '../crdt/export.ts'
import { checkText, readPlan } from '../crdt/input.ts'
import type { Patch, PatchEvent } from '../crdt/patch.ts'
import { Recorder } from '../crdt/recorder.ts'
import type { Draft, Value } from '../crdt/types.ts'
import { Merger, type Standing, stampAt } from './merger.ts'
import { type Cuts, digestOf, type Served, servedRanges, servedVersion } from './serve.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'

export type Origin = 'local' | 'gossip' | 'sync' | 'store' | 'tab'

export interface ReplicaOptions {
  /** Names the document in its chains: the same on every peer, unlike for every two documents. */
  readonly docTag: Uint8Array
  readonly actor: ActorId
  /** Wall time in milliseconds, for people to read in the history. */
  readonly now: () => number
  readonly trace?: Trace
}

export interface Refusal {
  readonly range: SignedRange
  readonly error: JoineryError
}

/** What came of receiving. */
export interface Received {
  /** What is newly held, trimmed to what is new: to be journaled. */
  readonly held: readonly SignedRange[]
  /** How many ops were merged into the value. */
  readonly merged: number
  /** One for each change that altered the value; only if `listening`. */
  readonly events: readonly PatchEvent[]
  readonly refused: readonly Refusal[]
  /** Whether `value` may be another one now. */
  readonly changed: boolean
}

/** What waits for ops that are not here. */
export interface Pending {
  readonly ops: number
  readonly bytes: number
  readonly missing: readonly Dot[]
}

/** The end of an actor's chain: `seq` ops, and the hash after the last. */
export interface Tip {
  readonly seq: number
  readonly hash: Uint8Array
}

/** Changes that await a signature over their tip. */
export interface Unsigned extends Omit<SignedRange, 'actor' | 'signature'> {}

/** A local change that is already in the document when it comes to the door. */
interface Prepared {
  readonly range: SignedRange
  readonly held: Held
  readonly patches: readonly Patch[]
}

/** What one receive() gathers. */
interface Gathering {
  readonly origin: Origin
  /** Branches that grew, and how many changes they had held before. */
  readonly grown: Map<Branch, number>
  readonly events: PatchEvent[]
  readonly refused: Refusal[]
  merged: number
}

/** Wall time is written when it moved by more than this. */
const timeStepMs = 60_000
/** A waiting change takes about so much more memory than its bytes. */
const waitingOverhead = 256

export class Replica<T = unknown> {
  /** Patches are made only while this is true. */
  listening = false
  readonly #docTag: Uint8Array
  readonly #now: () => number
  readonly #trace: Trace
  readonly #actors = new Actors()
  readonly #log: Log
  readonly #document = new Document(this.#actors.compare)
  readonly #buffer = new CausalBuffer()
  readonly #merger: Merger
  #actor: ActorId
  #gathering: Gathering | undefined
  #prepared: readonly Prepared[] = []
  #recording = false
  #waiting = { ops: 0, bytes: 0 }

  constructor({ docTag, actor, now, trace = noTrace }: ReplicaOptions) {
    assert(ownerOf(actor).kind !== 0, 'a self-certifying actor makes no changes')
    this.#docTag = docTag
    this.#actor = actor
    this.#now = now
    this.#trace = trace
    this.#log = new Log(docTag, this.#actors)
    this.#merger = new Merger(this.#log, this.#document, {
      merged: (branch, held) => this.#onMerged(branch, held),
      malformed: (branch, error) => this.#onMalformed(branch, error),
    })
  }

  /** Immutable and structurally shared: the same reference until it changes. */
  get value(): Value<T> {
    return this.#document.value as Value<T>
  }

  /** What is held. */
  get version(): Version {
    return this.#versionOf((branch) => branch.end)
  }

  /** What is merged: what new changes build on. */
  get merged(): Version {
    return this.#versionOf((branch) => branch.merged)
  }

  get pending(): Pending {
    const links = this.#merger.unmet().filter((link) => this.#log.endOf(link.actor) <= link.seq)
    const dots = new Map<string, Dot>()
    for (const { actor, seq } of links) {
      const dot = { actor: this.#actors.nameOf(actor), seq }
      dots.set(`${dot.actor} ${seq}`, dot)
    }
    for (const dot of this.#buffer.missing(this.#heldOf)) dots.set(`${dot.actor} ${dot.seq}`, dot)
    return {
      ops: this.#buffer.ops + this.#waiting.ops,
      bytes: this.#buffer.bytes + this.#waiting.bytes,
      missing: [...dots.values()].sort(compareDots),
    }
  }

  /** Whether all that came is held, and so in a snapshot: nothing is in the causal buffer. What is held may still wait to be merged. */
  get holdsAll(): boolean {
    return this.#buffer.ops === 0
  }

  /** The ops that something here waits for. */
  get missing(): readonly Dot[] {
    return this.pending.missing
  }

  /**
   * The door. Ranges come in any order, any batching and again and again (Invariant 5). Whoever calls has verified the signatures
   * (Invariant 12); what a range says is checked here, and one that cannot be taken is refused by itself, in the result.
   */
  receive(ranges: readonly SignedRange[], { origin }: { readonly origin: Origin }): Received {
    if (this.#recording) throw new JoineryError('bad-change', 'ops cannot be received inside a change function')
    assert(this.#gathering === undefined, 'receive is not called from within itself')
    const before = this.#document.root.cache
    const gathering: Gathering = { origin, grown: new Map(), events: [], refused: [], merged: 0 }
    this.#gathering = gathering
    this.#document.patches = this.listening ? [] : undefined
    try {
      for (const range of ranges) this.#take(range)
    } finally {
      this.#gathering = undefined
    }
    const { events, refused, merged } = gathering
    const changed = merged > 0 && (before === undefined || this.#document.root.cache !== before)
    return { held: this.#newlyHeld(gathering), merged, events, refused, changed }
  }

  /**
   * Runs `fn` on a draft and records what it did as one change. Synchronous and atomic: if `fn` throws, nothing happened. The result is passed
   * on, with drafts in it turned into values. Errors: 'bad-change' | 'bad-value' | 'limit'.
   */
  change<R>(
    fn: (draft: Draft<T>) => R,
    options: { readonly message?: string } = {},
  ): { readonly result: R; readonly received: Received } {
    if (this.#recording) throw new JoineryError('bad-change', 'a change function cannot begin another change')
    assert(this.#gathering === undefined, 'a change is not made from within receive')
    const branch = this.#log.branchOf(this.#actor) ?? this.#log.newBranch(this.#actor)
    this.#checkOwn(branch)
    const groups = this.#headGroups(branch)
    const prepared: Prepared[] = []
    for (const links of groups.slice(0, -1)) prepared.push(this.#joinHeads(branch, prepared.at(-1)?.held, links))
    const { result, last } = this.#record(branch, prepared.at(-1)?.held, groups.at(-1) ?? [], fn, options.message)
    if (last === undefined) return { result, received: nothingReceived }
    return { result, received: this.#enter([...prepared, last]) }
  }

  /**
   * Gives an empty document its first value. The change is the same on every peer that gives the same value, so all begin as one. A no-op in a
   * document that holds anything. Errors: 'bad-value'.
   */
  init(value: object): Received {
    if (this.version.size > 0 || this.#buffer.ops > 0) return nothingReceived
    const plan = readPlan(value, [], 0, () => undefined)
    if (plan.type !== 'map') throw new JoineryError('bad-value', 'a document begins as a plain object')
    // Recorded beside the document, by an actor without a name: the bytes name the actor.
    const document = new Document((a, b) => a - b)
    const recorder = new Recorder(document, 0, (seq) => ({ actor: 0, seq, lamport: 0, base: Seen.nothing }))
    for (const [key, item] of [...plan.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
      recorder.setKey(document.root, key, item)
    if (recorder.count === 0) return nothingReceived
    const { ops, count } = recorder
    const change: Change = { seq: 0, count, links: [], time: undefined, message: undefined, ops }
    const canonical = canonicalChange(change, 0, this.#actors)
    const actor = initActor(canonical)
    const tipHash = chainNext(chainStart(this.#docTag, actor), canonical)
    const range = { actor, fromSeq: 0, endSeq: count, body: canonical, tipHash, signature: new Uint8Array(0) }
    const received = this.receive([range], { origin: 'local' })
    const [refusal] = received.refused
    if (refusal !== undefined) throw refusal.error
    return received
  }

  /** Who writes from now on. */
  setActor(actor: ActorId): void {
    if (this.#recording) throw new JoineryError('bad-change', 'the actor cannot change inside a change function')
    this.#actor = actor
  }

  /** The end of what is held of an actor, or of its first `seq` ops if a change ends there. */
  tip(actor: ActorId, seq?: number): Tip | undefined {
    const branch = this.#log.branchOf(actor)
    const at = seq ?? branch?.end ?? 0
    const hash = at === 0 ? undefined : branch?.hashAt(at)
    return hash === undefined ? undefined : { seq: at, hash }
  }

  /** The newest tip of an actor that it has signed. */
  signedTip(actor: ActorId): (Tip & { readonly signature: Uint8Array }) | undefined {
    const branch = this.#log.branchOf(actor)
    const tip = branch?.tips.at(-1)
    const hash = tip === undefined ? undefined : branch?.hashAt(tip.end)
    return tip === undefined || hash === undefined ? undefined : { seq: tip.end, hash, signature: tip.signature }
  }

  /** What an actor made after its newest signed tip, or after `since`: at most 2^20 ops, so ask again until there is nothing. */
  unsigned(actor: ActorId, since?: number): Unsigned | undefined {
    const branch = this.#log.branchOf(actor)
    if (branch === undefined || branch.isInit) return undefined
    const from = branch.countAt(since ?? branch.tips.at(-1)?.end ?? 0)
    if (from === branch.changes.length) return undefined
    const fromSeq = branch.changes[from]?.seq ?? 0
    const [large = from + 1] = branch.cuts(from, branch.changes.length)
    const to = Math.max(from + 1, Math.min(large, branch.countAt(fromSeq + limits.changeOps)))
    const { endSeq, body, tipHash } = this.#log.range(branch, from, to)
    return { fromSeq, endSeq, body, tipHash }
  }

  /** Records an actor's signature of the tip after `endSeq` ops. */
  sign(actor: ActorId, endSeq: number, signature: Uint8Array): void {
    assert(signature.length === 64, `a signature has 64 bytes, not ${signature.length}`)
    present(this.#log.branchOf(actor), `nothing of ${actor} is held`).addTip(endSeq, signature)
  }

  /** What of `upTo` may leave: signed tips at or below it, and the init changes these build on. This is the version to state to peers. */
  served(upTo: Version, cuts: Cuts = 'signed'): Version {
    return servedVersion(this.#log, upTo, cuts)
  }

  /** What a holder of `since` lacks of what may leave of `upTo`: near `maxBytes`, at least one range, parents first where tips allow it. */
  rangesSince(since: Version, upTo: Version, maxBytes: number, cuts: Cuts = 'signed'): Served {
    return servedRanges(this.#log, since, this.served(upTo, cuts), maxBytes, cuts)
  }

  /** Equal on two replicas exactly if what may leave them is equal. */
  digest(upTo: Version): Uint8Array {
    return digestOf(this.#log, this.served(upTo))
  }

  /** Everything held. Without signatures, equal sets of ops give equal bytes (Invariant 6). */
  snapshot({ signatures = true }: { readonly signatures?: boolean } = {}): Uint8Array {
    return encodeSnapshot(this.#log, signatures)
  }

  /** What a snapshot holds: to be received, with the origin 'store'. Errors: 'bad-message' | 'store-newer'. */
  static ranges(snapshot: Uint8Array): readonly SignedRange[] {
    return decodeSnapshot(snapshot)
  }

  /** The value as plain JSON. */
  export(): unknown {
    return exportValue(this.#document.value)
  }

  /** Throws with a picture if an invariant is broken. */
  check(): void {
    const picture = (): string =>
      [...this.#log.branches.values()].map((b) => `${b.name}: ${b.merged} of ${b.end}`).join(', ')
    for (const branch of this.#log.branches.values()) {
      let end = 0
      let hash = branch.start
      for (const [i, held] of branch.changes.entries()) {
        assert(held.seq === end, `Invariant 2: ${branch.name} has ${held.seq} after ${end} (${picture()})`)
        hash = chainNext(hash, held.canonical)
        assert(
          hash.every((byte, at) => byte === held.hash[at]),
          `Invariant 1: the chain of ${branch.name} at ${held.end}`,
        )
        const isMet = held.links.every((link) => this.#merger.mergedOf(link.actor) > link.seq)
        assert(
          isMet || i >= branch.mergedChanges,
          `Invariant 3: ${branch.name} ${held.seq} was merged too early (${picture()})`,
        )
        end = held.end
      }
    }
    for (const [actor, seq] of this.#merger.heads)
      for (const branch of this.#log.branches.values()) {
        const base = branch.changes[branch.mergedChanges - 1]?.base
        assert(
          branch.actor === actor || base === undefined || base.get(actor) <= seq,
          `a head of ${this.#actors.nameOf(actor)} was seen`,
        )
      }
    this.#document.check()
  }

  readonly #heldOf = (actor: ActorId): number => this.#log.branchOf(actor)?.end ?? 0

  #versionOf(seqOf: (branch: Branch) => number): Version {
    const version = new Map<ActorId, number>()
    for (const branch of this.#log.branches.values()) if (seqOf(branch) > 0) version.set(branch.name, seqOf(branch))
    return version
  }

  // Receiving.

  /** Takes one range, and what it sets free in the causal buffer. */
  #take(range: SignedRange): void {
    const work = [range]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      if (next.fromSeq > this.#heldOf(next.actor)) {
        this.#buffer.add(next, this.#heldOf)
        this.#trace('buffer', next.actor, next.fromSeq, next.endSeq)
      } else if (this.#admit(next)) work.push(...this.#buffer.take(next.actor, this.#heldOf(next.actor)).reverse())
    }
  }

  /** True if something is newly held. */
  #admit(range: SignedRange): boolean {
    const gathering = present(this.#gathering, 'ranges come by the door')
    try {
      const prepared = this.#prepared.find((local) => local.range === range)
      const changes = prepared === undefined ? this.#log.stage(range) : [prepared.held]
      this.#checkRoom(range, changes, gathering.origin)
      const branch = this.#log.open(range.actor)
      if (!gathering.grown.has(branch)) gathering.grown.set(branch, branch.changes.length)
      this.#log.hold(branch, changes)
      for (const held of changes) this.#account(held, 1)
      if (range.signature.length > 0 && branch.endingAt(range.endSeq) !== undefined)
        branch.addTip(range.endSeq, range.signature)
      this.#trace('held', range.actor, range.fromSeq, range.endSeq, gathering.origin)
      this.#merger.advance(branch)
      return changes.length > 0
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      gathering.refused.push({ range, error })
      this.#trace('refused', range.actor, range.fromSeq, range.endSeq, messageOf(error))
      return false
    }
  }

  /** What must wait is limited (Invariant 9); our own store may bring back whatever it holds. */
  #checkRoom(range: SignedRange, changes: readonly Held[], origin: Origin): void {
    if (origin === 'store' || origin === 'local' || this.#waiting.bytes + range.body.length <= limits.bufferBytes)
      return
    const branch = this.#log.branchOf(range.actor)
    const isBehind = branch !== undefined && branch.merged < branch.end
    const waits =
      isBehind || changes.some((held) => held.links.some((link) => this.#merger.mergedOf(link.actor) <= link.seq))
    if (waits)
      throw new JoineryError('limit', `more than ${limits.bufferBytes} bytes would wait for ops that are not here`)
  }

  #account(held: Held, sign: 1 | -1): void {
    this.#waiting.ops += sign * (held.end - held.seq)
    this.#waiting.bytes += sign * (held.canonical.length + waitingOverhead)
  }

  #onMerged(branch: Branch, held: Held): void {
    const gathering = present(this.#gathering, 'merging happens within receive')
    this.#account(held, -1)
    gathering.merged += held.end - held.seq
    const patches = this.#prepared.find((local) => local.held === held)?.patches ?? this.#document.patches ?? []
    if (patches.length > 0) {
      const local = gathering.origin === 'local'
      gathering.events.push({ patches, local, author: branch.name, time: held.time })
    }
    this.#document.patches = this.listening ? [] : undefined
  }

  /** What cannot be part of any history is not held either, on no peer, however late it showed. */
  #onMalformed(branch: Branch, error: JoineryError): void {
    const gathering = present(this.#gathering, 'merging happens within receive')
    const range = this.#log.range(branch, branch.mergedChanges, branch.changes.length)
    for (const held of branch.changes.slice(branch.mergedChanges)) this.#account(held, -1)
    branch.truncate(branch.mergedChanges)
    gathering.refused.push({ range, error })
  }

  #newlyHeld({ grown }: Gathering): SignedRange[] {
    const ranges: SignedRange[] = []
    for (const [branch, from] of grown)
      if (from < branch.changes.length) ranges.push(...this.#log.ranges(branch, from, branch.changes.length))
    return ranges
  }

  // Local changes.

  /** A local change builds on all own ones, so they must be merged: the next seq comes from what is held. */
  #checkOwn(branch: Branch): void {
    if (branch.merged === branch.end && !this.#buffer.holds(branch.name)) return
    const message =
      'earlier changes of this actor wait for ops that are not here: take another actor until they have come'
    throw new JoineryError('bad-change', message, { details: { actor: branch.name } })
  }

  /** The other heads, in groups that one change can link to. The last group is for the change itself. */
  #headGroups(branch: Branch): Ref[][] {
    const others = [...this.#merger.heads]
      .filter(([actor]) => actor !== branch.actor)
      .map(([actor, seq]) => ({ actor, seq }))
    others.sort((a, b) => this.#actors.compare(a.actor, b.actor))
    const groups: Ref[][] = []
    while (others.length > limits.links) groups.push(others.splice(0, limits.links))
    return [...groups, others]
  }

  /** A change that says nothing but which heads it saw. */
  #joinHeads(branch: Branch, last: Held | undefined, links: readonly Ref[]): Prepared {
    const own = last ?? branch.changes.at(-1)
    const standing = this.#merger.standing(branch, own, links)
    const change: Change = {
      seq: own?.end ?? 0,
      count: 1,
      links,
      time: undefined,
      message: undefined,
      ops: [{ type: 'meta' }],
    }
    return this.#prepare(branch, own, change, standing, [])
  }

  #record<R>(
    branch: Branch,
    last: Held | undefined,
    links: readonly Ref[],
    fn: (draft: Draft<T>) => R,
    message: string | undefined,
  ): { result: R; last: Prepared | undefined } {
    if (message !== undefined) checkText(message, ['message'])
    const own = last ?? branch.changes.at(-1)
    const standing = this.#merger.standing(branch, own, links)
    const seq = own?.end ?? 0
    const recorder = new Recorder(this.#document, seq, (at) => stampAt(branch, standing, at, seq))
    const session = new Session(recorder)
    this.#recording = true
    this.#document.patches = this.listening ? [] : undefined
    this.#document.undo.begin()
    try {
      const result = session.plainOf(refuseAsync(fn(rootDraft(session) as Draft<T>))) as R
      const { ops, count } = recorder
      const change: Change = { seq, count, links, time: this.#timeAfter(own), message, ops }
      const prepared =
        count === 0 ? undefined : this.#prepare(branch, own, change, standing, this.#document.patches ?? [])
      this.#document.undo.commit()
      return { result, last: prepared }
    } catch (error) {
      this.#document.undo.rollBack()
      throw error
    } finally {
      session.end()
      this.#recording = false
    }
  }

  #prepare(
    branch: Branch,
    own: Held | undefined,
    change: Change,
    standing: Standing,
    patches: readonly Patch[],
  ): Prepared {
    const canonical = canonicalChange(change, branch.actor, this.#actors)
    if (canonical.length > limits.changeBytes)
      throw new JoineryError(
        'limit',
        `a change has ${canonical.length} bytes, at most ${limits.changeBytes} are allowed: make several`,
      )
    const held = heldChange(
      change,
      canonical,
      chainNext(own?.hash ?? branch.start, canonical),
      change.time ?? own?.time,
    )
    held.base = standing.base
    held.lamport = standing.lamport
    const { seq: fromSeq, end: endSeq, hash: tipHash } = held
    const range = { actor: branch.name, fromSeq, endSeq, body: canonical, tipHash, signature: new Uint8Array(0) }
    return { range, held, patches }
  }

  /** Through the door, like everything else: only that the document has the ops already. */
  #enter(prepared: readonly Prepared[]): Received {
    this.#prepared = prepared
    try {
      const received = this.receive(
        prepared.map(({ range }) => range),
        { origin: 'local' },
      )
      assert(received.refused.length === 0, `a local change is taken: ${messageOf(received.refused[0]?.error)}`)
      return received
    } finally {
      this.#prepared = []
    }
  }

  #timeAfter(own: Held | undefined): number | undefined {
    const now = Math.max(0, Math.round(this.#now()))
    return own?.time === undefined || Math.abs(now - own.time) > timeStepMs ? now : undefined
  }
}

const nothingReceived: Received = { held: [], merged: 0, events: [], refused: [], changed: false }

/** Refuses what an async function gives, before any of it is recorded. */
function refuseAsync<R>(result: R): R {
  if (typeof result !== 'object' || result === null || !('then' in result) || typeof result.then !== 'function')
    return result
  // The function goes on and meets a draft that is over: that is its caller's mistake too, and told by the error below.
  Promise.resolve(result).catch(() => {})
  throw new JoineryError('bad-change', 'a change function cannot be async: await first, then change')
}
