// One history of whole documents, at the level of `joinery/doc`: several of them edited by random applications, exchanging deltas in any order,
// again and again, in parts; saved and loaded; looked at as they were. After every step the value is compared with what the author meant, with
// what the patches make of the value before, and with the twin, which reads every op from the log of one replica that takes every delta.

import { isDeepStrictEqual } from 'node:util'
import { seededRandom } from '../../src/base/random.ts'
import { applyPatches, createDoc, type Doc, isJoineryError, openDoc, type Path } from '../../src/doc.ts'
import { Chance } from './chance.ts'
import { drawCut, saysCut } from './cuts.ts'
import { editRoot } from './edits.ts'
import { text } from './notation.ts'
import type { Outcome } from './pieces-world.ts'
import { Witness } from './witness.ts'

export interface DocStep {
  readonly type: 'edit' | 'type' | 'take' | 'sync' | 'reload' | 'look' | 'undo' | 'cut'
  readonly who: number
  readonly seed: number
}

/** It stands still: time decides nothing. */
const clock = { now: () => 1_000_000 }

interface Side {
  doc: Doc
  mirror: unknown
  /** Who does not listen goes other ways: no patches are made, many deltas are merged together. */
  readonly isListening: boolean
  /** Who writes next: a loaded document has another actor. */
  lives: number
}

export function planDocSteps(seed: number): DocStep[] {
  const chance = new Chance(seed)
  const sides = 3 + chance.below(chance.maybe(0.2) ? 6 : 3)
  const length = 20 + chance.below(chance.maybe(0.15) ? 200 : 60)
  const weights = { edit: 8, type: 2, take: 4, sync: 1.5, reload: 0.4, look: 1.5, undo: 1 }
  const steps = Array.from({ length }, () => ({
    type: chance.weighed(weights),
    who: chance.below(sides),
    seed: chance.below(2 ** 32),
  }))
  const cuts = chance.maybe(0.3) ? 0.06 : 0
  return steps.map((step) => (chance.maybe(cuts) ? { ...step, type: 'cut' } : step))
}

export function takeDocSteps(steps: readonly DocStep[]): Outcome {
  const world = new DocsWorld(
    steps.reduce((most, { who }) => Math.max(most, who + 1), 1),
    steps[0]?.seed ?? 0,
  )
  try {
    for (const step of steps) world.take(step)
    world.settle()
    return { ops: world.ops, failure: undefined }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ops: world.ops, failure: `${error.stack ?? error.message}\n\n${world.drawn()}` }
  }
}

class DocsWorld {
  readonly #sides: Side[] = []
  readonly #posted: Uint8Array[] = []
  readonly #witness = new Witness()
  ops = 0

  constructor(sides: number, seed: number) {
    const chance = new Chance(seed)
    for (let who = 0; who < sides; who++) {
      const random = seededRandom(seed + who)
      const init = { init: { list: [1], note: 'so' } }
      const doc = createDoc({
        actor: actorOf(who, 0),
        random,
        clock,
        ...(chance.maybe(0.4) ? init : {}),
      })
      this.#sides.push(this.#listen({ doc, mirror: doc.value, isListening: chance.maybe(0.6), lives: 1 }))
      this.#posted.push(doc.delta())
      this.#witness.take(doc.delta())
    }
  }

  take({ type, who, seed }: DocStep): void {
    const side = this.#sides[who]
    if (side === undefined) throw new Error(`there is no side ${who}`)
    const chance = new Chance(seed)
    switch (type) {
      case 'edit':
        this.#edit(side, chance)
        break
      case 'take':
        this.#receive(side, sample(this.#posted, chance), chance)
        break
      case 'type':
        this.#type(side, chance)
        break
      case 'sync':
        this.#sync(side, chance.pick(this.#sides), chance)
        break
      case 'reload':
        this.#reload(side, who, chance)
        break
      case 'look':
        this.#witness.look(side.doc, chance)
        break
      case 'undo':
        this.#undo(side, chance)
        break
      case 'cut':
        this.#cut(side, chance)
        break
    }
    this.#check(side, type)
  }

