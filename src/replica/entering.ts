// From staging columns into graph and log, or back: one range, stretch by stretch, checked on the way. Nothing is merged here, and what was entered can be
// taken back whole (FORMAT §2, "two-stage verification").

import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { LV, Spans } from '../core/graph.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import { Kind, type Meta } from '../core/kinds.ts'
import type { SignedRange } from '../core/range.ts'
import { checkPast, pushStretch, type Staging } from '../core/staging.ts'
import { isHeld } from '../core/staging-compare.ts'
import { splitStaging } from '../core/staging-split.ts'
import { checkSelfCertified, checkSelfNamed } from './cut.ts'
import type { History } from './history.ts'
import { type Meaning, nothingMeant } from './link-meanings.ts'

/** Whole changes that were entered, of which only the first has links: what can be merged as one. */
export interface Stretch {
  readonly branch: number
  readonly start: LV
  readonly end: LV
  readonly unseen: Spans
}

export interface AdmissionHost {
  /** A range's ops from `fromSeq` on are held and verified; its stretches are to be merged, in order. */
  admitted(range: SignedRange, branch: number, fromSeq: number): void
  /** Before the document is looked at again. */
  merge(stretch: Stretch): void
  /** Another branch of this actor is here now. */
  forked(actor: ActorId): void
  /** Whether what a change of this actor follows in other documents (Meta.depends) is here. Throws 'bad-message'. */
  isMet(actor: ActorId, depends: Uint8Array): boolean
}

/** A range in staging columns. */
export interface Staged {
  readonly range: SignedRange
  readonly branch: number
  readonly staging: Staging
  /** The first op and the first stretch that are not held. */
  readonly fromSeq: number
  readonly first: number
  /** The stretch to enter next. */
  next: number
}

export interface Entered extends Stretch {
  /** Held and not merged: it needs a newer joinery, or builds on what does (FORMAT §3). */
  readonly isStopped: boolean
}

/** Where graph and log stood. */
export interface Mark {
  readonly length: LV
  readonly frontier: readonly LV[]
  readonly units: number
  readonly values: number
}

/** Nothing is waited for. */
export const ready = 'ready'
/** Edits of other documents are waited for. */
export const outside = 'outside'
/** An op to wait for: undefined if its actor was never heard of. */
export type Unmet = Dot | undefined | typeof ready | typeof outside

/** For what a range of an actor waits. */
export interface Wait {
  readonly actor: ActorId
  readonly unmet: Unmet
}

export class Entering {
  readonly #history: History
  readonly #host: AdmissionHost
  /** Which branches are meant where a body says no more than forked actors: as it is tried now. */
  meaning: Meaning = nothingMeant

  constructor(history: History, host: AdmissionHost) {
    this.#history = history
    this.#host = host
  }

