// Where ops made at different versions meet: the items of one text or list, each with two states. The *prepare* state can be moved to the
// version at which an op was made, so that its index means what its author meant; the *effect* state is that of all ops applied, and says
// what the op does to what shows. After Gentle & Kleppmann 2025, "Collaborative Text Editing with Eg-walker", sections 3.3 to 3.5. Content-free.
//
// Ids are the ordinals of the container's own ops (crdt/own-ops.ts) less those before the tracker's base; an insert's items have the ids of its
// ops. States are sums, one for each op that is in the version and in force, so ops may be retreated and advanced in any order: an item's
// prepare state is 1 if inserted, plus one for each delete, clear or revoke of its insert; a revoked delete counts for nothing (FORMAT §3).

import { baseId, nowhere, type Output, SpanTree } from './span-tree.ts'

/** Ties go by the bytes of the branches' names: negative if `a` comes first. */
export type CompareBranches = (a: number, b: number) => number

// In `where`, beside the leaf of an insert's item and, inverted, the target of a delete:
/** An op that does nothing, ever. */
const nothing = -(2 ** 31)
/** A clear or a revoke: see #switches. */
const isSwitch = nothing + 1

/** A clear (level 0), with the items it hides; or a revoke, with the ops it switches off. Spans of ids, flat. */
interface Switch {
  readonly level: 0 | 1 | 2
  readonly targets: readonly number[]
}

export class Tracker {
  readonly #tree: SpanTree
  readonly #branchOf: (id: number) => number
  readonly #compare: CompareBranches
  readonly #switches = new Map<number, Switch>()
  /** By id of an op: how many revokes in force name it, in each state. Made when the first revoke comes. */
  #offPrepare = new Int32Array(0)
  #offEffect = new Int32Array(0)
  /** Ops applied: the next id. */
  #length = 0
  /** Spans of ids that are not in the prepare version: flat, ascending. */
  #retreated: readonly number[] = []

