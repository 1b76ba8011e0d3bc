// A sequence with its graph and log, and a host that holds LVs or units; and random histories for it and its slow twin.

import { assert } from '../../src/base/assert.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { unitsToString } from '../../src/core/columns.ts'
import { Graph, type LV, type Spans } from '../../src/core/graph.ts'
import { Kind } from '../../src/core/kinds.ts'
import { OpLog } from '../../src/core/op-log.ts'
import { linearFrom } from '../../src/crdt/critical-cuts.ts'
import { Sequence } from '../../src/crdt/eg-sequence.ts'
import { type PlainOp, PlainSequence } from '../model/plain-sequence.ts'

export class SequenceReplica {
  readonly graph = new Graph()
  readonly log = new OpLog()
  /** What shows: the LVs of the inserts. */
  readonly shows: LV[] = []
  sequence: Sequence

  constructor() {
    this.sequence = this.#newSequence()
  }

  #newSequence(): Sequence {
    const { shows } = this
    return new Sequence(this.graph, this.log, (a, b) => a - b, {
      insert: (index, lv, count) => {
        assert(index >= 0 && index <= shows.length, `insert at ${index} of ${shows.length}`)
        const part = Array.from({ length: Math.min(count, 10_000) }, (_, i) => lv + i)
        shows.splice(index, 0, ...part)
        // What is longer than a call can take goes in one by one.
        for (let i = part.length; i < count; i++) shows.splice(index + i, 0, lv + i)
      },
      remove: (index, count) => {
        assert(index >= 0 && index + count <= shows.length, `remove at ${index}+${count} of ${shows.length}`)
        shows.splice(index, count)
      },
      get length() {
        return shows.length
      },
    })
  }

  /** One change of patches [index, deleted, inserted]; gives the next LV. */
  change(branch: number, parents: readonly LV[], patches: readonly [number, number, string][]): LV {
    const count = patches.reduce((sum, [, deleted, { length }]) => sum + deleted + length, 0)
    const start = this.graph.length
    const unseen = this.append(branch, Math.max(1, count), parents)
    const { log } = this
    let goesOn = false
    if (count === 0) log.push(Kind.meta, 0, 0, 0, 1, false)
    for (const [index, deleted, inserted] of patches) {
      if (deleted > 0) log.push(Kind.erase, 1, index, 0, deleted, goesOn)
      goesOn ||= deleted > 0
      if (inserted !== '') log.push(Kind.type, 1, index, log.units.push(inserted), inserted.length, goesOn)
      goesOn = true
    }
    if (count > 0) this.mergeRows(start, unseen)
    return this.graph.length
  }

  /** Appends ops to the graph; gives what their author had not seen. */
  append(branch: number, count: number, parents: readonly LV[]): Spans {
    const heads = this.graph.dominators(parents)
    const unseen = this.graph.unseen(branch, heads)
    this.graph.append(branch, count, heads)
    this.graph.remember(branch, unseen)
    return unseen
  }

  mergeRows(start: LV, unseen: Spans): void {
    const { log } = this
    for (let lv = start; lv < log.length; ) {
      const end = log.endOf(log.rowAt(lv))
      this.sequence.merge(lv, end, unseen)
      lv = end
    }
  }

  /** Forgets all but what a snapshot holds: the ops, and what shows. */
  reload(revokes: readonly Revoke[]): void {
    const { graph, log } = this
    this.sequence = this.#newSequence()
    for (let row = 0; row < log.count; row++) {
      const lv = log.startOf(row)
      const revoke = revokes.find((one) => one.lv === lv)
      if (revoke !== undefined) this.sequence.noteRevoke(lv, revoke.level, revoke.spans)
      else if (log.kindOf(row) === Kind.set) this.sequence.noteClear(lv)
      else this.sequence.note(lv, log.endOf(row))
    }
    this.sequence.loaded(linearFrom(graph))
  }

  voids(): boolean[] {
    const { log } = this
    return Array.from({ length: log.length }, (_, lv) => log.isVoid(log.rowAt(lv)))
  }

  text(): string {
    const { log } = this
    const units = Uint16Array.from(this.shows, (lv) => {
      const row = log.rowAt(lv)
      return log.units.data[log.bOf(row) + lv - log.startOf(row)] as number
    })
    return unitsToString(units, 0, units.length)
  }
}