  /** Everybody has everything: equal ops, equal bytes. */
  settle(): void {
    const [first, ...others] = this.#sides
    if (first === undefined) return
    for (let round = 0; round < 2; round++)
      for (const one of this.#sides)
        for (const other of this.#sides) for (const delta of parts(one.doc, other.doc.version)) other.doc.receive(delta)
    for (const side of this.#sides) this.#check(side, 'settle')
    for (const other of others) {
      same(other.doc.value, first.doc.value, 'the value of equal ops')
      // Invariant 6: byte-equal.
      same(other.doc.snapshot(), first.doc.snapshot(), 'the snapshot of equal ops')
    }
    // Invariant 10.
    const loaded = openDoc(first.doc.snapshot(), { actor: actorOf(99, 0), clock })
    same(loaded.value, first.doc.value, 'the value of a loaded document')
  }

  drawn(): string {
    return this.#witness.drawn()
  }

  #edit({ doc }: Side, chance: Chance): void {
    const before = doc.value
    const expected = { value: before }
    const isThrown = chance.maybe(0.06)
    const options = chance.maybe(0.05) ? { message: 'a change' } : {}
    try {
      doc.change((draft) => {
        editRoot(draft, expected, chance)
        if (isThrown) throw new Error('changed my mind')
      }, options)
    } catch (error) {
      if (!(error instanceof Error) || (error.message !== 'changed my mind' && !saysCut(error))) throw error
      // Atomic: nothing happened, down to the reference.
      if (doc.value !== before) throw new Error('a change that threw left a trace')
      return
    }
    same(doc.value, expected.value, 'the value after a change')
  }

  #undo({ doc }: Side, chance: Chance): void {
    try {
      this.#witness.undo(doc, chance)
    } catch (error) {
      if (!saysCut(error)) throw error
    }
  }

  /** Everybody who cuts off the same hears of one op. */
  #cut({ doc }: Side, chance: Chance): void {
    const delta = drawCut(doc, chance)
    if (delta === undefined) return
    this.#posted.push(delta)
    this.#witness.take(delta)
    doc.receive(delta)
  }

