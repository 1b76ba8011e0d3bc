// One history in which somebody writes under the name of another: folders that were copied, and both went on. Replicas that exchange signed ranges
// (without signatures: whoever signs stands above), cut in any way, in any order, again and again; saved and loaded. Everybody who has the same ops
// must be in the same state, to the byte, whenever they learn of the forks; and in the state that the twin says, to which each branch is an actor.

import type { Actors } from '../../src/core/actors.ts'
import { actorId } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { DeltaEncoder, rangesSince } from '../../src/core/wire-delta.ts'
import { applyPatches, isJoineryError } from '../../src/doc.ts'
import { recordCut, recordUncut } from '../../src/replica/cut.ts'
import { Replica } from '../../src/replica/replica.ts'
import { Twin } from '../model/engine-twin.ts'
import { type Known, nameAt, opsOf } from '../model/twin-adapter.ts'
import { valueAt } from '../model/twin-show.ts'
import { Chance } from './chance.ts'
import { saysCut } from './cuts.ts'
import { same } from './docs-world.ts'
import { editRoot } from './edits.ts'
import { drawn } from './notation.ts'
import type { Outcome } from './pieces-world.ts'

export interface ForkStep {
  readonly type: 'edit' | 'copy' | 'take' | 'sync' | 'reload' | 'undo' | 'cut'
  readonly who: number
  readonly seed: number
}

interface Side {
  replica: Replica
  mirror: unknown
  /** Who writes next, once a fork of the own actor is known. */
  lives: number
  /** How many ops were compared. */
  seen: number
}

const docTag = new Uint8Array(32).fill(3)

export function planForkSteps(seed: number): ForkStep[] {
  const chance = new Chance(seed)
  const sides = 3 + chance.below(3)
  const length = 20 + chance.below(chance.maybe(0.2) ? 100 : 40)
  const weights = { edit: 8, copy: 1.2, take: 4, sync: 2, reload: 0.5, undo: 0.7 }
  const cuts = chance.maybe(0.3) ? 0.05 : 0
  return Array.from({ length }, () => ({
    type: chance.maybe(cuts) ? ('cut' as const) : chance.weighed(weights),
    who: chance.below(sides),
    seed: chance.below(2 ** 32),
  }))
}

export function takeForkSteps(steps: readonly ForkStep[]): Outcome {
  const world = new ForksWorld(steps.reduce((most, { who }) => Math.max(most, who + 1), 1))
  try {
    for (const step of steps) world.take(step)
    world.settle(new Chance(steps.reduce((mix, { seed }) => (mix ^ seed) >>> 0, 0)))
    return { ops: world.ops, failure: undefined }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ops: world.ops, failure: `${error.stack ?? error.message}\n\n${world.drawn()}` }
  }
}

class ForksWorld {
  readonly #sides: Side[] = []
  readonly #made: SignedRange[] = []
  ops = 0

  constructor(sides: number) {
    for (let who = 0; who < sides; who++) {
      const replica = newReplica(actorOf(who, 0))
      this.#sides.push({ replica, mirror: replica.value, lives: 1, seen: 0 })
    }
  }

