// Where ops made at different versions meet: the items of one text or list, each with two states. The *prepare* state can be moved to the
// version at which an op was made, so that its index means what its author meant; the *effect* state is that of all ops applied, and says
// what the op does to what shows. After Gentle & Kleppmann 2025, "Collaborative Text Editing with Eg-walker", sections 3.3 to 3.5. Content-free.
//
// Ids are the ordinals of the container's own ops (crdt/own-ops.ts) less those before the tracker's base; an insert's items have the ids of its
// ops. States are sums, one for each op that is in the version and in force, so ops may be retreated and advanced in any order: an item's
// prepare state is 1 if inserted, plus one for each delete, clear or revoke of its insert; a revoked delete counts for nothing (FORMAT §3).
// A cut names ops that it may not have seen: it switches those off that are in the version with it.

import { assert } from '../base/assert.ts'
import { Int32Column } from '../core/columns.ts'
import { integrate, type Makers } from './fugue-max.ts'
import { baseId } from './span-nodes.ts'
import { nowhere, type Output, SpanTree } from './span-tree.ts'

// In `where`, beside the leaf of an insert's item and, inverted, the run of a delete:
/** An op that does nothing, ever. */
const nothing = -(2 ** 31)
/** A clear or a revoke: see #switches. */
const isSwitch = nothing + 1

/** A clear (level 0), with the items it hides; or a revoke, with the ops it switches off; or an uncut. Spans of ids, flat. */
interface Switch {
  readonly level: 0 | 1 | 2 | 'uncut'
  readonly targets: readonly number[]
}

/** A cut, with the ops it names so far, and how often it is in force in each state: once, or not. */
interface CutSwitch {
  readonly level: 'cut'
  readonly targets: Set<number>
  prepare: number
  effect: number
}

export class Tracker {
  readonly #tree: SpanTree
  readonly #makers: Makers
  /** Runs of deletes whose targets follow one another: id of the first, how many, its target, and 1 forwards or -1 backwards. */
  readonly #firsts = new Int32Column()
  readonly #counts = new Int32Column()
  readonly #targets = new Int32Column()
  readonly #steps = new Int32Column()
  readonly #switches = new Map<number, Switch | CutSwitch>()
  readonly #cuts: CutSwitch[] = []
  /** By id of an op: how many revokes and cuts in force name it, in each state. Made when the first comes. */
  #offPrepare = new Int32Array(0)
  #offEffect = new Int32Array(0)
  /** Ids that are not in the prepare version, once there are cuts. */
  readonly #absent = new Set<number>()
  /** Ops applied: the next id. */
  #length = 0
  /** Spans of ids that are not in the prepare version: flat, ascending. */
  #retreated: readonly number[] = []

  constructor(baseLength: number, makers: Makers) {
    this.#tree = new SpanTree(baseLength)
    this.#makers = makers
  }

  /** The greatest id there is to be, and one. */
  reserve(ids: number): void {
    this.#tree.reserve(ids)
    this.#length = Math.max(this.#length, ids)
  }

  /** Units visible at the prepare version. */
  get seen(): number {
    return this.#tree.seen
  }

  /** Units visible. */
  get shown(): number {
    return this.#tree.shown
  }

  /** Moves the prepare version to that of all ops but these. */
  moveTo(retreated: readonly number[]): void {
    const before = this.#retreated
    if (before === retreated || (before.length === 0 && retreated.length === 0)) return
    this.#switchSpans(retreated, before, -1)
    this.#switchSpans(before, retreated, 1)
    this.#retreated = retreated
  }

  /** Says what is retreated already: after moves by move(). */
  settle(retreated: readonly number[]): void {
    this.#retreated = retreated
  }

  /** Ops that do nothing. */
  skip(id: number, count: number): void {
    this.#tree.where.fill(nothing, id, id + count)
  }

