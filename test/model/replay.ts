// The slow twin of the document: takes all ops a replica holds, sorts them in one fixed order that respects causality, and says what they mean
// by definition, comparing every op with every other. Lists are trees (FugueMax as its paper defines it), not integrated runs.

import { Actors } from '../../src/core/actors.ts'
import { decodeBody } from '../../src/core/body.ts'
import { compareActors } from '../../src/core/ids.ts'
import { type Change, type Content, Make, type Op, type Ref, unitsOf } from '../../src/core/op.ts'
import { defineKey, Json, type Scalar, valueKey } from '../../src/core/value.ts'
import { Replica } from '../../src/replica/replica.ts'

interface Stamped {
  readonly actor: number
  readonly seq: number
  readonly lamport: number
  readonly past: ReadonlyMap<number, number>
}

interface Place extends Stamped {
  readonly op: Op
}

interface Box {
  readonly id: string
  readonly type: string
  /** The keys it hangs under, from the nearest up: whoever clears one of them clears what is inside. */
  readonly under: readonly { readonly box: Box; readonly key: string }[]
  readonly ops: Place[]
  readonly tree: Node[]
}

interface Node extends Stamped {
  readonly value: Content
  readonly parent: Node | undefined
  readonly side: 'left' | 'right'
  readonly right: Node | undefined
}

export function replayModel(replica: Replica): unknown {
  const actors = new Actors()
  const model = new Model(actors)
  const changes = Replica.ranges(replica.snapshot({ signatures: false })).flatMap((range) => {
    const actor = actors.indexOf(range.actor)
    const isInit = range.actor.length === 74 && range.actor.startsWith('00')
    return decodeBody(range.body, actor, range.fromSeq, range.endSeq, actors).map((change) => ({
      actor,
      isInit,
      change,
    }))
  })
  for (const { change, stamp } of ordered(changes)) model.apply(change, stamp)
  return model.value()
}

/** Changes with what their authors had seen and their Lamport times, in the order of (Lamport time, actor). */
function ordered(changes: readonly { actor: number; isInit: boolean; change: Change }[]) {
  const done = new Map<
    string,
    { past: Map<number, number>; lamport: number; last: number; change: Change; actor: number; isInit: boolean }
  >()
  let rest = [...changes]
  while (rest.length > 0) {
    const before = rest.length
    rest = rest.filter(({ actor, isInit, change }) => {
      const parents: Ref[] = change.seq === 0 ? [...change.links] : [{ actor, seq: change.seq - 1 }, ...change.links]
      const met = parents.map((parent) => done.get(`${parent.actor} ${parent.seq}`))
      if (met.some((parent) => parent === undefined)) return true
      const past = new Map<number, number>()
      let lamport = 0
      for (const parent of met) {
        if (parent === undefined) continue
        lamport = Math.max(lamport, parent.last)
        for (const [other, seq] of [...parent.past, [parent.actor, parent.change.seq + parent.change.count] as const])
          past.set(other, Math.max(seq, past.get(other) ?? 0))
      }
      const start = isInit ? 0 : lamport + 1
      const last = isInit ? 0 : start + change.count - 1
      done.set(`${actor} ${change.seq + change.count - 1}`, { past, lamport: start, last, change, actor, isInit })
      return false
    })
    if (rest.length === before) throw new Error('changes wait for one another')
  }
  return [...done.values()]
    .sort((a, b) => a.lamport - b.lamport || a.actor - b.actor || a.change.seq - b.change.seq)
    .map(({ change, past, lamport, actor, isInit }) => ({
      change,
      stamp: (seq: number): Stamped => ({ actor, seq, lamport: isInit ? 0 : lamport + seq - change.seq, past }),
    }))
}

/** Whether `later` was made knowing `earlier`. */
function saw(later: Stamped, earlier: Ref): boolean {
  return earlier.actor === later.actor ? earlier.seq < later.seq : (later.past.get(earlier.actor) ?? 0) > earlier.seq
}

class Model {
  readonly #actors: Actors
  readonly #root: Box = { id: '', type: 'map', under: [], ops: [], tree: [] }
  readonly #boxes = new Map<string, Box>()
  readonly #made = new Map<string, Box>()

  constructor(actors: Actors) {
    this.#actors = actors
  }

