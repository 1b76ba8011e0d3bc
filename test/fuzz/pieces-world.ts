// One history of the pieces (pieces.ts): steps with seeds of their own, so that what is left of them when some are left out does much the same.

import { isDeepStrictEqual } from 'node:util'
import type { Twin } from '../model/engine-twin.ts'
import { Twin as EngineTwin } from '../model/engine-twin.ts'
import { nameOf, type OpName, type TwinAction } from '../model/twin-op.ts'
import { valueAt } from '../model/twin-show.ts'
import { Chance } from './chance.ts'
import { type Drawn, draw, type Focus } from './draw.ts'
import { drawn, text } from './notation.ts'
import { type Change, type MakeSubject, Piece } from './pieces.ts'

export interface Step {
  readonly type: 'edit' | 'deliver' | 'cut'
  readonly who: number
  readonly seed: number
  readonly focus: Focus
}

export interface Outcome {
  /** Ops compared. */
  readonly ops: number
  /** What differs, and the history as lines. */
  readonly failure: string | undefined
}

/** Actors, as hex, not in the order of sides. */
const names = ['0b', '0a', '0d', '0c', '0e01', '0e', '0f', '01']

export function planSteps(seed: number): Step[] {
  const chance = new Chance(seed)
  const sides = 2 + chance.below(4)
  const length = 10 + chance.below(chance.maybe(0.2) ? 120 : 40)
  const edits = 0.4 + chance.random.unit() * 0.4
  const focus = chance.pick(['text', 'list', 'all', 'all'] as const)
  const steps = Array.from({ length }, () => ({
    focus,
    type: chance.maybe(edits) ? ('edit' as const) : ('deliver' as const),
    who: chance.below(sides),
    seed: chance.below(2 ** 32),
  }))
  const cuts = chance.maybe(0.4) ? 0.02 + chance.random.unit() * 0.1 : 0
  return steps.map((step) => (chance.maybe(cuts) ? { ...step, type: 'cut' } : step))
}

/** Takes the steps; stops at the first difference. */
export function takeSteps(steps: readonly Step[], make: MakeSubject): Outcome {
  const world = new World(
    steps.reduce((most, { who }) => Math.max(most, who + 1), 1),
    make,
  )
  try {
    for (const step of steps) world.take(step)
    world.settle(steps.at(-1)?.seed ?? 0)
    return { ops: world.ops, failure: undefined }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ops: world.ops, failure: `${error.stack ?? error.message}\n\n${world.drawn()}` }
  }
}

class World {
  readonly #twin: Twin = new EngineTwin()
  readonly #sides: readonly Piece[]
  readonly #changes: Change[] = []
  ops = 0

  constructor(sides: number, make: MakeSubject) {
    this.#sides = Array.from({ length: sides }, () => new Piece(make))
  }

  take({ type, who, seed, focus }: Step): void {
    const side = this.#sides[who]
    if (side === undefined) throw new Error(`there is no side ${who}`)
    const chance = new Chance(seed)
    if (type === 'cut') this.#cut(side, chance)
    else if (type === 'deliver') this.#deliver(side, chance, 0.3 + chance.random.unit() * 0.7)
    else this.#edit(side, this.#actorOf(who, side, chance), focus, chance)
  }

