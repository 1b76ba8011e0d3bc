// A document: what the ops of its graph and log mean. It is told of ops that are already in both (Invariant 4 is kept above it), and records local
// edits into both. Values are immutable and shared; patches are made only while somebody listens (Invariant 7).

import { assert } from '../../base/assert.ts'
import { JoineryError } from '../../base/errors.ts'
import { type Graph, type LV, noSpans, type Spans } from '../../core/graph.ts'
import { Kind, type Meta } from '../../core/kinds.ts'
import type { OpLog } from '../../core/op-log.ts'
import type { Scalar } from '../../core/value.ts'
import { valueAt } from '../at-path.ts'
import type { Patch, Path } from '../patch.ts'
import type { Amount } from './amounts.ts'
import { Batch } from './batch.ts'
import { build, show } from './build.ts'
import { checkContainer } from './check.ts'
import { type CompareBranches, Context } from './context.ts'
import type { CounterState } from './counter-state.ts'
import { Drafts } from './drafts.ts'
import { Effects } from './effects.ts'
import type { Entry, MapState } from './map-state.ts'
import { type ItemOrder, itemOrders } from './noting.ts'
import { valueAtVersion } from './past.ts'
import { Recorder } from './recorder.ts'
import { Revoking } from './revoking.ts'
import { type Container, isContainer } from './state.ts'
import { exportState } from './state-export.ts'
import type { DocState } from './state-form.ts'
import { importState } from './state-import.ts'
import { Switches } from './switches.ts'
import { UnseenWalk } from './unseen-walk.ts'

/** Something that lost to what shows, or is hidden with what it stands in. */
export interface Conflict {
  readonly value: unknown
  readonly branch: number
  readonly lv: LV
}

/** Ops [start, end) whose author, at the first, had not seen `unseen` and saw nothing more since. */
export interface Stretch {
  readonly start: LV
  readonly end: LV
  readonly unseen: Spans
}

export class EngineDocument {
  readonly context: Context
  readonly recorder: Recorder
  readonly switches: Switches
  readonly drafts: Drafts
  readonly #effects: Effects
  readonly #revoking: Revoking

