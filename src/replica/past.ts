// Looking at what a document was, and at who made it so: older versions, the changes one by one, who wrote which part of a text.

import { JoineryError } from '../base/errors.ts'
import type { LV } from '../core/graph.ts'
import { endsAt } from '../core/graph-versions.ts'
import type { ActorId, BranchId } from '../core/ids.ts'
import { Kind, type Meta } from '../core/kinds.ts'
import type { Version } from '../core/version.ts'
import type { EngineDocument } from '../crdt/engine/document.ts'
import { formatPath } from '../crdt/engine/input.ts'
import type { Path } from '../crdt/patch.ts'
import type { History } from './history.ts'
import { touches } from './places.ts'

/** One change, as the history lists it. */
export interface HistoryEntry {
  readonly actor: ActorId
  /** Its ops: [seq, seq + count). */
  readonly seq: number
  readonly count: number
  /** Wall time in milliseconds as its author had it, within a minute; for people. */
  readonly time: number | undefined
  /** What `change(fn, { message })` was given. */
  readonly message: string | undefined
  /** What its author had seen when making it: `diff(before, after)` is what the change did. */
  readonly before: Version
  /** `before`, and this change. */
  readonly after: Version
}

/** Who wrote a part of a text or list. */
export interface Blame {
  /** [index, index + count) in units or items. */
  readonly index: number
  readonly count: number
  readonly actor: ActorId
  /** Wall time in milliseconds as its author had it, within a minute; for people. */
  readonly time: number | undefined
}

/** The heads of a version. Errors: 'bad-option' if the version names what is not here, lacks what that builds on, or has half a change. */
export function headsOf(history: History, version: Version): LV[] {
  const { graph } = history
  const last: LV[] = []
  const ends = new Map<number, number>()
  for (const [actor, end] of version) {
    const branch = history.branchOf(actor)
    if (!Number.isInteger(end) || end < 0)
      throw new JoineryError('bad-option', `a version has ${end} ops of ${actor}: give an integer from 0 on`)
    if (end > graph.endOf(branch))
      throw new JoineryError('bad-option', `a version names op ${end - 1} of ${actor}, which is not here`)
    if (end === 0) continue
    if (!history.endsChange(branch, end))
      throw new JoineryError('bad-option', `a version ends in the midst of a change, after op ${end - 1} of ${actor}`)
    last.push(graph.lvOf(branch, end - 1))
    ends.set(branch, end)
  }
  const heads = graph.dominators(last)
  const unseen = graph.diff(heads, []).onlyA
  for (let i = 0; i < unseen.length; i += 2) {
    for (let lv = unseen[i] as LV; lv < (unseen[i + 1] as LV); ) {
      const row = graph.rowAt(lv)
      const end = Math.min(graph.endOfRow(row), unseen[i + 1] as LV)
      const branch = graph.branchOfRow(row)
      const seq = graph.seqAt(end - 1)
      const isNamed = (one: number): boolean => (ends.get(one) ?? 0) > seq && graph.isOf(one, end - 1)
      if (!history.actors.branchesOf(branch).some(isNamed))
        throw new JoineryError(
          'bad-option',
          `a version lacks op ${seq} of ${history.actors.nameOf(branch)}, which it builds on`,
        )
      lv = end
    }
  }
  return heads
}

/** Changes, the newest in order of arrival first. */
export function changesOf(
  history: History,
  document: EngineDocument,
  options: { readonly path?: Path; readonly limit?: number },
): HistoryEntry[] {
  const { limit = Number.POSITIVE_INFINITY, path = [] } = options
  const { changeEnds, length } = history.log
  const entries: HistoryEntry[] = []
  for (let end = length; end > 0 && entries.length < limit; ) {
    const start = changeEnds.previous(end - 2, 1) + 1
    if (touches(history, document, start, end, path)) entries.push(new Entry(history, start, end))
    end = start
  }
  return entries
}

class Entry implements HistoryEntry {
  readonly actor: ActorId
  readonly seq: number
  readonly count: number
  readonly time: number | undefined
  readonly message: string | undefined
  readonly #history: History
  readonly #start: LV

  constructor(history: History, start: LV, end: LV) {
    const { graph, log, actors } = history
    const branch = graph.branchAt(start)
    const row = log.rowAt(start)
    const { message } = log.kindOf(row) === Kind.meta ? (log.values[log.bOf(row)] as Meta) : noMeta
    this.actor = actors.nameOf(branch)
    this.seq = graph.seqAt(start)
    this.count = end - start
    this.time = history.timeAt(branch, this.seq)
    this.message = message
    this.#history = history
    this.#start = start
  }

  // Made when they are asked for: a long history has many entries.

  get before(): Version {
    return versionAt(this.#history, this.#history.graph.parentsAt(this.#start))
  }

  get after(): Version {
    return versionAt(this.#history, [this.#start + this.count - 1])
  }
}

const noMeta: Meta = {}

function versionAt({ graph, forks }: History, heads: readonly LV[]): Version {
  const version = new Map<BranchId, number>()
  for (const [branch, end] of endsAt(graph, heads).entries())
    if (end > graph.baseOf(branch)) version.set(forks.outwardIdOf(branch), end)
  return version
}

/** Who wrote what of the text or list at a path, from its start on. Errors: 'bad-path'. */
export function blameOf(history: History, document: EngineDocument, path: Path): Blame[] {
  const container = document.containerAt(path)
  if (container?.type !== 'text' && container?.type !== 'list')
    throw new JoineryError('bad-path', `${formatPath(path)} is neither a text nor a list`, { details: { path } })
  const { graph, actors } = history
  const out: { index: number; count: number; actor: ActorId; time: number | undefined }[] = []
  let index = 0
  container.sequence.order((lv, count, isVisible) => {
    if (!isVisible) return
    for (let at = lv; at < lv + count; ) {
      const row = graph.rowAt(at)
      const end = Math.min(graph.endOfRow(row), lv + count)
      const branch = graph.branchOfRow(row)
      const actor = actors.nameOf(branch)
      const time = history.timeAt(branch, graph.seqAt(at))
      const last = out.at(-1)
      if (last !== undefined && last.actor === actor && last.time === time) last.count += end - at
      else out.push({ index, count: end - at, actor, time })
      index += end - at
      at = end
    }
  })
  return out
}
