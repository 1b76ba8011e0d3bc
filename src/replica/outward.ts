// What a replica says of itself to others: how much it holds, of which chains, and what of that may leave, in which pieces, signed by whom. All of it is
// asked at a version handed in, the durable frontier (Invariant 8); it alters nothing but the signatures it is given to keep.

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { frontierOf } from '../core/graph-versions.ts'
import { type ActorId, actorOf, type BranchId, forkedBranch, forkPoint, tagBytes } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { History } from './history.ts'
import { type Cuts, digestOf, type Served, servedRanges, servedVersion } from './serving.ts'

/** The end of an actor's chain: `seq` ops, and the hash after the last. */
export interface Tip {
  readonly seq: number
  readonly hash: Uint8Array
}

/** Changes that await a signature over their tip. */
export interface Unsigned extends Omit<SignedRange, 'actor' | 'signature'> {}

type Note = (id: BranchId, end: number) => void

export class Outward {
  readonly #history: History

  constructor(history: History) {
    this.#history = history
  }

  /** The end of what is held of an actor, or of its first `seq` ops if a change ends there. */
  tip(actor: BranchId, seq?: number): Tip | undefined {
    const branch = this.#history.branchOf(actor)
    const at = seq ?? this.#history.graph.endOf(branch)
    if (branch < 0 || at === 0 || at > this.#history.graph.endOf(branch)) return undefined
    return this.#history.endsChange(branch, at) ? { seq: at, hash: this.#history.hashAt(branch, at) } : undefined
  }

  /** The newest tip of an actor that it has signed. */
  signedTip(actor: BranchId): (Tip & { readonly signature: Uint8Array }) | undefined {
    const branch = this.#history.branchOf(actor)
    const tip = branch < 0 ? undefined : this.#history.tips(branch).newest
    if (tip === undefined) return undefined
    return { seq: tip.end, hash: this.#history.hashAt(branch, tip.end), signature: tip.signature }
  }

  /** What an actor made after its newest signed tip, or after `since`: at most 2^20 ops, so ask again until there is nothing. */
  unsigned(actor: ActorId, since?: number): Unsigned | undefined {
    const branch = this.#history.branchOf(actor)
    if (branch < 0 || this.#history.isInit(branch)) return undefined
    const fromSeq = since ?? this.#history.tips(branch).newest?.end ?? 0
    const end = this.#history.graph.endOf(branch)
    if (fromSeq >= end) return undefined
    const endSeq = this.#history.pieceEnd(branch, fromSeq, end)
    const { body, tipHash } = this.#history.range(branch, fromSeq, endSeq)
    return { fromSeq, endSeq, body, tipHash }
  }

  /** Records an actor's signature of the tip after `endSeq` ops. */
  sign(actor: ActorId, endSeq: number, signature: Uint8Array): void {
    assert(signature.length === 64, `a signature has 64 bytes, not ${signature.length}`)
    const branch = this.#history.branchOf(actor)
    assert(branch >= 0 && endSeq <= this.#history.graph.endOf(branch), `nothing of ${actor} is held`)
    this.#history.tips(branch).add(endSeq, signature)
  }

  /** Whether an actor has made different ops under one name: somebody else writes, or wrote, as it (FORMAT §1). It is not to be written with again. */
  isForked(actor: ActorId): boolean {
    return this.#history.actors.isForked(this.#history.branchOf(actor))
  }

  /** Actors of whom that is so. */
  get forkedActors(): readonly ActorId[] {
    const { actors } = this.#history
    if (!actors.hasForks) return []
    const all = Array.from({ length: actors.count }, (_, branch) => branch)
    return all.filter((one) => actors.isForked(one) && actors.firstOf(one) === one).map((one) => actors.nameOf(one))
  }

  /** A version as it is said to other peers: each entry with the tag of its chain. */
  stated(version: Version): Version {
    const stated = new Map<BranchId, number>()
    for (const [id, end] of version) {
      const branch = this.#history.branchOf(id)
      if (branch >= 0 && end > 0 && end <= this.#history.graph.endOf(branch))
        stated.set(this.#history.forks.named(branch, end), end)
    }
    return stated
  }

  /** The newest ops of a version, as they are said to others: whoever has these has all of it. */
  heads(version: Version): Version {
    const { graph, forks } = this.#history
    const ends: number[] = []
    for (const [id, end] of version) ends[this.#history.branchOf(id)] = end
    const heads = new Map<BranchId, number>()
    for (const lv of frontierOf(graph, ends)) {
      const end = graph.seqAt(lv) + 1
      heads.set(forks.named(graph.branchAt(lv), end), end)
    }
    return heads
  }

  /**
   * What is held, as it is said to one who is asked for the rest and holds `theirs`, as that is understood here. An actor of whom it has a chain that is
   * not known here is left out: where the two part is not known either, so all of it is sent once, and what is held already is seen to be so.
   */
  statedTo(theirs: Version): Version {
    const { version } = this.#history
    const strange = new Set<ActorId>()
    for (const id of theirs.keys()) if (forkPoint(id) !== undefined && !version.has(id)) strange.add(actorOf(id))
    if (strange.size === 0) return this.stated(version)
    return this.stated(new Map([...version].filter(([id]) => !strange.has(actorOf(id)))))
  }

  /**
   * What another peer stated, by the names that branches have here. A chain that is none of those here keeps the name it was stated by: nothing here
   * contains it. Of what goes beyond all that is here of an actor, it is believed that it is the same chain until that can be seen.
   */
  understood(stated: Version): Version {
    return this.#read(stated, (actor, first, id, end, note) => {
      const isBeyond = first === undefined || end > this.#history.graph.endOf(first)
      note(first === undefined || (isBeyond && !this.#history.actors.isForked(first)) ? actor : id, end)
    })
  }

  /** Of what another peer stated, only what is held here, too: nothing is believed of a chain that goes on beyond it (Invariant 13). */
  seen(stated: Version): Version {
    return this.#read(stated, () => {})
  }

  /** By the names that branches have here. `strange` is handed what names no chain that is here. */
  #read(
    stated: Version,
    strange: (actor: ActorId, first: number | undefined, id: BranchId, end: number, note: Note) => void,
  ): Version {
    const version = new Map<BranchId, number>()
    const note: Note = (id, end) => {
      if ((version.get(id) ?? 0) < end) version.set(id, end)
    }
    for (const [id, end] of stated) {
      const actor = actorOf(id)
      const point = forkPoint(id)
      const first = this.#history.actors.find(actor)
      const branch =
        first === undefined || point === undefined ? -1 : this.#history.forks.at(first, point.end, point.tag)
      if (branch >= 0) this.#noteBranch(branch, end, note)
      else strange(actor, point === undefined ? undefined : first, id, end, note)
    }
    return version
  }

  /** Whoever has ops of a fork has those before it, too. */
  #noteBranch(branch: number, end: number, note: Note): void {
    for (
      let at = branch, to = end;
      at >= 0;
      to = Math.min(to, this.#history.graph.baseOf(at)), at = this.#history.graph.forkedFrom(at)
    )
      if (to > this.#history.graph.baseOf(at)) note(this.#history.forks.idOf(at), to)
  }

  /** How far ranges that are held go, by the names of their branches here. */
  versionOf(ranges: readonly SignedRange[]): Version {
    return this.understood(
      new Map(
        ranges.map((range) => [
          forkedBranch(range.actor, range.endSeq, range.tipHash.slice(0, tagBytes)),
          range.endSeq,
        ]),
      ),
    )
  }

  /** Whether all of a range is held. */
  holds(range: SignedRange): boolean {
    const { actors, graph } = this.#history
    const first = this.#history.branchOf(range.actor)
    if (first < 0) return false
    const isOf = (branch: number): boolean =>
      graph.endOf(branch) >= range.endSeq && equalBytes(this.#history.hashAt(branch, range.endSeq), range.tipHash)
    return actors.branchesOf(first).some(isOf)
  }

  /** What of `upTo` may leave: signed tips at or below it, and the init changes these build on. This is the version to state to peers. */
  served(upTo: Version, cuts: Cuts = 'signed'): Version {
    return servedVersion(this.#history, upTo, cuts)
  }

  /** What a holder of `since` lacks of what may leave of `upTo`: near `maxBytes`, at least one range, parents first where tips allow it. */
  rangesSince(since: Version, upTo: Version, maxBytes: number, cuts: Cuts = 'signed'): Served {
    return servedRanges(this.#history, since, this.served(upTo, cuts), maxBytes, cuts)
  }

  /** Equal on two replicas exactly if what may leave them is equal. */
  digest(upTo: Version): Uint8Array {
    return digestOf(this.#history, this.served(upTo))
  }
}