  /** A run inserted at an index of the prepare version, at most its length; gives the index of its first item among what shows. */
  insert(id: number, count: number, index: number): number {
    const tree = this.#tree
    let left = nowhere
    if (index === 0) tree.toStart()
    else {
      tree.findSeen(index - 1)
      left = tree.id + tree.offset
      const { offset } = tree
      if (offset + 1 < tree.length) {
        if (tree.hidden === 0) tree.effect++
        tree.split(offset + 1)
        tree.slot++
        tree.insert(id, count, left, left + 1)
        return tree.effect
      }
      tree.pass()
    }
    tree.insert(id, count, left, integrate(tree, id, left, this.#makers))
    return tree.effect
  }

  /** Deletes at `index` of the prepare version, `count` times: all of them are there. */
  erase(id: number, count: number, index: number, output: Output | undefined): void {
    const tree = this.#tree
    let isThere = false
    for (let at = id, end = id + count; at < end; isThere = tree.toNextSeen()) {
      if (!isThere) tree.findSeen(index)
      const target = tree.id + tree.offset
      const taken = tree.shiftHere(end - at, 1, 1, output, tree.effect)
      this.#hit(at, taken, target, 1)
      at += taken
    }
  }

  /** Deletes at `index`, then at the index before, and so on. */
  eraseBack(id: number, count: number, index: number, output: Output | undefined): void {
    const tree = this.#tree
    for (let at = id, end = id + count; at < end; ) {
      tree.findSeen(index - (at - id))
      const target = tree.id + tree.offset
      const taken = Math.min(end - at, tree.offset + 1)
      tree.offset -= taken - 1
      tree.shiftHere(taken, 1, 1, output, tree.effect - (taken - 1))
      this.#hit(at, taken, target, -1)
      at += taken
    }
  }

  /** Deletes every item that is inserted at the prepare version. */
  clear(id: number, output: Output | undefined): void {
    const tree = this.#tree
    const targets: number[] = []
    tree.toStart()
    for (; tree.toSpan(); tree.pass()) if (tree.prepare > 0) pushSpan(targets, tree.id, tree.id + tree.length)
    tree.where[id] = isSwitch
    this.#switches.set(id, { level: 0, targets })
    this.#hide(targets, 1, 1, output)
  }

  /** Switches edits off (level 1), or level-1 revokes (level 2). Targets are spans of ids in the op's past; others than of its level are ignored. */
  revoke(id: number, level: 1 | 2, targets: readonly number[], output: Output | undefined): void {
    const one: Switch = { level, targets }
    this.#tree.where[id] = isSwitch
    this.#switches.set(id, one)
    this.#enforce(one, 1, 1, output)
  }

  /** Says that there is a cut, or will be: before any op is retreated. */
  cutAt(id: number): void {
    if (this.#switches.has(id)) return
    const one: CutSwitch = { level: 'cut', targets: new Set(), prepare: 0, effect: 0 }
    this.#switches.set(id, one)
    this.#cuts.push(one)
  }

  /** Switches off what the cut names, that which comes later too. */
  cut(id: number, output: Output | undefined): void {
    this.#tree.where[id] = isSwitch
    this.#enforce(this.#cutOf(id), 1, 1, output)
  }

  /** Switches on again what a cut has switched off. */
  uncut(id: number, cut: number, output: Output | undefined): void {
    const one: Switch = { level: 'uncut', targets: [cut, cut + 1] }
    this.#tree.where[id] = isSwitch
    this.#switches.set(id, one)
    this.#enforce(one, 1, 1, output)
  }

  /** Whether the cut is in force at the prepare version. */
  isCutting(cut: number): boolean {
    return this.#cutOf(cut).prepare > 0
  }

  /** Says that the cut names these ops, which are applied and in the prepare version. */
  name(cut: number, id: number, count: number, output: Output | undefined): void {
    const one = this.#cutOf(cut)
    this.#roomForOff()
    for (let at = id; at < id + count; at++) {
      if (one.targets.has(at)) continue
      one.targets.add(at)
      this.#turn('cut', at, one.prepare, one.effect, output)
    }
  }

  /** Whether ops among these, if they were switched off, could bring items of the base back. */
  hidesBase(targets: readonly number[]): boolean {
    const { where } = this.#tree
    for (let i = 0; i < targets.length; i += 2)
      for (let id = targets[i] as number; id < (targets[i + 1] as number); id++) {
        const at = where[id] as number
        if (at === isSwitch) {
          if (this.#switches.get(id)?.level === 0) return true
        } else if (at < 0 && at !== nothing && this.#targetOf(~at, id) >= baseId) return true
      }
    return false
  }

  /** All items in order: ids, and whether they are inserted and visible at the prepare version, and visible among what shows. */
  visit(visitor: (id: number, count: number, prepare: 'absent' | 'hidden' | 'visible', shows: boolean) => void): void {
    const tree = this.#tree
    tree.toStart()
    for (; tree.toSpan(); tree.pass()) {
      const { prepare } = tree
      visitor(tree.id, tree.length, prepare === 0 ? 'absent' : prepare === 1 ? 'visible' : 'hidden', tree.hidden === 0)
    }
  }

  /** The id of the unit that shows at an index. */
  idAt(index: number): number {
    this.#tree.findShown(index)
    return this.#tree.id + this.#tree.offset
  }

  /** Where an item shows, or would show. */
  indexOf(id: number): number {
    this.#tree.locate(id)
    return this.#tree.effectHere()
  }

  check(): void {
    this.#tree.check()
  }

  /** Switches the ops that are in `spans` and not in `others`, in the prepare state. */
  #switchSpans(spans: readonly number[], others: readonly number[], by: 1 | -1): void {
    let other = 0
    for (let i = 0; i < spans.length; i += 2) {
      let from = spans[i] as number
      const to = spans[i + 1] as number
      while (from < to) {
        while (other < others.length && (others[other + 1] as number) <= from) other += 2
        const stop = other < others.length ? (others[other] as number) : to
        if (stop > from) this.move(from, Math.min(stop, to), by)
        from = stop >= to ? to : Math.min(to, others[other + 1] as number)
      }
    }
  }

  /** Adds ops to the prepare version, or takes them from it; settle() is to follow. */
  move(from: number, to: number, by: 1 | -1): void {
    const tree = this.#tree
    const { where } = tree
    for (let id = from; id < to; ) {
      const at = where[id] as number
      if (at >= 0) {
        tree.locate(id)
        id += tree.shiftHere(to - id, by, 0, undefined)
      } else if (at > isSwitch) {
        const end = Math.min(to, this.#firsts.at(~at) + this.#counts.at(~at))
        const target = this.#targetOf(~at, this.#steps.at(~at) > 0 ? id : end - 1)
        tree.shift(target, end - id, by, 0, undefined)
        id = end
      } else {
        if (at === isSwitch) this.#switch(this.#switches.get(id) as Switch | CutSwitch, by)
        id++
      }
    }
    if (this.#cuts.length > 0) this.#moveCut(from, to, by)
  }

  #switch(one: Switch | CutSwitch, by: 1 | -1): void {
    if (one.level === 0) this.#hide(one.targets, by, 0, undefined)
    else this.#enforce(one, by, 0, undefined)
  }

  /** A cut switches off what is in the version with it: with an op its being off comes and goes. */
  #moveCut(from: number, to: number, by: 1 | -1): void {
    for (let id = from; id < to; id++) {
      if (by === 1) this.#absent.delete(id)
      else this.#absent.add(id)
      for (const { targets, prepare } of this.#cuts)
        if (prepare !== 0 && targets.has(id)) this.#turn('cut', id, by * prepare, 0, undefined)
    }
  }

  #cutOf(id: number): CutSwitch {
    const one = this.#switches.get(id)
    assert(one?.level === 'cut', `op ${id} is a cut`)
    return one
  }

  #targetOf(run: number, id: number): number {
    return this.#targets.at(run) + this.#steps.at(run) * (id - this.#firsts.at(run))
  }

  /** Notes which items deletes have hit. */
  #hit(id: number, count: number, target: number, step: 1 | -1): void {
    let run = this.#firsts.length - 1
    if (run < 0 || !this.#hitsOn(run, id, count, target, step)) {
      run = this.#firsts.length
      this.#firsts.push(id)
      this.#counts.push(count)
      this.#targets.push(target)
      this.#steps.push(step)
    }
    if (count === 1) this.#tree.where[id] = ~run
    else this.#tree.where.fill(~run, id, id + count)
  }

  /** Lengthens the last run of deletes, if it goes on; a run of one has no direction yet. */
  #hitsOn(run: number, id: number, count: number, target: number, step: 1 | -1): boolean {
    const before = this.#counts.at(run)
    if (this.#firsts.at(run) + before !== id) return false
    const apart = target - this.#targets.at(run)
    const direction = before > 1 ? this.#steps.at(run) : count > 1 ? step : apart < 0 ? -1 : 1
    if (apart !== direction * before || (count > 1 && step !== direction)) return false
    this.#counts.data[run] = before + count
    this.#steps.data[run] = direction
    return true
  }

  #hide(targets: readonly number[], prepare: number, hidden: number, output: Output | undefined): void {
    for (let i = 0; i < targets.length; i += 2) {
      const from = targets[i] as number
      this.#tree.shift(from, (targets[i + 1] as number) - from, prepare, hidden, output)
    }
  }

  /** A revoke, cut or uncut comes into force (+1) or goes out of force (-1), in each state. */
  #enforce(
    one: Exclude<Switch | CutSwitch, { level: 0 }>,
    prepare: number,
    effect: number,
    output: Output | undefined,
  ): void {
    this.#roomForOff()
    if (one.level === 'cut') {
      one.prepare += prepare
      one.effect += effect
      for (const id of one.targets) this.#turn('cut', id, this.#absent.has(id) ? 0 : prepare, effect, output)
      return
    }
    for (let i = 0; i < one.targets.length; i += 2)
      for (let id = one.targets[i] as number; id < (one.targets[i + 1] as number); id++)
        this.#turn(one.level, id, prepare, effect, output)
  }

