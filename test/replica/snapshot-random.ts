// Random histories of all kinds of ops, and the same ops handed on in another order and cut otherwise.

import { present } from '../../src/base/assert.ts'
import type { Random } from '../../src/base/random.ts'
import type { LV } from '../../src/core/graph.ts'
import { actorId } from '../../src/core/ids.ts'
import { type ContainerType, containerTypes, Kind, type Meta, makes, type Targets } from '../../src/core/kinds.ts'
import type { OpLog } from '../../src/core/op-log.ts'
import { Json, type Scalar } from '../../src/core/value.ts'
import { Canon } from '../../src/replica/snapshot-canon.ts'
import { type Piece, walkBranch } from '../../src/replica/snapshot-walk.ts'
import { World } from './snapshot-world.ts'

const scalars: readonly Scalar[] = [
  null,
  true,
  7,
  -3.5,
  2n ** 80n,
  'word',
  'żółw',
  Uint8Array.of(1, 2),
  new Date(5),
  new Json([1]),
]
const words = ['a', 'to be', 'żółw', '🐢', '\ud83d', '\udc22', '\ufffd', '\ufeff']
const keys = ['a', 'b', '__proto__', 'klucz']

const metas: readonly Meta[] = [{}, { time: 123_456 }, { time: 5 }, { message: 'ż', salt: new Uint8Array(16) }]

interface Made {
  readonly maker: LV
  readonly type: ContainerType
}

/** Changes by some writers who have seen some of the others' ops. Void ops come about by themselves. */
export function randomWorld(random: Random, changes: number): World {
  const world = new World()
  const int = (below: number): number => Math.floor(random.unit() * below)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  const branches = Array.from({ length: 4 }, (_, i) => world.actors.indexOf(actorId(Uint8Array.of(1, 9 - i, i * 7))))
  const lasts: (LV | undefined)[] = []
  const ends: LV[] = []
  const containers: Made[] = [{ maker: -1, type: 'map' }]
  for (let n = 0; n < changes; n++) {
    const who = int(branches.length)
    const seen = [
      lasts[who],
      ...Array.from({ length: int(3) }, () => (ends.length > 0 ? pick(ends.slice(-8)) : undefined)),
    ]
    const heads = world.graph.dominators(seen.filter((lv) => lv !== undefined))
    const known = containers.filter(({ maker }) => maker < 0 || world.graph.contains(heads, maker))
    const end = world.change(present(branches[who], 'a branch'), heads, (log) => {
      let goesOn = false
      for (let ops = 1 + int(4); ops > 0; ops--) {
        const [kind, ref, a, b, units] = drawn(log, pick(known), heads)
        log.push(kind, ref, a, b, units, goesOn)
        goesOn = true
      }
    })
    for (let lv = (ends.at(-1) ?? -1) + 1; lv <= end; lv++) note(lv)
    lasts[who] = end
    ends.push(end)
  }
  return world

  function note(lv: LV): void {
    const { log } = world
    const row = log.rowAt(lv)
    const value = log.values[log.bOf(row) + lv - log.startOf(row)]
    if (log.isVoid(row)) return
    if (log.kindOf(row) === Kind.make)
      containers.push({ maker: lv, type: present(containerTypes[log.bOf(row) % 16], 'a type') })
    else if (log.kindOf(row) === Kind.insert && containerTypes.some((type) => makes[type] === value))
      containers.push({
        maker: lv,
        type: present(
          containerTypes.find((type) => makes[type] === value),
          'a type',
        ),
      })
  }

  /** A run that somebody might push: kind, ref, a, b, units. */
  function drawn(log: OpLog, { maker, type }: Made, heads: readonly LV[]): [Kind, number, number, number, number] {
    const ref = log.refTo(maker)
    const put = (value: unknown): number => log.values.push(value) - 1
    const one = (kind: Kind): [Kind, number, number, number, number] => [kind, ref, 0, put(pick(scalars)), 1]
    const chance = int(120)
    if (chance < 12) return [Kind.meta, 0, 0, put(pick(metas)), 1]
    if (chance < 18 && heads.length > 0)
      return [Kind.revoke, 0, 1, put(Int32Array.from(heads.flatMap((lv) => [lv, lv + 1]))), 1]
    if (chance === 18) return [Kind.unknown, 0, 77, put(Uint8Array.of(1, 2, 3)), 1]
    if (chance === 19)
      return [Kind.cut, 0, 1, put({ actor: Uint8Array.of(1), afterSeq: 3, hash: new Uint8Array(32) }), 1]
    if ((type === 'text' || type === 'list') && chance < 50) return [Kind.erase, ref, int(6), 0, 1 + int(4)]
    if ((type === 'text' || type === 'list') && chance < 60) return [Kind.eraseBack, ref, 1 + int(6), 0, 2]
    switch (type) {
      case 'map': {
        const key = log.keyId(pick(keys))
        if (chance < 60) return [Kind.make, ref, key, int(containerTypes.length) + 16 * int(2), 1]
        return chance < 75 ? [Kind.unset, ref, key, 0, 1] : [Kind.set, ref, key, put(pick(scalars)), 1]
      }
      case 'text': {
        const word = pick(words)
        return [Kind.type, ref, int(4), log.units.push(word), word.length]
      }
      case 'list': {
        const at = log.values.length
        const count = 1 + int(3)
        for (let i = 0; i < count; i++) put(int(3) === 0 ? makes[pick(containerTypes)] : pick(scalars))
        return [Kind.insert, ref, int(4), at, count]
      }
      case 'counter':
      case 'gcounter':
        return chance < 50 ? [Kind.add, ref, 1, put(2n ** 70n), 1] : [Kind.add, ref, 0, int(3) - 1, 1 + int(2)]
      case 'set':
      case 'rwset':
        return one(chance < 50 ? Kind.exclude : Kind.include)
      case 'log':
        return one(Kind.append)
      case 'register':
        return one(Kind.assign)
    }
  }
}