  /** Everybody gets everything. */
  settle(seed: number): void {
    for (const side of this.#sides) this.#deliver(side, new Chance(seed), 1)
    const [first, ...others] = this.#sides
    for (const other of others)
      if (!isDeepStrictEqual(first?.subject.value, other.subject.value)) throw new Error('equal ops, unequal values')
  }

  drawn(): string {
    return drawn(
      this.#changes.flatMap(({ actor, seq, runs }) =>
        runs.flatMap(({ actions }) => actions).map((_, i) => this.#twin.entry(nameOf({ actor, seq: seq + i })).op),
      ),
    )
  }

  /** The first change of a side may be a self-certifying one, of Lamport time 0, which has seen nothing. */
  #actorOf(who: number, side: Piece, chance: Chance): string {
    const init = `00${String(who).padStart(72, '0')}`
    if (side.graph.length === 0 && chance.maybe(0.5) && !this.#twin.has(`${init}:0`)) return init
    return names[who] ?? `ff0${who}`
  }

  #edit(side: Piece, actor: string, focus: Focus, chance: Chance): void {
    const seq = this.#changes.reduce(
      (end, one) => (one.actor === actor ? one.seq + one.runs.flatMap(({ actions }) => actions).length : end),
      0,
    )
    const { frontier } = side
    let heads: OpName[] = frontier
    let next = seq
    const runs: Drawn[] = []
    for (let left = chance.maybe(0.4) ? 1 + chance.below(4) : 1; left > 0; left--) {
      const run = draw(this.#twin, this.#twin.version(heads), actor, focus, chance)
      for (const action of run.actions) {
        const op = { ...action, actor, seq: next, parents: heads, container: run.container }
        heads = [this.#twin.add(op).name]
        next++
      }
      runs.push(run)
    }
    const change: Change = { actor, seq, parents: frontier, runs }
    this.#changes.push(change)
    this.#give(side, change, chance.maybe(0.5), chance)
  }

  /** Cuts somebody off behind one of their changes; or takes that back. Whoever does gets the same op. */
  #cut(side: Piece, chance: Chance): void {
    const known = this.#changes.filter((change) => !change.actor.startsWith('00') && side.has(nameOf(lastOf(change))))
    if (known.length === 0) return
    const { actor: whom, seq: afterSeq } = lastOf(chance.pick(known))
    const [cut, uncut] = [1, 2].map(
      (which) => `00c${which}${whom.padStart(30, '0')}${String(afterSeq).padStart(40, '0')}`,
    )
    if (cut === undefined || uncut === undefined) return
    if (!side.has(`${cut}:0`)) this.#say(side, cut, `${whom}:${afterSeq}`, { kind: 'cut', whom, afterSeq }, chance)
    else if (!side.has(`${uncut}:0`)) this.#say(side, uncut, `${cut}:0`, { kind: 'uncut', whom, afterSeq }, chance)
  }

  #say(side: Piece, actor: string, parent: OpName, action: TwinAction, chance: Chance): void {
    const change: Change = { actor, seq: 0, parents: [parent], runs: [{ container: undefined, actions: [action] }] }
    if (!this.#twin.has(nameOf(change))) {
      this.#twin.add({ ...action, actor, seq: 0, parents: change.parents, container: undefined })
      this.#changes.push(change)
    }
    this.#give(side, change, false, chance)
  }

  #deliver(side: Piece, chance: Chance, share: number): void {
    // Each walk lets through what can go; shuffled, so that every order that respects causality may come.
    for (let went = true; went; ) {
      went = false
      for (const change of chance.shuffled(this.#changes)) {
        if (side.has(nameOf(change)) || !change.parents.every((parent) => side.has(parent))) continue
        if (change.seq > 0 && !side.has(nameOf({ actor: change.actor, seq: change.seq - 1 }))) continue
        if (!chance.maybe(share)) continue
        this.#give(side, change, false, chance)
        went = true
      }
    }
  }

  #give(side: Piece, change: Change, mergesEachRun: boolean, chance: Chance): void {
    side.take(change, mergesEachRun)
    this.#compare(side, change, chance)
  }

  #compare(side: Piece, change: Change, chance: Chance): void {
    const count = change.runs.flatMap(({ actions }) => actions).length
    this.ops += count
    for (let i = 0; i < count; i++) {
      const name = nameOf({ actor: change.actor, seq: change.seq + i })
      const { op, isVoid } = this.#twin.entry(name)
      const { parents: _, ...said } = op
      const { parents: __, ...kept } = side.op(name)
      equal(kept, said, `op ${name} in the log`)
      equal(side.isVoid(name), isVoid, `whether ${name} is void`)
    }
    side.subject.check?.()
    const version = this.#twin.version(side.frontier)
    equal(version.size, side.graph.length, 'the number of ops')
    const { subject } = side
    const expected = subject.expected?.(this.#twin, version) ?? valueAt(this.#twin, version)
    equal(subject.value, expected, `the value after ${nameOf(change)}`)
    if (subject.probe === undefined || !chance.maybe(0.3)) return
    const some = Array.from({ length: 1 + chance.below(3) }, () => chance.below(side.graph.length))
    subject.probe(this.#twin, side.graph.dominators(some))
    equal(subject.value, expected, `the value after questions, after ${nameOf(change)}`)
  }
}

function lastOf({ actor, seq, runs }: Change): { readonly actor: string; readonly seq: number } {
  return { actor, seq: seq + runs.reduce((count, { actions }) => count + actions.length, 0) - 1 }
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${what} is\n    ${text(actual)}\nand should be\n    ${text(expected)}`)
}