  #sync(side: Side, from: Side, chance: Chance): void {
    // Also what is here already, from some older version on.
    const since = chance.maybe(0.2) ? new Map() : side.doc.version
    this.#receive(side, parts(from.doc, since), chance)
  }

  #receive({ doc, isListening }: Side, deltas: readonly Uint8Array[], chance: Chance): void {
    const options = { patches: isListening }
    if (chance.maybe(0.5)) doc.receive(deltas, options)
    else for (const delta of deltas) doc.receive(delta, options)
  }

  /** Key by key in one text, by its handle; somebody follows, also key by key. */
  #type(side: Side, chance: Chance): void {
    const { doc } = side
    const paths = pathsOf(doc, (path) => doc.text(path).insert(0, ''))
    const follower = chance.pick(this.#sides)
    this.#sync(follower, side, chance)
    const heard: Uint8Array[] = []
    const off = doc.on('delta', (delta) => heard.push(delta))
    const follow = (): void => {
      if (follower === side) heard.length = 0
      for (const delta of heard.splice(0)) follower.doc.receive(delta, { patches: follower.isListening })
    }
    try {
      if (paths.length === 0 || chance.maybe(0.4)) this.#edits(doc, chance, follow)
      else this.#keys(doc, chance.pick(paths), chance, follow)
    } catch (error) {
      // What stood at a path may be gone, with a key that was set.
      if (!saysCut(error) && !isJoineryError(error, 'bad-path')) throw error
    } finally {
      off()
    }
    this.#check(follower, 'type')
  }

  /** Edit by edit in one map, list or counter, and now and then in another. */
  #edits(doc: Doc, chance: Chance, follow: () => void): void {
    const maps = [[], ...pathsOf(doc, (path) => doc.map(path).delete('nowhere'))]
    const lists = pathsOf(doc, (path) => doc.list(path).insert(0))
    const counters = pathsOf(doc, (path) => doc.counter(path).add(0))
    const [map, list, counter] = [chance.pick(maps), chance.pick([...lists, []]), chance.pick([...counters, []])]
    const value = (): unknown =>
      chance.pick([null, true, chance.below(1000) - 500, 0.5, 'word', '\u6f22', 'a'.repeat(40), 7n, { deep: 1 }])
    for (let left = 1 + chance.below(8); left > 0; left--) {
      if (list.length > 0 && chance.maybe(0.5)) {
        const handle = doc.list(list)
        const { length } = handle
        if (length > 0 && chance.maybe(0.3)) handle.delete(chance.below(length))
        else handle.insert(chance.maybe(0.6) ? length : chance.below(length + 1), value())
      } else if (counter.length > 0 && chance.maybe(0.4)) doc.counter(counter).add(chance.pick([1, 1, 3, 2 ** 40]))
      else if (chance.maybe(0.2)) doc.map(map).delete(chance.pick(['k', 'long', 'v']))
      else doc.map(map).set(chance.pick(['k', 'k', 'kk', 'v']), value())
      follow()
    }
  }

  #keys(doc: Doc, path: Path, chance: Chance, follow: () => void): void {
    let at = 0
    for (let left = 1 + chance.below(8); left > 0; left--) {
      const handle = doc.text(path)
      const before = handle.toString()
      if (chance.maybe(0.3)) at = chance.below(before.length + 1)
      at = Math.min(at, before.length)
      const removed = chance.maybe(0.3) ? Math.min(chance.below(3), before.length - at) : 0
      const typed = removed > 0 ? '' : chance.pick(['a', 'b', '\u00e9', '\u6f22', '\u{1f600}', 'word', ''])
      try {
        if (removed > 0) handle.delete(at, removed)
        else handle.insert(at, typed)
      } catch (error) {
        if (isJoineryError(error, 'bad-value')) continue
        throw error
      }
      same(handle.toString(), before.slice(0, at) + typed + before.slice(at + removed), 'the text after a key')
      at += typed.length
      if (removed > 0 && chance.maybe(0.5)) at = Math.max(0, at - 1)
      follow()
    }
  }

  #reload(side: Side, who: number, chance: Chance): void {
    const { doc } = side
    const life = chance.maybe(0.5) ? side.lives - 1 : side.lives++
    const snapshot = doc.snapshot()
    const next = openDoc(snapshot, { actor: actorOf(who, life), clock })
    same(next.value, doc.value, 'the value of a loaded document')
    same(next.snapshot(), snapshot, 'the snapshot of a loaded document')
    const bare = doc.snapshot({ history: 'live' })
    const live = openDoc(bare, { actor: actorOf(98, 0), clock })
    same(live.value, doc.value, 'the value of a live document')
    same(live.snapshot({ history: 'live' }), bare, 'the snapshot of a live document')
    same(new Map(next.version), new Map(doc.version), 'the version of a loaded document')
    this.#witness.moved(doc, next)
    side.doc = next
    this.#listen(side)
    side.mirror = next.value
  }

  #listen(side: Side): Side {
    side.doc.on('delta', (delta) => {
      this.#posted.push(delta)
      this.#witness.take(delta)
    })
    if (!side.isListening) return side
    side.doc.on('patch', ({ patches }) => {
      side.mirror = applyPatches(side.mirror, patches)
    })
    return side
  }

  #check({ doc, mirror, isListening }: Side, step: string): void {
    // Invariant 7: the old value plus the patches is the new value.
    if (isListening) same(mirror, doc.value, `the mirror after ${step}`)
    this.ops += this.#witness.compare(doc, step)
  }
}

/** Not in the order of sides, and the lives of one far apart. */
function actorOf(who: number, life: number): Uint8Array {
  return Uint8Array.of((who * 37 + life * 101 + 5) & 0xff, who, life)
}

/** What a holder of a version lacks, in as many parts as it takes. */
function parts(doc: Doc, since: ReadonlyMap<never, number> | Doc['version']): Uint8Array[] {
  const delta = doc.delta(since)
  return delta.length === 0 ? [] : [delta]
}

/** Where containers show that `touch`, which alters nothing, is not too bad for. */
function pathsOf(doc: Doc, touch: (path: Path) => void): Path[] {
  const paths: Path[] = []
  const look = (value: unknown, path: Path): void => {
    try {
      touch(path)
      paths.push(path)
    } catch (error) {
      if (!isJoineryError(error, 'bad-path')) throw error
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date) return
    for (const [key, inner] of Object.entries(value)) look(inner, [...path, Array.isArray(value) ? Number(key) : key])
  }
  for (const [key, inner] of Object.entries(doc.value as object)) look(inner, [key])
  return paths
}

/** Some of what was posted, in any order, some of it twice. */
function sample(posted: readonly Uint8Array[], chance: Chance): Uint8Array[] {
  const some = posted.filter(() => chance.maybe(0.5))
  return chance.shuffled([...some, ...some.filter(() => chance.maybe(0.2))])
}

export function same(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${what} is\n    ${text(actual)}\nand should be\n    ${text(expected)}`)
}