interface Change {
  readonly branch: number
  readonly seq: number
  readonly lv: LV
  readonly pieces: Piece[]
  readonly parents: readonly LV[]
}

function changesOf({ graph, log, actors }: World): Change[] {
  const changes: Change[] = []
  const canon = Canon.of(graph, actors)
  for (const [index, branch] of canon.branches.entries()) {
    let change: Change | undefined
    walkBranch(canon, log, index, (piece) => {
      // Unit by unit, as they are cut anew.
      for (let i = 0; i < piece.units; i++) {
        const lv = piece.lv + i
        change ??= { branch, seq: graph.seqAt(lv), lv, pieces: [], parents: graph.parentsAt(lv) }
        change.pieces.push({ ...piece, ...unitAt(piece, i), lv, units: 1 })
        if (log.changeEnds.get(lv) === 1) {
          changes.push(change)
          change = undefined
        }
      }
    })
  }
  return changes
}

function unitAt({ kind, a, b }: Readonly<Piece>, i: number): { a: number; b: number } {
  const isPlaced = kind === Kind.type || kind === Kind.insert
  return { a: isPlaced ? a + i : kind === Kind.eraseBack ? a - i : a, b: isPlaced || kind === Kind.append ? b + i : b }
}

/** Another replica of the same ops: in another order, under other numbers, its rows cut at random. */
export function redelivered(world: World, random: Random): World {
  const other = new World()
  // A branch nobody writes to, and numbers the other way round.
  other.actors.indexOf(actorId(Uint8Array.of(200)))
  const branches: number[] = []
  for (let branch = world.graph.branches - 1; branch >= 0; branch--)
    branches[branch] = other.actors.indexOf(world.actors.nameOf(branch))
  const lvs = new Map<LV, LV>([[-1, -1]])
  const newLv = (lv: LV): LV => present(lvs.get(lv), `the op ${lv} is there`)
  const waiting = changesOf(world)
  while (waiting.length > 0) {
    const ready = waiting.filter(
      ({ branch, seq, parents }) =>
        other.graph.endOf(present(branches[branch], 'a branch')) === seq && parents.every((parent) => lvs.has(parent)),
    )
    const change = present(ready[Math.floor(random.unit() * ready.length)], 'a change is ready')
    waiting.splice(waiting.indexOf(change), 1)
    let goesOn = false
    const parents = change.parents.map(newLv).sort((a, b) => a - b)
    other.change(present(branches[change.branch], 'a branch'), parents, (log) => {
      for (const piece of change.pieces) {
        lvs.set(piece.lv, log.length)
        pushCopy(world.log, log, piece, goesOn && random.unit() < 0.8, newLv)
        goesOn = true
      }
    })
  }
  return other
}

function pushCopy(from: OpLog, log: OpLog, piece: Readonly<Piece>, goesOn: boolean, newLv: (lv: LV) => LV): void {
  const { kind, ref, a, b } = piece
  const value = from.values[b]
  const to = log.refTo(newLv(from.makerOf(ref)))
  const put = (): number => log.values.push(kind === Kind.revoke ? renamed(value as Targets, newLv) : value) - 1
  if (kind === Kind.type) log.push(kind, to, a, log.units.pushUnit(from.units.data[b] as number), 1, goesOn)
  else if (kind === Kind.make || kind === Kind.unset || kind === Kind.set)
    log.push(kind, to, log.keyId(from.keys[a] as string), kind === Kind.set ? put() : b, 1, goesOn)
  else if (kind === Kind.erase || kind === Kind.eraseBack) log.push(Kind.erase, to, a, 0, 1, goesOn)
  else if (kind === Kind.add) log.push(kind, to, a, a === 1 ? put() : b, 1, goesOn)
  else log.push(kind, to, a, put(), 1, goesOn)
}

function renamed(targets: Targets, newLv: (lv: LV) => LV): Targets {
  const lvs: LV[] = []
  for (let i = 0; i < targets.length; i += 2)
    for (let lv = targets[i] as number; lv < (targets[i + 1] as number); lv++) lvs.push(newLv(lv))
  const out: number[] = []
  for (const lv of lvs.sort((x, y) => x - y)) {
    if (out.at(-1) === lv) out[out.length - 1] = lv + 1
    else out.push(lv, lv + 1)
  }
  return Int32Array.from(out)
}