  /** `compareBranches` orders branches by the bytes of their names. */
  constructor(graph: Graph, log: OpLog, compareBranches: CompareBranches) {
    this.context = new Context(graph, log, compareBranches)
    this.switches = new Switches(graph, this.context.cuts)
    this.#effects = new Effects(this.context, this.switches.isOff)
    this.#revoking = new Revoking(this.context, this.#effects, this.switches)
    this.recorder = new Recorder(this.context, this.#effects, (lv, level, targets) => {
      this.deepen(lv)
      this.#revoking.revoke(lv, level, targets, [])
      this.#revoking.settle(lv + 1)
    })
    this.drafts = new Drafts(this)
  }

  get root(): MapState {
    return this.context.root
  }

  get value(): unknown {
    return build(this.context.root, this.context.rollback)
  }

  get patches(): Patch[] | undefined {
    return this.context.patches
  }

  set patches(patches: Patch[] | undefined) {
    this.context.patches = patches
  }

  /** The ops of one change or several, which are in the graph and the log; their author had not seen `unseen`. */
  merge(from: LV, to: LV, unseen: Spans): void {
    this.take(from, to, unseen)
    this.settle(to)
  }

  /** The same in parts: what revokes bring about may be left to be done once for all of them, by settle(). */
  take(from: LV, to: LV, unseen: Spans): void {
    const { log, graph, cuts } = this.context
    if (this.context.isShallow && (unseen.length > 0 || graph.mayHaveCuts)) this.deepen(from)
    for (let lv = from; lv < to; ) {
      const row = log.rowAt(lv)
      const end = Math.min(log.endOf(row), to)
      const kind = log.kindOf(row)
      const on = graph.mayHaveCuts ? cuts.firstOff(graph, lv, end) : end
      if (on < end) this.switches.addOff(on, end)
      if (kind === Kind.revoke) this.#revoke(lv, unseen)
      else if (kind === Kind.cut) this.#cut(lv)
      else if (kind < Kind.revoke) {
        if (lv < on) this.#effects.apply(lv, on, unseen)
        if (on < end) this.#effects.applyOff(on, end, unseen)
      }
      lv = end
    }
  }

  /** The same for one op that sets a key, or adds to a counter, whose author had seen everything and which nobody has cut off. */
  set(map: MapState, entry: Entry, value: Scalar, lv: LV): void {
    this.#effects.setEntry(map, entry, value, lv, noSpans)
  }

  add(counter: CounterState, amount: Amount): void {
    this.#effects.add(counter, amount, 1)
  }

  settle(end: LV): void {
    this.#revoking.settle(end)
  }

  /** Whether what a branch does next counts for nothing: it was cut off. */
  isCut(branch: number): boolean {
    const { graph, cuts } = this.context
    if (!graph.mayHaveCuts) return false
    this.deepen()
    return cuts.isCut(graph, branch)
  }

  /** Many such stretches at once, in their order: texts and lists take what is theirs together. For when nobody listens. */
  mergeAll(stretches: readonly Stretch[]): void {
    const { log, graph } = this.context
    assert(this.context.patches === undefined, 'patches are made change by change')
    const batch = new Batch(this.context)
    for (const { start, end, unseen } of stretches) {
      if (graph.mayHaveCuts) {
        batch.flush()
        this.merge(start, end, unseen)
        continue
      }
      if (this.context.isShallow && unseen.length > 0) {
        batch.flush()
        this.deepen(start)
      }
      for (let lv = start; lv < end; ) {
        const row = log.rowAt(lv)
        const to = Math.min(log.endOf(row), end)
        if (!batch.take(row, lv, to, unseen)) this.take(lv, to, unseen)
        lv = to
      }
      this.settle(end)
    }
    batch.flush()
  }

  /** Merges the first `length` ops of graph and log, of which nothing is merged yet. */
  replay(length: LV): void {
    const { graph } = this.context
    const walk = new UnseenWalk(graph)
    const stretches: Stretch[] = []
    for (let row = 0; row < graph.rows && graph.startOfRow(row) < length; row++) {
      const start = graph.startOfRow(row)
      stretches.push({ start, end: Math.min(graph.endOfRow(row), length), unseen: walk.unseenAt(start) })
    }
    this.mergeAll(stretches)
  }

  /**
   * Runs `fn` on a draft and records what it did as one change, into graph and log too: from `from` to the end of both. If `fn` throws, nothing
   * happened. Errors: 'bad-change' | 'bad-value' | 'limit'.
   */
  change<R>(branch: number, fn: (draft: object) => R, meta?: Meta): { readonly result: R; readonly from: LV } {
    const { recorder } = this
    recorder.begin(branch, meta)
    try {
      // What fn gives, but for drafts in it.
      const result = this.drafts.run(fn) as R
      return { result, from: recorder.commit() }
    } catch (error) {
      recorder.rollBack()
      throw error
    }
  }

  /** What it shows, as plain data: for a snapshot. */
  exportState(): DocState {
    return exportState(this.context)
  }

  /** Makes an empty document from what one showed, whose ops are those of graph and log. */
  importState(state: DocState): void {
    importState(this.context, state)
  }

  /** Brings the history of a loaded document in, up to `end`: somebody has not seen all of it, or asks for what was. Free if it is here. */
  deepen(end: LV = this.context.graph.length): void {
    if (!this.context.isShallow) return
    // First, since it may throw: then the document shows what it showed.
    this.context.log.thaw()
    this.context.isShallow = false
    this.#revoking.deepen(end)
  }

  /** The order of all items that texts and lists ever had. */
  orders(): readonly ItemOrder[] {
    const { graph, log, compareBranches } = this.context
    return itemOrders(graph, log, compareBranches)
  }

  /** The container at a path of keys and indexes, if one shows there. */
  containerAt(path: Path): Container | undefined {
    let at: unknown = this.context.root
    for (const key of path) {
      if (!isContainer(at)) return undefined
      if (at.type === 'map') at = typeof key === 'string' ? at.get(key) : undefined
      else if (at.type !== 'list' || typeof key !== 'number' || !(key >= 0 && key < at.length)) return undefined
      else at = Number.isInteger(key) ? at.items.at(key) : undefined
    }
    return isContainer(at) ? at : undefined
  }

  /** The container that an op made, if it did. */
  madeAt(maker: LV): Container | undefined {
    return this.context.madeAt(maker)
  }

  containerOf(ref: number): Container | undefined {
    return this.context.containerOf(ref)
  }

  /** Where a container shows, undefined if it does not. */
  pathOf(container: Container): Path | undefined {
    return this.context.pathOf(container)
  }

  /** Errors: 'bad-path'. */
  valueAt(path: Path): unknown {
    return valueAt(this.value, path)
  }

  /** The value as it was at an older version, given by its heads. */
  at(version: readonly LV[]): unknown {
    this.deepen()
    return valueAtVersion(this.context, version)
  }

  /**
   * What lost at a key and can be restored, the greatest first; then what is hidden there, edited by somebody who had not seen the removal. Of a
   * register, all that was assigned, the one that shows first, if there is more than one. Errors: 'bad-path'.
   */
  conflicts(path: Path): readonly Conflict[] {
    const at = this.containerAt(path)
    const key = path.at(-1)
    const map = this.containerAt(path.slice(0, -1))
    const conflicts: Conflict[] = []
    if (at?.type === 'register' && at.heads.length > 1)
      for (const { lv, value } of at.heads) conflicts.push(this.#conflict(lv, value))
    if (map?.type !== 'map' || typeof key !== 'string') {
      if (at === undefined && path.length > 0)
        throw new JoineryError('bad-path', 'nothing stands there that could conflict')
      return conflicts
    }
    const entry = map.entries.get(key)
    const others = [...(entry?.others ?? [])].sort((a, b) => (this.context.isLater(a.lv, b.lv) ? -1 : 1))
    for (const { lv, value } of others) conflicts.push(this.#conflict(lv, value))
    const heads = (entry?.heads ?? []).map((head) => head.value)
    for (const container of entry?.slots?.containers.values() ?? [])
      if (!heads.includes(container) && !isEmpty(container)) conflicts.push(this.#conflict(container.maker, container))
    return conflicts
  }

  check(): void {
    checkContainer(this.context, this.context.root)
  }

  #conflict(lv: LV, value: Parameters<typeof show>[0]): Conflict {
    return { value: show(value, this.context.rollback), branch: this.context.graph.branchAt(lv), lv }
  }

  #cut(lv: LV): void {
    const { log, graph, cuts } = this.context
    const act = log.isVoid(log.rowAt(lv)) ? undefined : cuts.take(graph, log, lv)
    if (act === undefined) log.markVoid(lv, lv + 1)
    else this.#revoking.cut(act)
  }

  #revoke(lv: LV, unseen: Spans): void {
    this.deepen(lv)
    const { log } = this.context
    const row = log.rowAt(lv)
    if (log.isVoid(row)) return
    const level = log.aOf(row)
    const targets = log.values[log.bOf(row)]
    if (targets instanceof Int32Array && (level === 1 || level === 2)) this.#revoking.revoke(lv, level, targets, unseen)
    else log.markVoid(lv, lv + 1)
  }
}

/** Whether a container shows nothing that could be missed. */
function isEmpty(container: Container): boolean {
  switch (container.type) {
    case 'map':
      return container.keys.length === 0
    case 'list':
    case 'text':
    case 'log':
      return container.length === 0
    case 'counter':
    case 'gcounter':
      return container.value === 0
    case 'set':
    case 'rwset':
      return container.size === 0
    case 'register':
      return container.heads.length === 0
  }
}