interface Revoke {
  readonly lv: LV
  readonly level: 1 | 2
  readonly spans: Spans
}

interface Fuzz {
  readonly ops: number
  /** How often an op is a clear, an undo or a redo. */
  readonly acts: number
}

/** A random history, compared after every change. */
export function fuzzSequence(seed: number, { ops, acts }: Fuzz): void {
  const random = seededRandom(seed)
  const world = new World(random)
  try {
    for (let i = 0; i < ops; i++) {
      world.step(acts)
      world.compare()
    }
    world.compareQuestions()
  } catch (error) {
    throw new Error(`SEED=${seed}\n${world.trace.join('\n')}`, { cause: error })
  }
}

class World {
  readonly trace: string[] = []
  readonly #random: Random
  readonly #replica = new SequenceReplica()
  readonly #twin = new PlainSequence()
  /** By branch: its past, its heads. */
  readonly #pasts: Set<LV>[] = []
  readonly #heads: LV[][] = []
  /** Another replica, which hears of everything seldom and at once; and what it has not heard. */
  readonly #late = new SequenceReplica()
  #news: { branch: number; parents: readonly LV[]; kind: Kind; index: number; count: number }[] = []
  #clears = 0
  readonly #revokes: Revoke[] = []

  constructor(random: Random) {
    this.#random = random
    for (let branches = 1 + this.#below(6); branches > 0; branches--) {
      this.#pasts.push(new Set())
      this.#heads.push([])
    }
  }

