// What no honest peer sends, or only on its worst day: links that say what was said already, and a chain of a hundred thousand changes that comes
// last first.

import { isJoineryError } from '../../src/base/errors.ts'
import { actorId } from '../../src/core/ids.ts'
import { createDoc } from '../../src/doc.ts'
import { Replica } from '../../src/replica/replica.ts'
import { Chance } from './chance.ts'
import type { Outcome } from './pieces-world.ts'

const chainLength = 100_000
const clock = { now: () => 0 }
const [name, other] = [Uint8Array.of(1), Uint8Array.of(2)]

export function playHostile(seed: number): Outcome {
  try {
    const chance = new Chance(seed)
    refusesImpliedLinks(chance)
    refusesOldLinks(chance)
    // It takes some seconds.
    if (seed % 250 !== 0) return { ops: 2, failure: undefined }
    takesChainBackwards()
    return { ops: chainLength, failure: undefined }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ops: 0, failure: error.stack ?? error.message }
  }
}

/** A link to what another link of the same change had seen: a's op, which c had seen, whose op b links to. */
function refusesImpliedLinks(chance: Chance): void {
  const { a, b, seqs } = twoDocs(chance)
  const c = createDoc({ actor: Uint8Array.of(5), clock })
  c.receive(a.delta())
  c.change((d) => {
    d.y = 1
  })
  b.receive(c.delta())
  b.change((d) => {
    d.x = 1
  })
  const bytes = b.delta(c.version)
  // Head, actor, fromSeq 0; then links: one.
  const at = 1 + 1 + other.length + 1
  if (bytes[at] !== 0x10 || bytes[at + 1] !== 1) throw new Error('a delta is written otherwise by now')
  const implied = [3, name.length, ...name, chance.pick(seqs)]
  const crafted = Uint8Array.from([...bytes.slice(0, at + 1), 2, ...implied, ...bytes.slice(at + 2)])
  refused(c.delta(), bytes, undefined)
  refused(c.delta(), crafted, 'a link that another implies')
}

/** A link to what the own change before had seen. */
function refusesOldLinks(chance: Chance): void {
  const { b, seqs } = twoDocs(chance)
  b.change((d) => {
    d.x = 1
  })
  const before = b.delta()
  const version = b.version
  b.change((d) => {
    d.x = 2
  })
  const bytes = b.delta(version)
  const at = 1 + 8 + 1
  const crafted = Uint8Array.from([
    ...bytes.slice(0, at),
    0x10,
    1,
    3,
    name.length,
    ...name,
    chance.pick(seqs),
    ...bytes.slice(at),
  ])
  refused(before, bytes, undefined)
  refused(before, crafted, 'a link to what was seen before')
}

/** The seqs of a's ops, each the end of a change, and a b that has seen them. */
function twoDocs(chance: Chance) {
  const a = createDoc({ actor: name, clock })
  const b = createDoc({ actor: other, clock })
  const count = 2 + chance.below(5)
  for (let i = 0; i < count; i++)
    a.change((d) => {
      d[chance.pick(['k', 'l'])] = i
    })
  b.receive(a.delta())
  return { a, b, seqs: Array.from({ length: count }, (_, i) => i) }
}

/** That bytes are refused, for what is said; or that they are not. */
function refused(before: Uint8Array, bytes: Uint8Array, why: string | undefined): void {
  const doc = createDoc({ actor: Uint8Array.of(9), clock })
  doc.receive(before)
  const { value } = doc
  try {
    doc.receive(bytes)
  } catch (error) {
    if (why === undefined || !isJoineryError(error, 'bad-message')) throw error
    if (doc.value !== value) throw new Error(`${why} was refused, and left something behind`)
    return
  }
  if (why !== undefined) throw new Error(`${why} was taken`)
}

/** Two who answer one another; from the last to the first, each range waits for the one before (Invariant 3). */
function takesChainBackwards(): void {
  const docTag = new Uint8Array(32)
  const make = (actor: Uint8Array): Replica => new Replica({ docTag, actor: actorId(actor), now: () => 0 })
  const source = make(name)
  const branches = [name, other].map((actor) => actorId(actor))
  const ends = [0, 0]
  const ranges = Array.from({ length: chainLength }, (_, i) => {
    const who = i % 2
    source.setActor(branches[who] ?? actorId(name))
    source.change((d) => Object.assign(d as object, { k: i }))
    const end = (ends[who] ?? 0) + 1
    ends[who] = end
    return { who, end }
  })
  const target = make(Uint8Array.of(3))
  const cut = ranges.map(({ who, end }) => source.history.range(who, end - 1, end))
  const { refused } = target.receive(cut.reverse(), { origin: 'store' })
  if (refused.length > 0) throw new Error(`${refused.length} ranges were refused: ${refused[0]?.error.message}`)
  const { k } = target.value as { k?: number }
  if (k !== chainLength - 1) throw new Error(`after the chain k is ${k}`)
}
