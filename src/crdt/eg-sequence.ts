// The order of one text's or list's items, by Eg-walker (Gentle & Kleppmann 2025) with FugueMax order. At rest it holds nothing but which ops
// are the container's own; what shows stands in its host. Ops that saw all before them go straight to the host by their index. One that did
// not opens a tracker at the last critical cut below what it has not seen; the tracker stays while it may be of use.
//
//   own ops     0 1 2 3 4 5 6 7 8 9        op 9 has not seen 7 and 8
//   cuts        0 … … … … … … 7            so the tracker begins at cut 7: replays 7 and 8, then takes 9
//
// Who was cut off (cuts.ts) concerns every sequence: each learns of it when it is next told of an op, or at once if it has ops of theirs. What these
// ops do goes through a tracker that knows the whole history.

import { assert } from '../base/assert.ts'
import type { Graph, LV, Spans } from '../core/graph.ts'
import { Kind } from '../core/kinds.ts'
import { advanceA, type OpLog } from '../core/op-log.ts'
import { CriticalCuts } from './critical-cuts.ts'
import { behind, type CutAct, Cuts, keptOf } from './cuts.ts'
import type { Makers } from './fugue-max.ts'
import { OwnOps } from './own-ops.ts'
import { replayOrder } from './replay-order.ts'
import type { Output } from './span-tree.ts'
import { Tracker } from './tracker.ts'

/** What stands at rest: the units of a text or the values of a list. */
export interface SequenceHost {
  /** Units of the ops lv … lv + count - 1 now show from `index` on. */
  insert(index: number, lv: LV, count: number): void
  remove(index: number, count: number): void
  readonly length: number
}

export type ItemVisitor = (lv: LV, count: number, isVisible: boolean) => void

/** An op elsewhere that acts on items here: a clear (level 0), or a revoke of ops given as ordinals; or a cut or uncut. */
interface Act {
  readonly level: 0 | 1 | 2 | 'cut'
  readonly targets: readonly number[]
}

/** A cut or uncut that was noted, and the ordinals of it and of the cut. */
interface NotedCut {
  readonly act: CutAct
  readonly ordinal: number
  readonly cut: number
}

/** A tracker that has not been needed for so many ops goes. */
const idleMax = 4096
const none: readonly number[] = []
const noCuts = new Cuts()

export class Sequence implements Output {
  readonly #graph: Graph
  readonly #log: OpLog
  readonly #compare: Makers['compare']
  readonly #host: SequenceHost
  readonly #own = new OwnOps()
  readonly #cuts = new CriticalCuts()
  readonly #acts = new Map<number, Act>()
  readonly #cutActs: readonly CutAct[]
  readonly #notedCuts: NotedCut[] = []
  #tracker: Tracker | undefined
  /** The ordinal the tracker begins at, and the next one it is to be given. */
  #base = 0
  #fed = 0
  /** Of the run clipped last: its units from #low to #high are in range. */
  #low = 0
  #high = 0
  #changed = false
  /** What an author had not seen, asked last, and the own ops in there. */
  #asked: Spans = none
  #absent = none

  /** `cuts` are those of the document so far. */
  constructor(graph: Graph, log: OpLog, compare: Makers['compare'], host: SequenceHost, cuts: Cuts = noCuts) {
    this.#graph = graph
    this.#log = log
    this.#compare = compare
    this.#host = host
    this.#cutActs = cuts.acts
  }