  take({ type, who, seed }: ForkStep): void {
    const side = this.#sides[who]
    if (side === undefined) throw new Error(`there is no side ${who}`)
    const chance = new Chance(seed)
    const other = chance.pick(this.#sides)
    if (type === 'edit') this.#edit(side, who, chance)
    else if (type === 'copy') this.#copy(side, other, who)
    else if (type === 'take') this.#receive(side, sample(this.#made, chance))
    else if (type === 'sync') this.#sync(side, other, chance)
    else if (type === 'reload') this.#reload(side)
    else if (type === 'undo') this.#undo(side, who, chance)
    else this.#cut(side, chance)
    this.#check(side, type)
  }

  /** Everybody gets everything, and so does who comes last. */
  settle(chance: Chance): void {
    for (let round = 0; round < 3; round++)
      for (const side of this.#sides) for (const other of this.#sides) this.#sync(side, other, undefined)
    const [first, ...others] = this.#sides
    if (first === undefined) return
    for (const side of this.#sides) {
      this.#check(side, 'settle')
      same(side.replica.pending.ops, 0, 'what waits in the end')
    }
    for (const { replica } of others) {
      same(replica.value, first.replica.value, 'the value of equal ops')
      // Invariant 6: byte-equal.
      same(replica.snapshot(), first.replica.snapshot(), 'the snapshot of equal ops')
      const { replica: it } = first
      same(replica.outward.digest(replica.version), it.outward.digest(it.version), 'the digest of equal ops')
      same(
        sortedOf(it.outward.understood(replica.outward.stated(replica.version))),
        sortedOf(it.version),
        'the version of equal ops',
      )
    }
    this.#delta(first)
    for (const cuts of [0, 0, 0.1, 0.5]) this.#newcomer(first, cuts, chance)
    this.#reload(first)
    this.#check(first, 'load')
  }

  drawn(): string {
    return this.#sides.map(({ replica }) => `${replica.history.draw()}\n${drawn(opsOf(replica.history))}`).join('\n\n')
  }

  #edit(side: Side, who: number, chance: Chance): void {
    const before = side.replica.value
    const expected = { value: before }
    this.#writing(side, who, () => {
      const { received } = side.replica.change((draft) => editRoot(draft, expected, chance))
      this.#take(side, received.events, received.held)
      same(side.replica.value, expected.value, 'the value after a change')
    })
  }

  /** Revokes some of what was done lately, mostly by the same actor. */
  #undo(side: Side, who: number, chance: Chance): void {
    const { graph } = side.replica.history
    if (graph.length === 0) return
    const from = chance.below(graph.length)
    const targets = [from, Math.min(graph.length, from + 1 + chance.below(4))]
    this.#writing(side, who, () => {
      const level = chance.maybe(0.3) ? 2 : 1
      const received = side.replica.record(() => side.replica.document.recorder.revoke(level, targets))
      this.#take(side, received.events, received.held)
    })
  }

  #writing(side: Side, who: number, write: () => void): void {
    try {
      write()
    } catch (error) {
      const isDoubtful = error instanceof Error && error.message.includes('take another actor')
      if (isDoubtful || isJoineryError(error, 'forked')) side.replica.setActor(actorOf(who, side.lives++))
      else if (!saysCut(error)) throw error
    }
  }

  /** The other one's folder, as it is now, is this one's too. */
  #copy(side: Side, other: Side, who: number): void {
    if (side === other) return
    const { replica } = other
    this.#receive(side, replica.outward.rangesSince(new Map(), replica.version, 1e9, 'any').ranges)
    side.replica.setActor(replica.outward.isForked(replica.actor) ? actorOf(who, side.lives++) : replica.actor)
  }

  /** Cuts somebody off, on whichever branch; or takes that back. */
  #cut(side: Side, chance: Chance): void {
    const { history } = side.replica
    const { graph, log } = history
    const ends = Array.from({ length: graph.length }, (_, lv) => lv).filter(
      (lv) => log.changeEnds.get(lv) === 1 && !history.isInit(graph.branchAt(lv)),
    )
    if (ends.length === 0) return
    const lv = chance.pick(ends)
    const cut = recordCut(history, history.forks.idOf(graph.branchAt(lv)), graph.seqAt(lv))
    const range = history.endOf(cut.actor) > 0 ? recordUncut(history, cut.actor) : cut
    this.#made.push(range)
    this.#receive(side, [range])
  }

  /** What one lacks that another has, as peers do it. */
  #sync(side: Side, from: Side, chance: Chance | undefined): void {
    const { replica } = from
    const since = side.replica.outward.statedTo(
      side.replica.outward.understood(replica.outward.stated(replica.version)),
    )
    const { ranges } = replica.outward.rangesSince(replica.outward.understood(since), replica.version, 1e9, 'any')
    if (chance?.maybe(0.2)) this.#receive(side, chance.shuffled(whole(replica)))
    else this.#receive(side, chance?.maybe(0.3) ? chance.shuffled(ranges) : ranges)
  }

  /** All as one delta that nobody signed: whoever writes it knows of all forks, so it names branches by what their chains are. */
  #delta({ replica }: Side): void {
    const { history } = replica
    const fresh = newReplica(actorOf(99, 0))
    const received = fresh.receiveDelta(new DeltaEncoder(history).all(rangesSince(history, () => 0)))
    for (const { error } of received.refused) throw error
    same(fresh.value, replica.value, 'the value of a delta')
    same(fresh.snapshot(), replica.snapshot(), 'the snapshot of a delta')
  }

  /** Somebody who has nothing gets all of it once, in any order and any batching, in pieces that are cut anywhere. */
  #newcomer({ replica }: Side, cuts: number, chance: Chance): void {
    const fresh = newReplica(actorOf(98, 0))
    const ranges = chance.shuffled(pieces(replica, cuts, chance))
    const size = chance.pick([1, 2, 3, ranges.length])
    for (let from = 0; from < ranges.length; from += size)
      for (const { error } of fresh.receive(ranges.slice(from, from + size), { origin: 'sync' }).refused) throw error
    fresh.check()
    same(fresh.pending.ops, 0, 'what waits where somebody comes last')
    same(fresh.snapshot(), replica.snapshot(), 'the snapshot of who comes last')
  }

  #receive(side: Side, ranges: readonly SignedRange[]): void {
    const received = side.replica.receive(ranges, { origin: 'sync' })
    for (const { error } of received.refused)
      if (!isJoineryError(error, 'forked') && !isJoineryError(error, 'bad-message')) throw error
    this.#take(side, received.events, [])
  }

  #take(side: Side, events: Parameters<typeof applyAll>[1], held: readonly SignedRange[]): void {
    side.mirror = applyAll(side.mirror, events)
    this.#made.push(...held)
  }

  #reload(side: Side): void {
    const { replica } = side
    const snapshot = replica.snapshot()
    const next = newReplica(replica.actor)
    next.load(snapshot)
    same(next.value, replica.value, 'the value of a loaded document')
    same(next.snapshot(), snapshot, 'the snapshot of a loaded document')
    side.replica = next
    side.mirror = next.value
  }

  #check(side: Side, step: string): void {
    const { replica } = side
    replica.check()
    // Invariant 7.
    same(side.mirror, replica.value, `the mirror after ${step}`)
    const { graph, log } = replica.history
    if (graph.length === side.seen) return
    this.ops += graph.length - side.seen
    side.seen = graph.length
    // A cut is about an actor, to the engine; the twin's actors are branches.
    if (graph.mayHaveCuts && replica.history.actors.hasForks) return
    log.thaw()
    const known = replica.history.actors.hasForks ? labelled(replica.history) : replica.history
    const twin = new Twin()
    for (const op of opsOf(known)) twin.add(op)
    const version = twin.version(graph.frontier.map((lv) => nameAt(known, lv)))
    same(replica.value, valueAt(twin, version), `the value after ${step}`)
  }
}