  /** A decoded range, cut where what is held of its branch ends; undefined if what is held is something else. Throws 'bad-message'. */
  staged(range: SignedRange, branch: number, staging: Staging): Staged | undefined {
    if (staging.endSeq !== range.endSeq) throw bad(`a body ends at seq ${staging.endSeq}, its range at ${range.endSeq}`)
    this.checkForm(range, branch, staging)
    const held = Math.max(this.#history.graph.endOf(branch) - range.fromSeq, 0)
    if (!splitStaging(staging, held) || !this.isOurs(range, branch, staging, held)) return undefined
    let first = 0
    while (staging.stretchOps.at(first) < held) first++
    return { range, branch, staging, fromSeq: range.fromSeq + held, first, next: first }
  }

  /** What is said in the form of an init must have its name. Throws 'bad-message'. */
  checkForm(range: SignedRange, branch: number, staging: Staging): void {
    if (this.#history.isInit(branch)) checkSelfCertified(range, staging)
  }

  /**
   * The first op that a range links to and that is not here; `outside` if it follows edits of other documents that are not, `ready` if there is neither,
   * undefined if the op's actor was never heard of.
   */
  unmet(staged: Staged): Unmet {
    for (let stretch = staged.first; stretch < staged.staging.stretches; stretch++) {
      const dot = this.unmetAt(staged.staging, stretch)
      if (dot !== ready) return dot
    }
    return ready
  }

  /** The same of one stretch. */
  unmetAt(staging: Staging, stretch: number): Unmet {
    for (let link = staging.stretchLinks.at(stretch), end = staging.endLinkOf(stretch); link < end; link++) {
      const branch = staging.known(staging.linkBranches.at(link), this.#history.forks)
      const seq = staging.linkSeqs.at(link)
      staging.linkBranches.data[link] = branch
      if (branch < 0) {
        const actor = staging.strangerAt(branch)
        return actor === undefined ? undefined : { actor, seq }
      }
      const { actors } = this.#history
      const isPlain = staging.plain.has(branch)
      const meant = isPlain ? this.meaning.get(branch) : branch
      const end = meant === undefined ? this.#history.endOf(actors.nameOf(branch)) : this.#history.graph.endOf(meant)
      if (seq >= end) return { actor: actors.nameOf(branch), seq }
    }
    return staging.hasDepends && !this.#isMet(staging, stretch) ? outside : ready
  }

  #isMet(staging: Staging, stretch: number): boolean {
    const actor = this.#history.actors.nameOf(staging.branch)
    for (let row = staging.stretchRows.at(stretch), end = staging.endRowOf(stretch); row < end; row++) {
      if (staging.kinds.at(row) !== Kind.meta) continue
      const { depends } = staging.values[staging.bs.at(row)] as Meta
      if (depends !== undefined && !this.#host.isMet(actor, depends)) return false
    }
    return true
  }

  /** Appends the next stretches of a range, as long as they wait for nothing; each is handed on. Throws for links that no honest author makes. */
  enterReady(staged: Staged, entered: (stretch: Entered) => void): void {
    while (staged.next < staged.staging.stretches && this.unmetAt(staged.staging, staged.next) === ready)
      entered(this.enterNext(staged))
  }

  /** Appends the next stretch of a range. Throws for links that no honest author makes. */
  enterNext(staged: Staged): Entered {
    return this.enter(staged.staging, staged.branch, staged.next++)
  }

  /** Appends a stretch to graph and log. Throws for links that no honest author makes. */
  enter(staging: Staging, branch: number, stretch: number): Entered {
    const { graph, log } = this.#history
    const parents = this.#parents(staging, branch, stretch)
    const unseen = graph.unseen(branch, parents)
    checkPast(staging, stretch, this.#history, unseen)
    // A snapshot whose history cannot be read says so before anything is entered.
    if (!log.isWhole && (unseen.length > 0 || revokes(staging, stretch))) log.thaw()
    const start = graph.append(branch, staging.opsOf(stretch), parents, this.#history.isInit(branch) ? 0 : undefined)
    graph.remember(branch, unseen)
    pushStretch(staging, stretch, graph, log, start)
    let isStopped = stretch >= staging.mergeable
    if (this.#history.isStopping) for (const parent of parents) if (this.#history.isStopped(parent)) isStopped = true
    if (isStopped) this.#history.stop(start)
    return { branch, start, end: graph.length, unseen, isStopped }
  }

  /** Links point at the ends of changes, and none is implied by the own previous op or another link (FORMAT §2). */
  #parents(staging: Staging, branch: number, stretch: number): LV[] {
    const { graph, log } = this.#history
    const own = graph.endOf(branch) - 1
    const ownLv = own < 0 ? -1 : graph.lvOf(branch, own)
    const from = staging.stretchLinks.at(stretch)
    const count = staging.endLinkOf(stretch) - from
    if (count === 0) return ownLv < 0 ? [] : [ownLv]
    const links: LV[] = []
    for (let link = from; link < from + count; link++) {
      const named = staging.linkBranches.at(link)
      const meant = staging.plain.has(named) ? this.meaning.get(named) : undefined
      const lv = graph.lvOf(meant ?? named, staging.linkSeqs.at(link))
      if (lv < 0) throw bad('a link names no op that is here')
      if (log.changeEnds.get(lv) === 0) throw bad('a link points into the middle of a change')
      if (ownLv >= 0 && graph.sees(branch, lv)) throw bad('a link points at what the change before it had seen')
      links.push(lv)
    }
    const parents = graph.dominators(links)
    if (parents.length < count) throw bad('a link is implied by another')
    if (ownLv < 0 || graph.contains(parents, ownLv)) return parents
    // They are ascending.
    let at = parents.length
    while (at > 0 && (parents[at - 1] as LV) > ownLv) at--
    parents.splice(at, 0, ownLv)
    return parents
  }

  /** Compares the chain with what the tip says. What has no tip is believed: a document without a network. */
  matches({ range, branch }: Staged): boolean {
    if (this.#history.isInit(branch)) checkSelfNamed(this.#history, branch, range.endSeq)
    return range.tipHash.length === 0 || equalBytes(this.#history.hashAt(branch, range.endSeq), range.tipHash)
  }

  /** Whether the first ops of a range without a tip, which are held, are what is held. */
  isOurs(range: SignedRange, branch: number, staging: Staging, held: number): boolean {
    if (held === 0 || range.tipHash.length > 0) return true
    const first = this.#history.graph.lvOf(branch, range.fromSeq)
    return !this.#history.isKnown(first) || isHeld(staging, held, this.#history)
  }

  /** Tells of what was entered and compared: it is to be merged. */
  merge(group: readonly Staged[], entered: readonly Entered[]): void {
    for (const { range, branch, fromSeq } of group) this.#host.admitted(range, branch, fromSeq)
    for (const stretch of entered) if (!stretch.isStopped) this.#host.merge(stretch)
  }

  /** Where graph and log stand now: to be handed to rollBack. */
  mark(): Mark {
    const { graph, log } = this.#history
    return {
      length: graph.length,
      frontier: [...graph.frontier],
      units: log.units.length,
      values: log.values.length,
    }
  }

  rollBack({ length, frontier, units, values }: Mark): void {
    this.#history.truncate(length, frontier, units, values)
  }
}

/** Whether a stretch has a revoke or a cut, for which history is needed. */
function revokes(staging: Staging, stretch: number): boolean {
  for (let row = staging.stretchRows.at(stretch), end = staging.endRowOf(stretch); row < end; row++) {
    const kind = staging.kinds.at(row)
    if (kind === Kind.revoke || kind === Kind.cut) return true
  }
  return false
}

export function bad(message: string): JoineryError {
  return new JoineryError('bad-message', message)
}