  /**
   * Merges the ops [from, to) of one row of the log, of kind type, insert, erase or eraseBack and of this container, whose author had not seen
   * `unseen`. Units out of range at their author's version are marked void.
   */
  merge(from: LV, to: LV, unseen: Spans): void {
    if (this.#cutActs.length > 0) {
      this.noteCuts(from)
      if (this.#mergeCut(from, to, unseen)) return
    }
    const absent = this.#within(unseen)
    const ordinal = this.#own.length
    if (absent.length === 0) {
      this.#straight(from, to)
      this.local(from, to)
      return
    }
    const tracker = this.#trackerAt(absent, absent[0] as number)
    this.#own.note(from, to)
    this.#fed = this.#own.length
    this.#apply(tracker, ordinal, from, to, this)
  }

  /**
   * Merges many rows at once, which is faster than one by one where branches go to and fro. `rows` are [from, to, from, to, …] as merge() takes
   * them, ascending; `unseen` says for each what its author had not seen.
   */
  mergeMany(rows: readonly LV[], unseen: readonly Spans[]): void {
    const own = this.#own
    let at = 0
    if (this.#cutActs.length > 0) {
      for (; at < unseen.length; at++) this.merge(rows[2 * at] as LV, rows[2 * at + 1] as LV, unseen[at] as Spans)
      return
    }
    while (at < unseen.length && own.firstWithin(unseen[at] as Spans) < 0) {
      this.merge(rows[2 * at] as LV, rows[2 * at + 1] as LV, none)
      at++
    }
    if (at === unseen.length) return
    const first = own.length
    const absent = own.within(unseen[at] as Spans)
    // Behind the last op that has not seen one before it; and the oldest that any has not seen.
    let last = at
    let least = absent[0] as number
    let asked: Spans = none
    for (let i = at; i < unseen.length; i++) {
      // Rows of one stretch share what they have not seen: none of it is theirs.
      if (asked !== unseen[i]) {
        asked = unseen[i] as Spans
        const other = own.firstWithin(asked)
        if (other >= 0) {
          last = i
          least = Math.min(least, other)
        }
      } else if (last === i - 1) last = i
      own.note(rows[2 * i] as LV, rows[2 * i + 1] as LV)
    }
    own.truncate(first)
    this.#trackerAt(absent, least)
    for (let i = at; i <= last; i++) own.note(rows[2 * i] as LV, rows[2 * i + 1] as LV)
    this.#replay(first, this)
    for (let i = last + 1; i < unseen.length; i++) this.merge(rows[2 * i] as LV, rows[2 * i + 1] as LV, none)
  }

  /** Notes ops [from, to) that saw everything, whose effect the caller has brought about. */
  local(from: LV, to: LV): void {
    if (this.#cutActs.length > this.#notedCuts.length) this.#noteCutsBefore(from, to)
    const ordinal = this.#own.length
    this.#own.note(from, to)
    this.#cuts.straight(ordinal, ordinal + to - from)
    if (ordinal - this.#fed > idleMax) this.#tracker = undefined
  }

  /** The op at `lv` deletes every item its author saw, without saying so: a set, make or unset of the container's key. True if something went. */
  clear(lv: LV, unseen: Spans): boolean {
    // Whoever saw no op of ours deletes nothing.
    if (this.#own.length === 0) return false
    this.noteCuts(lv)
    const absent = this.#own.within(unseen)
    const ordinal = this.#own.length
    const { length } = this.#host
    const cut = this.#firstNaming(lv)
    if (cut >= 0) {
      const tracker = this.#wholeAt(absent, cut)
      this.#noteAct(lv, 0, none)
      return this.#actNow(tracker)
    }
    if (absent.length === 0) {
      this.#noteAct(lv, 0, none)
      this.#cuts.clear(ordinal, length)
      if (length > 0) this.#host.remove(0, length)
      return length > 0
    }
    const tracker = this.#trackerAt(absent, absent[0] as number)
    this.#noteAct(lv, 0, none)
    return this.#actNow(tracker)
  }

  /**
   * The op at `lv` switches off (level 1) the own edits among the targets: inserts, deletes, clears; or (level 2) the own level-1 revokes.
   * Targets are spans of LVs in its past; those of other containers are passed over. True if something shows or is hidden by it.
   */
  revoke(lv: LV, level: 1 | 2, targets: Spans | Int32Array, unseen: Spans): boolean {
    this.noteCuts(lv)
    const own = this.#fitting(level, this.#own.within(targets))
    if (own.length === 0) return false
    const absent = this.#own.within(unseen)
    const first = own[0] as number
    const cut = this.#firstNaming(lv)
    if (cut >= 0) {
      const whole = this.#wholeAt(absent, Math.min(first, cut))
      this.#noteAct(lv, level, own)
      return this.#actNow(whole)
    }
    let tracker = this.#trackerAt(absent, absent.length === 0 ? first : Math.min(first, absent[0] as number))
    // What is to show again must be known by name: then nothing less than the whole history will do.
    if (level === 1 && tracker.hidesBase(this.#ids(own))) {
      this.#open(0, 0)
      tracker = this.#feed(absent)
    }
    this.#noteAct(lv, level, own)
    return this.#actNow(tracker)
  }

  /** The newest of the document's cuts, at `lv`, switches own ops off or on. True if something shows or is hidden by it. */
  cut(lv: LV): boolean {
    this.noteCuts(lv)
    const act = this.#cutActs[this.#notedCuts.length]
    assert(act?.lv === lv, `op ${lv} is the newest cut`)
    const named = this.#own.within(behind(this.#graph, act.cut, lv))
    // Of those to come it will be told in time.
    if (named.length === 0) return false
    const first = act.type === 'cut' ? (named[0] as number) : this.#ordinalOf(act.cut.lv)
    const tracker = this.#wholeAt(none, first)
    this.#noteCut(act)
    if (act.type === 'cut') {
      const id = this.#own.length - 1
      tracker.reserve(this.#own.length)
      tracker.cutAt(id)
      for (let i = 0; i < named.length; i += 2)
        tracker.name(id, named[i] as number, (named[i + 1] as number) - (named[i] as number), undefined)
    }
    return this.#actNow(tracker)
  }

  /** Notes the document's cuts before the op at `lv`, unless it knows of them. */
  noteCuts(lv: LV, length = this.#host.length): void {
    for (let at = this.#notedCuts.length; at < this.#cutActs.length; at++) {
      const act = this.#cutActs[at] as CutAct
      if (act.lv >= lv) return
      this.#noteCut(act, length)
    }
  }

  /** Notes ops without bringing them about, their effect being there: of a snapshot. Then comes loaded(). */
  note(from: LV, to: LV): void {
    this.noteCuts(from)
    this.#own.note(from, to)
  }

  noteClear(lv: LV): void {
    this.noteCuts(lv)
    this.#noteAct(lv, 0, none)
  }

  noteRevoke(lv: LV, level: 1 | 2, targets: Spans | Int32Array): void {
    this.noteCuts(lv)
    const own = this.#fitting(level, this.#own.within(targets))
    if (own.length > 0) this.#noteAct(lv, level, own)
  }

  /** All is noted; every op from `linearFrom` on has seen all before it (linearFrom() of the graph). */
  loaded(linearFrom: LV): void {
    let first = this.#own.before(linearFrom)
    for (const ordinal of this.#acts.keys()) first = Math.max(first, ordinal + 1)
    // Who was cut off may have gone on.
    if (this.#notedCuts.length > 0) first = this.#own.length
    this.#cuts.straight(first, this.#own.length)
  }

  /** Forgets the ops from `lv` on, which were local, and whose effect the caller has undone: of a change that threw. */
  withdraw(lv: LV): void {
    const ordinal = this.#own.before(lv)
    if (ordinal === this.#own.length) return
    for (let at = this.#own.length - 1; at >= ordinal && this.#acts.size > 0; at--) this.#acts.delete(at)
    this.#own.truncate(ordinal)
    this.#asked = none
    this.#absent = none
    this.#cuts.truncate(ordinal)
    if (this.#fed > ordinal) this.#tracker = undefined
  }

  /** All items in document order, hidden ones too. */
  order(visitor: ItemVisitor): void {
    this.#whole().visit((id, count, _, shows) => this.#named(id, count, (lv, named) => visitor(lv, named, shows)))
  }

  /** The items of an older version in document order. */
  orderAt(version: readonly LV[], visitor: ItemVisitor): void {
    const tracker = this.#whole()
    tracker.moveTo(this.#own.within(this.#graph.diff(this.#graph.frontier, version).onlyA))
    tracker.visit((id, count, prepare) => {
      if (prepare !== 'absent') this.#named(id, count, (lv, named) => visitor(lv, named, prepare === 'visible'))
    })
  }

  /** The op that inserted the item that shows at an index. */
  lvAt(index: number): LV {
    assert(index >= 0 && index < this.#host.length, `no item at ${index} of ${this.#host.length}`)
    return this.#own.lvOf(this.#whole().idAt(index))
  }

  /** Where the item that an op inserted shows, or would show. */
  indexOf(lv: LV): number {
    return this.#whole().indexOf(this.#own.before(lv))
  }

  check(): void {
    this.#cuts.check(this.#own.length)
    this.#tracker?.check()
    if (this.#tracker !== undefined && this.#fed === this.#own.length) {
      const { shown } = this.#tracker
      assert(shown === this.#host.length, `the tracker shows ${shown} units, the host ${this.#host.length}`)
    }
  }

  /** Output: items come to show. */
  show(index: number, id: number, count: number): void {
    this.#changed = true
    let at = index
    this.#named(id, count, (lv, named) => {
      this.#host.insert(at, lv, named)
      at += named
    })
  }

  /** Output: items go. */
  hide(index: number, count: number): void {
    this.#changed = true
    this.#host.remove(index, count)
  }

  /** Ids as LVs, in runs. */
  #named(id: number, count: number, named: (lv: LV, count: number) => void): void {
    for (let at = this.#base + id, end = at + count; at < end; ) {
      const stop = Math.min(end, this.#own.runEnd(at))
      named(this.#own.lvOf(at), stop - at)
      at = stop
    }
  }

  /** The ops of a row that saw all before them: their indexes are those of what shows. */
  #straight(from: LV, to: LV): void {
    const log = this.#log
    const row = log.rowAt(from)
    const kind = log.kindOf(row)
    const a = advanceA(kind, log.aOf(row), from - log.startOf(row))
    this.#clip(kind, a, to - from, this.#host.length)
    const low = this.#low
    const count = this.#high - low
    if (count > 0) {
      if (kind === Kind.type || kind === Kind.insert) this.#host.insert(a, from, count)
      else this.#host.remove(kind === Kind.erase ? a : a - low - count + 1, count)
    }
    this.#markVoid(from, to)
  }

  /** Which units of a run are in range of `length`; a unit that is not changes nothing for those after it. */
  #clip(kind: Kind, a: number, count: number, length: number): void {
    this.#low = 0
    if (kind === Kind.type || kind === Kind.insert) this.#high = a < 0 || a > length ? 0 : count
    else if (kind === Kind.erase) this.#high = a < 0 ? 0 : Math.max(0, Math.min(count, length - a))
    else {
      assert(kind === Kind.eraseBack, `kind ${kind} is no edit of a sequence`)
      this.#high = Math.max(0, Math.min(count, a + 1))
      this.#low = Math.min(this.#high, Math.max(0, a - length + 1))
    }
  }

  #markVoid(from: LV, to: LV): void {
    const low = this.#low
    const high = this.#high
    if (low > 0) this.#log.markVoid(from, from + low)
    if (from + high < to) this.#log.markVoid(from + high, to)
  }

  #noteAct(lv: LV, level: Act['level'], targets: readonly number[]): void {
    this.#acts.set(this.#own.length, { level, targets })
    this.#own.note(lv, lv + 1)
  }

  /** Those of the targets that a revoke of this level switches: edits and clears (1), level-1 revokes (2). */
  #fitting(level: 1 | 2, own: readonly number[]): readonly number[] {
    if (level === 1 && this.#acts.size === 0) return own
    const out: number[] = []
    for (let i = 0; i < own.length; i += 2)
      for (let ordinal = own[i] as number; ordinal < (own[i + 1] as number); ordinal++) {
        if ((this.#acts.get(ordinal)?.level ?? 0) !== level - 1) continue
        if (out.length > 0 && out[out.length - 1] === ordinal) out[out.length - 1] = ordinal + 1
        else out.push(ordinal, ordinal + 1)
      }
    return out
  }

  /** The own ops within what an author had not seen: whoever types on is asked for the same again, and what came since is not in it. */
  #within(unseen: Spans): readonly number[] {
    if (unseen !== this.#asked) {
      this.#asked = unseen
      this.#absent = this.#own.within(unseen)
    }
    return this.#absent
  }

  /** For an op that has not seen, or switches, the op `least`: a tracker that knows all ops so far, at the version of all but `absent`. */
  #trackerAt(absent: readonly number[], least: number): Tracker {
    this.#cuts.cross(this.#own.length, least, this.#host.length, this.#net)
    const { last } = this.#cuts
    const isWhole = this.#base === 0 && this.#own.length - this.#fed <= idleMax
    if (this.#tracker === undefined || this.#base > least || (this.#fed < last && !isWhole))
      this.#open(last, this.#cuts.lengthAtLast)
    return this.#feed(absent)
  }

  // Those who were cut off.

  /** Before ops [from, to) of one row, whose effect is there. */
  #noteCutsBefore(from: LV, to: LV): void {
    const kind = this.#log.kindOf(this.#log.rowAt(from))
    const net = kind === Kind.type || kind === Kind.insert ? to - from : from - to
    this.noteCuts(from, this.#host.length - net)
  }

  #noteCut(act: CutAct, length = this.#host.length): void {
    const ordinal = this.#own.length
    // The length so far is remembered, since what comes next does not go on from it.
    if (ordinal > 0) this.#cuts.cross(ordinal, ordinal, length, this.#net)
    this.#notedCuts.push({ act, ordinal, cut: act.type === 'cut' ? ordinal : this.#ordinalOf(act.cut.lv) })
    this.#noteAct(act.lv, 'cut', none)
  }

  /** The ordinal of a cut. */
  #ordinalOf(cut: LV): number {
    const noted = this.#notedCuts.find(({ act }) => act.lv === cut)
    assert(noted !== undefined, `the cut ${cut} came before it was taken back`)
    return noted.ordinal
  }

  /** The ordinal of the first cut, in force or not, that names the op; -1 if none does. */
  #firstNaming(lv: LV): number {
    if (this.#notedCuts.length === 0) return -1
    const branch = this.#graph.branchAt(lv)
    const seq = this.#graph.seqAt(lv)
    for (const { act, ordinal } of this.#notedCuts)
      if (act.type === 'cut' && keptOf(this.#graph, act.cut, branch) <= seq) return ordinal
    return -1
  }

  /** Merges ops of which some were cut off, or could be; false if none were. */
  #mergeCut(from: LV, to: LV, unseen: Spans): boolean {
    const cut = this.#firstNaming(to - 1)
    if (cut < 0) return false
    const ordinal = this.#own.length
    const tracker = this.#wholeAt(this.#own.within(unseen), cut)
    this.#own.note(from, to)
    this.#fed = this.#own.length
    this.#apply(tracker, ordinal, from, to, this)
    return true
  }

  /** For an op that was cut off, or that switches ops from `least` on: a tracker of the whole history, at the version of all but `absent`. */
  #wholeAt(absent: readonly number[], least: number): Tracker {
    const first = absent.length === 0 ? least : Math.min(least, absent[0] as number)
    this.#cuts.cross(this.#own.length, first, this.#host.length, this.#net)
    const tracker = this.#whole()
    tracker.moveTo(absent)
    return tracker
  }

  /** Up to where ops from `lv` on are named by the same cuts; one op, if the author has seen such a cut: each is off at the next one's version. */
  #alike(tracker: Tracker, lv: LV, to: LV): LV {
    let stop = to
    if (this.#notedCuts.length === 0) return stop
    const branch = this.#graph.branchAt(lv)
    const seq = this.#graph.seqAt(lv)
    for (const { act, ordinal } of this.#notedCuts) {
      if (act.type === 'uncut' || ordinal < this.#base) continue
      const kept = keptOf(this.#graph, act.cut, branch)
      if (kept > seq) stop = Math.min(stop, lv + kept - seq)
      else if (tracker.isCutting(ordinal - this.#base)) stop = lv + 1
    }
    return stop
  }

  /** Whether an op, the newest, is cut off. */
  #isOff(lv: LV): boolean {
    if (this.#notedCuts.length === 0) return false
    const branch = this.#graph.branchAt(lv)
    const seq = this.#graph.seqAt(lv)
    return this.#notedCuts.some(({ act: { cut } }) => !cut.isUndone && keptOf(this.#graph, cut, branch) <= seq)
  }

  /** Tells the tracker which cuts name these ops, just applied. */
  #nameCut(tracker: Tracker, ordinal: number, lv: LV, count: number): void {
    if (this.#notedCuts.length === 0) return
    const branch = this.#graph.branchAt(lv)
    const seq = this.#graph.seqAt(lv)
    for (const { act, ordinal: cut } of this.#notedCuts)
      if (act.type === 'cut' && cut >= this.#base && keptOf(this.#graph, act.cut, branch) <= seq)
        tracker.name(cut - this.#base, ordinal - this.#base, count, undefined)
  }

  /** A tracker that knows all ops and the name of every item. */
  #whole(): Tracker {
    if (this.#tracker === undefined || this.#base > 0) this.#open(0, 0)
    return this.#feed(none)
  }

  /** Gives the tracker what it has not had, all of which went straight, and moves it to the version of all but `absent`. */
  #feed(absent: readonly number[]): Tracker {
    const tracker = this.#tracker as Tracker
    const { length } = this.#own
    if (this.#fed < length) {
      tracker.moveTo(none)
      while (this.#fed < length) {
        const lv = this.#own.lvOf(this.#fed)
        const stop = this.#own.runEnd(this.#fed)
        this.#apply(tracker, this.#fed, lv, lv + stop - this.#fed, undefined)
        this.#fed = stop
      }
    }
    tracker.moveTo(this.#ids(absent))
    return tracker
  }

  /** Opens a tracker at a cut and gives it all ops since. */
  #open(cut: number, baseLength: number): void {
    const graph = this.#graph
    const own = this.#own
    const branchOf = (id: number): number => graph.branchAt(own.lvOf(cut + id))
    this.#tracker = new Tracker(baseLength, { branchOf, compare: this.#compare })
    this.#base = cut
    for (const { act, ordinal } of this.#notedCuts)
      if (act.type === 'cut' && ordinal >= cut) this.#tracker.cutAt(ordinal - cut)
    this.#replay(cut, undefined)
  }

  /** Gives the tracker the ops from `first` on, one branch after the other: it is at the version of the first. */
  #replay(first: number, output: Output | undefined): void {
    const tracker = this.#tracker as Tracker
    const graph = this.#graph
    const own = this.#own
    this.#fed = own.length
    tracker.reserve(own.length - this.#base)
    if (first === own.length) return
    const last = graph.rowAt(own.lvOf(own.length - 1))
    const order = replayOrder(graph, graph.rowAt(own.lvOf(first)), last + 1)
    let version: readonly LV[] | undefined
    for (let i = 0; i < order.length; i++) {
      const row = order.at(i)
      const start = graph.startOfRow(row)
      const end = own.before(graph.endOfRow(row))
      let ordinal = Math.max(first, own.before(start))
      if (ordinal >= end) continue
      if (version !== undefined) this.#walk(tracker, version, graph.parentsOfRow(row))
      while (ordinal < end) {
        const lv = own.lvOf(ordinal)
        const stop = Math.min(end, own.runEnd(ordinal))
        this.#apply(tracker, ordinal, lv, lv + stop - ordinal, output)
        version = [lv + stop - ordinal - 1]
        ordinal = stop
      }
    }
    if (version !== undefined) tracker.settle(this.#ids(own.within(graph.diff(graph.frontier, version).onlyA)))
  }

  #walk(tracker: Tracker, from: readonly LV[], to: readonly LV[]): void {
    const { onlyA, onlyB } = this.#graph.diff(from, to)
    this.#move(tracker, onlyA, -1)
    this.#move(tracker, onlyB, 1)
  }

  #move(tracker: Tracker, spans: Spans, by: 1 | -1): void {
    const ids = this.#ids(this.#own.within(spans))
    for (let i = 0; i < ids.length; i += 2) tracker.move(ids[i] as number, ids[i + 1] as number, by)
  }

  /** Gives the tracker ops [from, to), neighbours in the log, at the version it is at. */
  #apply(tracker: Tracker, first: number, from: LV, to: LV, output: Output | undefined): void {
    const log = this.#log
    tracker.reserve(first - this.#base + to - from)
    let row = log.rowAt(from)
    for (let lv = from; lv < to; ) {
      let stop = Math.min(to, log.endOf(row))
      const ordinal = first + lv - from
      if (log.isVoid(row)) tracker.skip(ordinal - this.#base, stop - lv)
      else if (isEdit(log.kindOf(row))) {
        stop = this.#alike(tracker, lv, stop)
        this.#applyRow(tracker, ordinal, row, lv, stop, output)
        this.#nameCut(tracker, ordinal, lv, stop - lv)
      } else this.#act(tracker, ordinal, output)
      lv = stop
      // A row of which a part was void has been split.
      if (output !== undefined) row = log.rowAt(lv)
      else if (stop === log.endOf(row)) row++
    }
  }

  #applyRow(tracker: Tracker, ordinal: number, row: number, from: LV, to: LV, output: Output | undefined): void {
    const log = this.#log
    const kind = log.kindOf(row)
    const a = advanceA(kind, log.aOf(row), from - log.startOf(row))
    this.#clip(kind, a, to - from, tracker.seen)
    const low = this.#low
    const high = this.#high
    const id = ordinal - this.#base
    const count = high - low
    // What is off as it comes shows nothing and hides nothing.
    const shown = output === undefined || this.#isOff(from) ? undefined : output
    if (count < to - from) {
      assert(output !== undefined, `ops ${from} … ${to} were in range once`)
      tracker.skip(id, to - from)
    }
    if (count > 0) {
      if (kind === Kind.erase) tracker.erase(id, count, a, shown)
      else if (kind === Kind.eraseBack) tracker.eraseBack(id + low, count, a - low, shown)
      else {
        const index = tracker.insert(id, count, a)
        if (shown !== undefined) this.#host.insert(index, from, count)
      }
    }
    if (output !== undefined) this.#markVoid(from, to)
  }

  /** Gives the tracker a clear, revoke or cut. */
  #act(tracker: Tracker, ordinal: number, output: Output | undefined): void {
    const { level, targets } = this.#acts.get(ordinal) as Act
    const id = ordinal - this.#base
    if (level === 'cut') {
      this.#actCut(tracker, ordinal, output)
      return
    }
    const lv = this.#own.lvOf(ordinal)
    const shown = output === undefined || this.#isOff(lv) ? undefined : output
    if (level === 0) tracker.clear(id, shown)
    else tracker.revoke(id, level, this.#ids(targets), shown)
    this.#nameCut(tracker, ordinal, lv, 1)
  }

  #actCut(tracker: Tracker, ordinal: number, output: Output | undefined): void {
    const noted = this.#notedCuts.find((one) => one.ordinal === ordinal)
    assert(noted !== undefined, `op ${ordinal} is a cut`)
    const [id, cut] = [ordinal - this.#base, noted.cut - this.#base]
    if (noted.act.type === 'cut') {
      tracker.cutAt(id)
      tracker.cut(id, output)
      // Whoever could not see the uncut of a cut below the base has nothing here.
    } else if (cut < 0) tracker.skip(id, 1)
    else tracker.uncut(id, cut, output)
  }

  /** Gives the tracker the act just noted; true if something came to show or went. */
  #actNow(tracker: Tracker): boolean {
    this.#fed = this.#own.length
    tracker.reserve(this.#fed - this.#base)
    this.#changed = false
    this.#act(tracker, this.#fed - 1, this)
    return this.#changed
  }

  /** Ordinals as the tracker's ids. */
  #ids(ordinals: readonly number[]): readonly number[] {
    return this.#base === 0 ? ordinals : ordinals.map((ordinal) => ordinal - this.#base)
  }

  /** By how much ops that went straight changed the length. */
  readonly #net = (from: number, to: number): number => {
    const log = this.#log
    let net = 0
    for (let ordinal = from; ordinal < to; ) {
      const lv = this.#own.lvOf(ordinal)
      const row = log.rowAt(lv)
      const count = Math.min(to, this.#own.runEnd(ordinal), ordinal + log.endOf(row) - lv) - ordinal
      const kind = log.kindOf(row)
      if (!log.isVoid(row)) net += kind === Kind.type || kind === Kind.insert ? count : -count
      ordinal += count
    }
    return net
  }
}

function isEdit(kind: Kind): boolean {
  return kind === Kind.type || kind === Kind.insert || kind === Kind.erase || kind === Kind.eraseBack
}
