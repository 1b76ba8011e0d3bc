// Texts, edited by agents that each see their own past, beside Loro's (which orders by Fugue, where we order by FugueMax). Where the two differ, the
// twin says what plain Fugue gives: if that is what Loro shows, the difference is the one we chose.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDoc, text } from '../../src/doc.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { Twin } from '../model/engine-twin.ts'
import { opsOf } from '../model/twin-adapter.ts'
import { valueAt } from '../model/twin-show.ts'
import { Chance } from './chance.ts'

/** As much of Loro as is used. */
interface LoroDoc {
  setPeerId(id: bigint): void
  getText(name: string): {
    insert(index: number, text: string): void
    delete(index: number, count: number): void
    toString(): string
    length: number
  }
  commit(): void
  export(mode: { mode: 'update' }): Uint8Array
  import(bytes: Uint8Array): unknown
}

type LoroModule = { readonly LoroDoc: new () => LoroDoc }

const folder = fileURLToPath(new URL('../bench', import.meta.url))

/** Gives what is wrong, if anything is. */
export function tryLoro(seed: number, runs: number): string | undefined {
  const loro = load()
  if (loro === undefined) {
    console.log('Loro is not installed: npm ci --prefix test/bench')
    return undefined
  }
  let differences = 0
  let ops = 0
  for (let i = 0; i < runs; i++) {
    const { ours, theirs, fugue, count } = history(loro, seed + i)
    ops += count
    if (ours === theirs) continue
    differences++
    if (fugue !== theirs)
      return `seed ${seed + i}: ours is ${ours}, Loro's ${theirs}, by plain Fugue it would be ${fugue}`
  }
  console.log(`${runs} texts, ${ops} edits beside Loro: ${differences} differ, all of them where FugueMax is not Fugue`)
  return undefined
}

function load(): LoroModule | undefined {
  try {
    return createRequire(join(folder, 'package.json'))('loro-crdt') as LoroModule
  } catch {
    return undefined
  }
}

function history({ LoroDoc }: LoroModule, seed: number) {
  const chance = new Chance(seed)
  // Both order ties by the writer: ours by bytes, Loro by number.
  const sides = Array.from({ length: 2 + chance.below(3) }, (_, who) => {
    const theirs = new LoroDoc()
    theirs.setPeerId(BigInt(who + 1))
    const ours = createDoc<{ t: string }>({ actor: Uint8Array.of(who + 1), clock: { now: () => 0 } })
    return { ours, theirs }
  })
  const [first] = sides
  if (first === undefined) throw new Error('there is nobody')
  first.ours.change((d) => Object.assign(d, { t: text() }))
  for (const { ours } of sides) if (ours !== first.ours) ours.receive(first.ours.delta())
  const steps = 10 + chance.below(40)
  for (let step = 0; step < steps; step++) {
    const { ours, theirs } = chance.pick(sides)
    const from = chance.pick(sides)
    if (chance.maybe(0.4)) {
      ours.receive(from.ours.delta(ours.version))
      theirs.import(from.theirs.export({ mode: 'update' }))
    } else edit(ours.text('t'), theirs, chance)
  }
  for (const { ours, theirs } of sides) {
    first.ours.receive(ours.delta(first.ours.version))
    first.theirs.import(theirs.export({ mode: 'update' }))
  }
  return {
    ours: String(first.ours.text('t')),
    theirs: first.theirs.getText('t').toString(),
    fugue: byFugue(first.ours),
    count: steps,
  }
}

interface Editable {
  readonly length: number
  insert(index: number, text: string): void
  delete(index: number, count: number): void
}

function edit(ours: Editable, doc: LoroDoc, chance: Chance): void {
  const theirs = doc.getText('t')
  const index = chance.below(ours.length + 1)
  if (index < ours.length && index < theirs.length && chance.maybe(0.25)) {
    ours.delete(index, 1)
    theirs.delete(index, 1)
  } else if (index <= theirs.length) {
    const content = chance.pick(['a', 'b', 'c', 'de', 'fgh'])
    ours.insert(index, content)
    theirs.insert(index, content)
  }
  doc.commit()
}

function byFugue(doc: object): string {
  // Documents in memory have their replica, which is not part of what is published.
  const { replica } = doc as { readonly replica: Replica }
  const twin = new Twin('fugue')
  const names = opsOf(replica.history).map((op) => twin.add(op).name)
  return (valueAt(twin, twin.version(names)) as { t: string }).t
}