/** All that is held, as one serves it who kept the newest tips alone: each branch waits for others, and they for it. */
function whole({ history }: Replica): SignedRange[] {
  const { graph } = history
  const branches = Array.from({ length: graph.branches }, (_, branch) => branch)
  return branches
    .filter((branch) => graph.endOf(branch) > graph.baseOf(branch))
    .map((branch) => history.range(branch, graph.baseOf(branch), graph.endOf(branch)))
}

/** The same, each branch from its first op on or from where it parts, and cut at some changes. */
function pieces({ history }: Replica, cuts: number, chance: Chance): SignedRange[] {
  const { graph } = history
  const out: SignedRange[] = []
  for (let branch = 0; branch < graph.branches; branch++) {
    const end = graph.endOf(branch)
    let from = chance.maybe(0.5) ? 0 : graph.baseOf(branch)
    if (end === graph.baseOf(branch)) continue
    for (let to = from + 1; to <= end; to++) {
      if (!history.endsChange(branch, to) || (to < end && !chance.maybe(cuts))) continue
      out.push(history.range(branch, from, to))
      from = to
    }
  }
  return out
}

/** Each branch by a name of its own: the actor's, and its place among the actor's branches. */
function labelled({ graph, log, actors }: Known): Known {
  const nameOf = (branch: number): string =>
    `${actors.nameOf(branch)}${String(actors.branchesOf(branch).indexOf(branch)).padStart(2, '0')}`
  return { graph, log, actors: { nameOf } as unknown as Actors }
}

function applyAll(
  mirror: unknown,
  events: readonly { readonly patches: Parameters<typeof applyPatches>[1] }[],
): unknown {
  return events.reduce((value: unknown, { patches }) => applyPatches(value, patches), mirror)
}

function newReplica(actor: Uint8Array | Replica['actor']): Replica {
  const replica = new Replica({ docTag, actor: typeof actor === 'string' ? actor : actorId(actor), now: () => 0 })
  replica.listening = true
  return replica
}

function actorOf(who: number, life: number): Replica['actor'] {
  return actorId(Uint8Array.of((who * 37 + life * 101 + 5) & 0xff, who, life))
}

/** Some of what was made, in any order, some of it twice. */
function sample(made: readonly SignedRange[], chance: Chance): SignedRange[] {
  const some = made.filter(() => chance.maybe(0.5))
  return chance.shuffled([...some, ...some.filter(() => chance.maybe(0.2))])
}

function sortedOf(version: Replica['version']): unknown {
  return [...version].sort(([a], [b]) => (a < b ? -1 : 1))
}