  apply(change: Change, stamp: (seq: number) => Stamped): void {
    let { seq } = change
    for (const op of change.ops) {
      this.#apply(op, stamp, seq)
      seq += unitsOf(op)
    }
  }

  value(): unknown {
    return this.#show(this.#root)
  }

  #apply(op: Op, stamp: (seq: number) => Stamped, seq: number): void {
    if (op.type === 'meta') return
    const at = stamp(seq)
    const box =
      op.at === undefined ? this.#root : saw(at, op.at) ? this.#made.get(`${op.at.actor} ${op.at.seq}`) : undefined
    const type = {
      set: 'map',
      delete: 'map',
      type: 'text',
      insert: 'list',
      remove: '',
      add: 'counter',
      include: 'set',
      exclude: 'set',
    }[op.type]
    if (box === undefined || (type !== '' && box.type !== type)) return
    if (op.type === 'set' && op.value instanceof Make) {
      const { gen } = op.value
      const allowed = box.ops.some(
        (other) =>
          other.op.type === 'set' &&
          other.op.key === op.key &&
          other.op.value instanceof Make &&
          other.op.value.gen >= gen - 1 &&
          saw(at, other),
      )
      if (gen > 0 && !allowed) return
      const id = `${box.id}/${op.key}:${op.value.type}:${gen}`
      const slot = this.#boxes.get(id) ?? {
        id,
        type: op.value.type,
        under: [{ box, key: op.key }, ...box.under],
        ops: [],
        tree: [],
      }
      this.#boxes.set(id, slot)
      this.#made.set(`${at.actor} ${seq}`, slot)
    }
    if (op.type === 'type')
      this.#insert(
        box,
        [...Array(op.text.length).keys()].map((i) => op.text.charCodeAt(i)),
        op.left,
        stamp,
        seq,
      )
    else if (op.type === 'insert') this.#insert(box, op.values, op.left, stamp, seq)
    else box.ops.push({ ...at, op })
  }

  #insert(
    box: Box,
    values: readonly Content[],
    leftDot: Ref | undefined,
    stamp: (seq: number) => Stamped,
    start: number,
  ): void {
    const at = stamp(start)
    let left = box.tree.find(
      (node) => leftDot !== undefined && node.actor === leftDot.actor && node.seq === leftDot.seq,
    )
    if (leftDot !== undefined && (left === undefined || !saw(at, left))) return
    for (const [i, value] of values.entries()) {
      const own = stamp(start + i)
      const order = this.#order(box)
      const right = order.slice(left === undefined ? 0 : order.indexOf(left) + 1).find((node) => saw(own, node))
      // Weidner & Kleppmann, algorithm 1: a right child of the left origin, unless the author saw that it has one; then a left child of the right.
      const hasRight = box.tree.some((node) => node.parent === left && node.side === 'right' && saw(own, node))
      const node: Node = hasRight
        ? { ...own, value, parent: right, side: 'left', right }
        : { ...own, value, parent: left, side: 'right', right }
      box.tree.push(node)
      if (value instanceof Make) {
        const id = `@${own.actor} ${own.seq}`
        this.#made.set(`${own.actor} ${own.seq}`, { id, type: value.type, under: [], ops: [], tree: [] })
      }
      left = node
    }
  }

  /** All nodes of a list in order. */
  #order(box: Box): Node[] {
    const walk = (parent: Node | undefined): Node[] => {
      const children = box.tree.filter((node) => node.parent === parent)
      const byActor = (a: Node, b: Node): number =>
        compareActors(this.#actors.nameOf(a.actor), this.#actors.nameOf(b.actor)) || a.seq - b.seq
      const lefts = children.filter((node) => node.side === 'left').sort(byActor)
      const rights = children
        .filter((node) => node.side === 'right')
        .sort((a, b) => this.#byRight(box, a, b) || byActor(a, b))
      return [...lefts.flatMap(walk), ...(parent === undefined ? [] : [parent]), ...rights.flatMap(walk)]
    }
    return walk(undefined)
  }

  /** FugueMax: the later the right origin, the earlier the sibling. The end is the latest. */
  #byRight(box: Box, a: Node, b: Node): number {
    if (a.right === b.right) return 0
    if (a.right === undefined) return -1
    if (b.right === undefined) return 1
    return this.#before(box, a.right, b.right) ? 1 : -1
  }

  /** Whether a stands before b: by their paths from the root, since the order is what is being made. */
  #before(box: Box, a: Node, b: Node): boolean {
    const pathA = ancestry(a)
    const pathB = ancestry(b)
    let i = 0
    while (i < pathA.length && i < pathB.length && pathA[i] === pathB[i]) i++
    const [nextA, nextB] = [pathA[i], pathB[i]]
    if (nextA === undefined) return nextB?.side === 'right'
    if (nextB === undefined) return nextA.side === 'left'
    if (nextA.side !== nextB.side) return nextA.side === 'left'
    const byActor =
      compareActors(this.#actors.nameOf(nextA.actor), this.#actors.nameOf(nextB.actor)) || nextA.seq - nextB.seq
    return (nextA.side === 'left' ? byActor : this.#byRight(box, nextA, nextB) || byActor) < 0
  }

  /** Whether somebody who saw an op set or deleted a key that it is inside of. */
  #cleared(box: Box, op: Stamped): boolean {
    return box.under.some(({ box: map, key }) =>
      map.ops.some(
        (other) => (other.op.type === 'set' || other.op.type === 'delete') && other.op.key === key && saw(other, op),
      ),
    )
  }

  #show(box: Box): unknown {
    switch (box.type) {
      case 'map':
        return this.#showMap(box)
      case 'list':
        return this.#visible(box).map((node) => this.#content(box, node.value, node))
      case 'text':
        return String.fromCharCode(...this.#visible(box).map((node) => node.value as number)).toWellFormed()
      case 'counter':
        return this.#showCounter(box)
      default:
        return this.#showSet(box)
    }
  }

  #visible(box: Box): Node[] {
    const removes = box.ops.filter((other) => other.op.type === 'remove')
    const isRemoved = (node: Node): boolean =>
      removes.some((remove) => {
        if (remove.op.type !== 'remove' || !saw(remove, node)) return false
        return remove.op.targets.some((t) => t.actor === node.actor && node.seq >= t.seq && node.seq < t.seq + t.count)
      })
    return this.#order(box).filter((node) => !isRemoved(node) && !this.#cleared(box, node))
  }

  #showMap(box: Box): object {
    const out = {}
    const keys = new Set(box.ops.flatMap(({ op }) => (op.type === 'set' ? [op.key] : [])))
    for (const key of keys) {
      const events = box.ops.filter(({ op }) => (op.type === 'set' || op.type === 'delete') && op.key === key)
      const heads = events.filter(
        (one) => one.op.type === 'set' && !events.some((other) => saw(other, one)) && !this.#cleared(box, one),
      )
      heads.sort(
        (a, b) => a.lamport - b.lamport || compareActors(this.#actors.nameOf(a.actor), this.#actors.nameOf(b.actor)),
      )
      const winner = heads.at(-1)
      if (winner?.op.type === 'set') defineKey(out, key, this.#content(box, winner.op.value, winner))
    }
    return out
  }

  #showCounter(box: Box): number | bigint {
    let total = 0n
    for (const add of box.ops) if (add.op.type === 'add' && !this.#cleared(box, add)) total += BigInt(add.op.by)
    return Number.isSafeInteger(Number(total)) ? Number(total) : total
  }

  #showSet(box: Box): unknown[] {
    const members = new Map<string, Scalar>()
    for (const one of box.ops) {
      if (one.op.type !== 'include' || this.#cleared(box, one)) continue
      const key = valueKey(one.op.value)
      const isRemoved = box.ops.some(
        ({ op, ...other }) => op.type === 'exclude' && valueKey(op.value) === key && saw(other, one),
      )
      if (!isRemoved) members.set(key, one.op.value)
    }
    return [...members]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, value]) => (value instanceof Json ? value.value : value))
  }

  #content(_box: Box, value: Content, dot: Ref): unknown {
    if (!(value instanceof Make)) return value instanceof Json ? value.value : value
    const made = this.#made.get(`${dot.actor} ${dot.seq}`)
    return made === undefined ? null : this.#show(made)
  }
}

function ancestry(node: Node): Node[] {
  const path: Node[] = []
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) path.unshift(at)
  return path
}