  constructor(baseLength: number, branchOf: (id: number) => number, compare: CompareBranches) {
    this.#tree = new SpanTree(baseLength)
    this.#branchOf = branchOf
    this.#compare = compare
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
    if (before.length === 0 && retreated.length === 0) return
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
    this.#integrate(id, left)
    tree.insert(id, count, left, this.#right)
    return tree.effect
  }

  /** Deletes at `index` of the prepare version, `count` times: all of them are there. */
  erase(id: number, count: number, index: number, output: Output | undefined): void {
    const tree = this.#tree
    for (let at = id, end = id + count; at < end; ) {
      tree.findSeen(index)
      const target = tree.id + tree.offset
      const taken = tree.shiftHere(end - at, 1, 1, output)
      for (let i = 0; i < taken; i++) tree.where[at++] = ~(target + i)
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
      tree.shiftHere(taken, 1, 1, output)
      for (let i = 0; i < taken; i++) tree.where[at++] = ~(target - i)
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

  /** Whether ops among these, if they were switched off, could bring items of the base back. */
  hidesBase(targets: readonly number[]): boolean {
    const { where } = this.#tree
    for (let i = 0; i < targets.length; i += 2)
      for (let id = targets[i] as number; id < (targets[i + 1] as number); id++) {
        const at = where[id] as number
        if (at === isSwitch) {
          if (this.#switches.get(id)?.level === 0) return true
        } else if (at < 0 && at !== nothing && ~at >= baseId) return true
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

  /** The right origin of the run being inserted. */
  #right = nowhere

  /**
   * Finds the gap for a new run, from the gap behind its left origin on; and its right origin, the next item that its author saw. Between them
   * are only items not inserted at the prepare version. FugueMax (Weidner & Kleppmann 2023, "The Art of the Fugue", section 4.3) as in
   * `integrateFugueMax` of Seph Gentle's reference-crdts: among items with the same left origin, those with a lesser right origin come after,
   * those with a greater one before; ties by branch and seq. An item that hangs on one passed is passed with it; one that hangs further left
   * ends the scan. Only the first item of a span is looked at: the others hang on the one before.
   */
  #integrate(id: number, left: number): void {
    const tree = this.#tree
    const { leaf, slot, effect } = tree
    let isFree = true
    while (tree.toSpan() && tree.prepare === 0) {
      isFree = false
      tree.pass()
    }
    const right = tree.toSpan() ? tree.id : nowhere
    this.#right = right
    tree.leaf = leaf
    tree.slot = slot
    tree.effect = effect
    if (!isFree) this.#scan(id, left, right)
  }

  #scan(id: number, left: number, right: number): void {
    const tree = this.#tree
    const branch = this.#branchOf(id)
    let [leaf, slot, effect] = [tree.leaf, tree.slot, tree.effect]
    let [scanLeaf, scanSlot, scanEffect] = [leaf, slot, effect]
    let isScanning = false
    let last = left
    for (;;) {
      tree.leaf = scanLeaf
      tree.slot = scanSlot
      tree.effect = scanEffect
      if (!tree.toSpan() || tree.prepare !== 0) break
      scanLeaf = tree.leaf
      scanSlot = tree.slot
      const end = tree.id + tree.length - 1
      const otherLeft = tree.left
      if (otherLeft === left) {
        const otherRight = tree.right
        if (otherRight === right) {
          if (this.#comesBefore(id, branch)) break
          isScanning = false
        } else isScanning = otherRight !== nowhere && (right === nowhere || tree.precedes(otherRight, right))
      } else if (otherLeft !== last && left !== nowhere)
        if (otherLeft === nowhere || tree.precedes(otherLeft, left)) break
      last = end
      tree.leaf = scanLeaf
      tree.slot = scanSlot
      tree.offset = 0
      tree.pass()
      scanSlot = tree.slot
      scanEffect = tree.effect
      if (!isScanning) {
        leaf = scanLeaf
        slot = scanSlot
        effect = scanEffect
      }
    }
    tree.leaf = leaf
    tree.slot = slot
    tree.effect = effect
    tree.offset = 0
  }

  /** Whether a new item goes before the first of the span at the place, its equal in origins. */
  #comesBefore(id: number, branch: number): boolean {
    const tree = this.#tree
    if (tree.branch < 0) tree.branch = this.#branchOf(tree.id)
    return branch === tree.branch ? id < tree.id : this.#compare(branch, tree.branch) < 0
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
      let end = id + 1
      if (at >= 0) {
        while (end < to && (where[end] as number) >= 0) end++
        tree.shift(id, end - id, by, 0, undefined)
      } else if (at === isSwitch) {
        const one = this.#switches.get(id) as Switch
        if (one.level === 0) this.#hide(one.targets, by, 0, undefined)
        else this.#enforce(one, by, 0, undefined)
      } else if (at !== nothing) {
        // Targets one after the other, forwards or backwards, are switched together.
        const step = end < to ? (where[end] as number) - at : 0
        // Past ~0 the numbers are those of inserts.
        if (step === 1 || step === -1)
          while (end < to && (where[end] as number) < 0 && where[end] === at + step * (end - id)) end++
        tree.shift(step === 1 ? ~at - (end - id - 1) : ~at, end - id, by, 0, undefined)
      }
      id = end
    }
  }

  #hide(targets: readonly number[], prepare: number, hidden: number, output: Output | undefined): void {
    for (let i = 0; i < targets.length; i += 2) {
      const from = targets[i] as number
      this.#tree.shift(from, (targets[i + 1] as number) - from, prepare, hidden, output)
    }
  }

  /** A revoke comes into force (+1) or goes out of force (-1), in each state. */
  #enforce(one: Switch, prepare: number, effect: number, output: Output | undefined): void {
    if (this.#offPrepare.length < this.#length) {
      this.#offPrepare = grown(this.#offPrepare, this.#tree.where.length)
      this.#offEffect = grown(this.#offEffect, this.#tree.where.length)
    }
    for (let i = 0; i < one.targets.length; i += 2)
      for (let id = one.targets[i] as number; id < (one.targets[i + 1] as number); id++) {
        const offPrepare = prepare === 0 ? 0 : turn(this.#offPrepare, id, prepare)
        const offEffect = effect === 0 ? 0 : turn(this.#offEffect, id, effect)
        if (offPrepare !== 0 || offEffect !== 0) this.#turnOff(one.level, id, offPrepare, offEffect, output)
      }
  }

  /** An op is switched off (+1) or on again (-1). */
  #turnOff(level: number, id: number, prepare: number, effect: number, output: Output | undefined): void {
    const at = this.#tree.where[id] as number
    if (at === isSwitch) {
      const other = this.#switches.get(id) as Switch
      if (level === 2 && other.level === 1) this.#enforce(other, -prepare, -effect, output)
      if (level === 1 && other.level === 0) this.#hide(other.targets, -prepare, -effect, output)
    } else if (level === 1 && at !== nothing) {
      if (at >= 0) this.#tree.shift(id, 1, prepare, effect, output)
      else this.#tree.shift(~at, 1, -prepare, -effect, output)
    }
  }
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