  step(acts: number): void {
    const branch = this.#below(this.#pasts.length)
    const past = this.#pasts[branch] as Set<LV>
    // Some hear of others often, some seldom.
    if (this.#random.unit() < (branch + 1) / 8) this.#hear(branch, this.#below(this.#pasts.length))
    if (this.#random.unit() < acts) this.#act(branch, past)
    else for (let rows = 1 + this.#below(3); rows > 0; rows--) this.#edit(branch, past)
  }

  compare(): void {
    const { shows, sequence, log } = this.#replica
    same('what shows', shows, this.#twin.visibleAt(this.#twin.all()))
    const isVoid = (lv: LV): boolean => log.isVoid(log.rowAt(lv))
    same(
      'void',
      Array.from({ length: log.length }, (_, lv) => isVoid(lv)),
      this.#twin.void,
    )
    sequence.check()
    if (this.#below(20) === 0) this.compareQuestions()
    if (this.#below(30) === 0) this.#replica.reload(this.#revokes)
    if (this.#revokes.length + this.#clears === 0 && this.#below(10) === 0) this.catchUp()
  }

  compareQuestions(): void {
    const { sequence, shows } = this.#replica
    const all = this.#twin.all()
    const items: [LV, boolean][] = []
    sequence.order((lv, count, isVisible) => {
      for (let i = 0; i < count; i++) items.push([lv + i, isVisible])
    })
    same('order', items, this.#twin.orderAt(all))
    for (const [branch, past] of this.#pasts.entries()) {
      const older: [LV, boolean][] = []
      sequence.orderAt(this.#heads[branch] as LV[], (lv, count, isVisible) => {
        for (let i = 0; i < count; i++) older.push([lv + i, isVisible])
      })
      same(`order as ${branch} saw it`, older, this.#twin.orderAt(past))
    }
    let index = 0
    for (const [lv, isVisible] of items) {
      same(`index of ${lv}`, sequence.indexOf(lv), index)
      if (isVisible) same('item', sequence.lvAt(index++), lv)
    }
    same('visible items', index, shows.length)
    sequence.check()
  }

  /** The late replica merges what it has not heard, at once; or is loaded anew and told of all the rest by and by. */
  catchUp(): void {
    const late = this.#late
    const rows: LV[] = []
    const unseen: Spans[] = []
    for (const { branch, parents, kind, index, count } of this.#news) {
      rows.push(late.graph.length, late.graph.length + count)
      unseen.push(late.append(branch, count, parents))
      late.log.push(kind, 1, index, late.log.units.push(kind === Kind.type ? 'x'.repeat(count) : ''), count, false)
    }
    this.#news = []
    late.sequence.mergeMany(rows, unseen)
    same('what shows late', late.shows, this.#replica.shows)
    late.sequence.check()
    same('void late', late.voids(), this.#replica.voids())
    if (this.#below(3) === 0) late.reload([])
  }

  #hear(branch: number, other: number): void {
    const past = this.#pasts[branch] as Set<LV>
    for (const lv of this.#pasts[other] as Set<LV>) past.add(lv)
    this.#heads[branch] = this.#replica.graph.dominators([
      ...(this.#heads[branch] as LV[]),
      ...(this.#heads[other] as LV[]),
    ])
  }

  #edit(branch: number, past: Set<LV>): void {
    const { length } = this.#twin.visibleAt(past)
    // Often where one was before, so that runs and clashes come about; seldom out of range.
    const anywhere = this.#below(length + 1)
    const index =
      this.#random.unit() < 0.03 ? length + this.#below(3) : this.#random.unit() < 0.3 ? Math.min(length, 2) : anywhere
    const count = 1 + this.#below(this.#random.unit() < 0.5 ? 1 : 5)
    const { log } = this.#replica
    const start = log.length
    const parents = this.#heads[branch] as LV[]
    const unseen = this.#append(branch, count)
    const what = this.#random.unit()
    if (length < 3 || what < 0.55) {
      this.trace.push(`${start} ${branch}: insert ${count} at ${index} of ${length}, not seen ${unseen}`)
      log.push(Kind.type, 1, index, log.units.push('x'.repeat(count)), count, false)
      for (let i = 0; i < count; i++) this.#note({ type: 'insert', index: index + i }, branch, past)
    } else {
      const isBack = count > 1 && what < 0.78
      this.trace.push(
        `${start} ${branch}: erase ${isBack ? 'back ' : ''}${count} at ${index} of ${length}, not seen ${unseen}`,
      )
      log.push(isBack ? Kind.eraseBack : Kind.erase, 1, index, 0, count, false)
      for (let i = 0; i < count; i++) this.#note({ type: 'erase', index: isBack ? index - i : index }, branch, past)
    }
    // Asked before the merge, which may cut the row: a delete of one unit has no direction.
    const kind = log.kindOf(log.rowAt(start))
    this.#replica.mergeRows(start, unseen)
    this.#news.push({ branch, parents, kind, index, count })
  }

  #act(branch: number, past: Set<LV>): void {
    const { log, sequence } = this.#replica
    const lv = log.length
    const before = [...this.#replica.shows]
    const what = this.#random.unit()
    const undone = this.#revokes.filter((one) => past.has(one.lv) && one.level === 1).map((one) => one.lv)
    const others = [...past].filter((other) => !this.#revokes.some((one) => one.lv === other))
    const unseen = this.#append(branch, 1)
    if (what < 0.15) {
      this.trace.push(`${lv} ${branch}: clear, not seen ${unseen}`)
      log.push(Kind.set, 0, 0, 0, 1, false)
      this.#clears++
      this.#note({ type: 'clear' }, branch, past)
      const went = sequence.clear(lv, unseen)
      same('clear', went, this.#replica.shows.length < before.length)
      return
    }
    const level = what < 0.5 && undone.length > 0 ? 2 : 1
    const from = level === 2 ? undone : others
    const start = this.#below(from.length)
    const targets = from.slice(start, start + 1 + this.#below(4)).sort((a, b) => a - b)
    this.trace.push(`${lv} ${branch}: revoke ${level} of ${targets}, not seen ${unseen}`)
    log.push(Kind.revoke, 0, level, 0, 1, false)
    this.#note({ type: 'revoke', level, targets }, branch, past)
    const spans = targets.flatMap((target) => [target, target + 1])
    this.#revokes.push({ lv, level, spans })
    const changed = sequence.revoke(lv, level, spans, unseen)
    if (`${before}` !== `${this.#replica.shows}`) same('revoke', changed, true)
  }

  #append(branch: number, count: number): Spans {
    const unseen = this.#replica.append(branch, count, this.#heads[branch] as LV[])
    this.#heads[branch] = [this.#replica.graph.length - 1]
    return unseen
  }

  #note(op: PlainOp, branch: number, past: Set<LV>): void {
    const lv = this.#twin.length
    this.#twin.push(op, branch, new Set(past))
    past.add(lv)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.unit() * limit)
  }
}

function same(what: string, ours: unknown, twins: unknown): void {
  const [a, b] = [JSON.stringify(ours), JSON.stringify(twins)]
  assert(a === b, `${what}: ${a}, the twin has ${b}`)
}