  #roomForOff(): void {
    if (this.#offPrepare.length >= this.#length) return
    this.#offPrepare = grown(this.#offPrepare, this.#tree.where.length)
    this.#offEffect = grown(this.#offEffect, this.#tree.where.length)
  }

  /** One that names an op comes into force or goes out of force. */
  #turn(level: Switch['level'] | 'cut', id: number, prepare: number, effect: number, output: Output | undefined): void {
    const offPrepare = prepare === 0 ? 0 : turn(this.#offPrepare, id, prepare)
    const offEffect = effect === 0 ? 0 : turn(this.#offEffect, id, effect)
    if (offPrepare !== 0 || offEffect !== 0) this.#turnOff(level, id, offPrepare, offEffect, output)
  }

  /** An op is switched off (+1) or on again (-1). */
  #turnOff(
    level: Switch['level'] | 'cut',
    id: number,
    prepare: number,
    effect: number,
    output: Output | undefined,
  ): void {
    const at = this.#tree.where[id] as number
    if (at === isSwitch) {
      const other = this.#switches.get(id) as Switch | CutSwitch
      if (!isTarget(level, other.level)) return
      if (other.level === 0) this.#hide(other.targets, -prepare, -effect, output)
      else this.#enforce(other, -prepare, -effect, output)
    } else if ((level === 1 || level === 'cut') && at !== nothing) {
      if (at >= 0) this.#tree.shift(id, 1, prepare, effect, output)
      else this.#tree.shift(this.#targetOf(~at, id), 1, -prepare, -effect, output)
    }
  }
}

/** Level 1 names clears, level 2 level 1; an uncut names its cut, and a cut all but cuts and uncuts, whose authors nobody can cut off. */
function isTarget(level: Switch['level'] | 'cut', other: Switch['level'] | 'cut'): boolean {
  if (level === 'cut') return typeof other === 'number'
  return level === 'uncut' ? other === 'cut' : other === level - 1
}

/** Adds to a counter; gives how whether it is more than zero has changed. */
function turn(counters: Int32Array, id: number, by: number): number {
  const before = counters[id] as number
  counters[id] = before + by
  return (before + by > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
}

function grown(column: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(length)
  out.set(column)
  return out
}

function pushSpan(spans: number[], from: number, to: number): void {
  if (spans.length > 0 && spans[spans.length - 1] === from) spans[spans.length - 1] = to
  else spans.push(from, to)
}
