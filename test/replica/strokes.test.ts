// What goes the short way (replica/strokes.ts) must do what the way for all does: a document that makes patches goes that one.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { counter, createDoc, type Doc, isJoineryError, text } from '../../src/doc.ts'
import { Chance } from '../fuzz/chance.ts'

const clock = { now: () => 1_000_000 }
const writer = Uint8Array.of(7)

/** What came of a delta. */
interface Result {
  readonly merged: number
  readonly code: string | undefined
}

/** Two documents that hold the same, and take the same by either way. */
class Pair {
  readonly short: Doc
  readonly long: Doc

  constructor(...deltas: Uint8Array[]) {
    this.short = createDoc({ actor: Uint8Array.of(1), clock })
    this.long = createDoc({ actor: Uint8Array.of(1), clock })
    for (const delta of deltas) this.take(delta)
  }

  take(delta: Uint8Array): Result {
    const [short, long] = [receive(this.short, delta, false), receive(this.long, delta, true)]
    expect(short).toEqual(long)
    return short
  }

  check(): void {
    expect(this.short.value).toEqual(this.long.value)
    expect(this.short.snapshot()).toEqual(this.long.snapshot())
  }
}

function receive(doc: Doc, delta: Uint8Array, patches: boolean): Result {
  try {
    return { merged: doc.receive(delta, { patches }).merged, code: undefined }
  } catch (error) {
    if (!isJoineryError(error)) throw error
    return { merged: 0, code: error.code }
  }
}

function author(): { readonly doc: Doc; readonly deltas: Uint8Array[] } {
  const deltas: Uint8Array[] = []
  const doc = createDoc({ actor: writer, clock })
  doc.on('delta', (delta) => deltas.push(delta))
  doc.change((d) => {
    Object.assign(d as object, { note: text('abc'), list: [1, 2], votes: counter(), map: {} })
  })
  return { doc, deltas }
}

/** Edits of every kind, some of which go the short way. */
function edit(doc: Doc, chance: Chance): void {
  const note = doc.text('note')
  const list = doc.list('list')
  const at = chance.below(note.length + 1)
  const edits = [
    () => note.insert(at, chance.pick(['x', 'word', 'é', '漢', '😀'])),
    () => note.append('y'),
    () => note.length > 3 && note.delete(chance.below(note.length - 2), 1 + chance.below(2)),
    () => list.insert(chance.below(list.length + 1), chance.pick([1, 'two', null, 2 ** 40])),
    () => list.length > 1 && list.delete(chance.below(list.length)),
    () => doc.map('map').set(chance.pick(['a', 'b', 'né']), chance.pick([1, 'x'.repeat(50), true])),
    () => doc.counter('votes').add(chance.pick([1, -2, 2 ** 40])),
  ]
  // Several of a kind, so that one goes on where the one before ended.
  const one = chance.pick(edits)
  for (let left = 1 + chance.below(3); left > 0; left--)
    try {
      one()
    } catch (error) {
      if (!isJoineryError(error, 'bad-value')) throw error
    }
}

describe('the short way and the way for all', () => {
  test('do the same for edits of every kind', () => {
    const { doc, deltas } = author()
    const chance = new Chance(1)
    const pair = new Pair()
    for (let i = 0; i < 400; i++) {
      edit(doc, chance)
      for (const delta of deltas.splice(0)) expect(pair.take(delta).code).toBeUndefined()
      pair.check()
    }
    expect(pair.short.value).toEqual(doc.value)
  })

  test('do the same for two who type at once, and hear of one another now and then', () => {
    const { doc, deltas } = author()
    const other = createDoc({ actor: Uint8Array.of(8), clock })
    const heard: Uint8Array[] = []
    other.on('delta', (delta) => heard.push(delta))
    const chance = new Chance(3)
    const begun = deltas.splice(0)
    for (const delta of begun) other.receive(delta)
    const pair = new Pair(...begun)
    const torn = new Set<string | undefined>()
    for (let i = 0; i < 150; i++) {
      edit(chance.below(2) === 0 ? doc : other, chance)
      for (const delta of [...deltas.splice(0), ...heard.splice(0)]) {
        const before = i % 10 === 0 ? pair.short.delta() : undefined
        if (before !== undefined) {
          const third = new Pair(before)
          torn.add(third.take(altered(delta, chance)).code)
          third.check()
        }
        expect(pair.take(delta).code).toBeUndefined()
      }
      if (chance.below(8) === 0) doc.receive(other.delta(doc.version))
      if (chance.below(8) === 0) other.receive(doc.delta(other.version))
      deltas.length = heard.length = 0
      pair.check()
    }
    doc.receive(other.delta(doc.version))
    expect(pair.short.value).toEqual(doc.value)
    expect(torn).toContain('bad-message')
  })

  test('do the same for bytes that were altered', () => {
    const { doc, deltas } = author()
    const chance = new Chance(2)
    const begun = deltas.splice(0)
    const before: Uint8Array[] = [...begun]
    const codes = new Set<string | undefined>()
    for (let i = 0; i < 80; i++) {
      edit(doc, chance)
      for (const delta of deltas.splice(0)) {
        for (let time = 0; time < 8; time++) {
          const pair = new Pair(...before)
          codes.add(pair.take(altered(delta, chance)).code)
          pair.check()
        }
        before.push(delta)
      }
      if (before.length > 40) {
        // Else it would take longer with each.
        before.splice(0, before.length, doc.delta())
      }
    }
    expect(codes).toContain('bad-message')
    expect(codes).toContain(undefined)
  })

  test('refuse who goes on in the name of what a document begins with', () => {
    const begun = createDoc({ actor: writer, clock, init: { note: text('abc') } })
    const [name] = [...begun.version.keys()]
    const delta = forged(begun, name ?? '')
    for (const patches of [true, false]) {
      const doc = createDoc({ actor: Uint8Array.of(2), clock, init: { note: text('abc') } })
      expect(receive(doc, delta, patches)).toEqual({ merged: 0, code: 'bad-message' })
      expect(doc.value).toEqual({ note: 'abc' })
    }
  })
})

function altered(delta: Uint8Array, chance: Chance): Uint8Array {
  const bytes = Uint8Array.from(delta)
  const from = 10
  switch (chance.below(4)) {
    case 0:
      return bytes.subarray(0, from + chance.below(Math.max(1, bytes.length - from)))
    case 1:
      return Uint8Array.of(...bytes, chance.below(256))
    default:
      // The head of the body, mostly: kinds, places, lengths.
      for (let times = 1 + chance.below(2); times > 0; times--)
        bytes[Math.min(bytes.length - 1, from + chance.below(4))] = chance.below(256)
      return bytes
  }
}

/** A typed unit after the newest op of an actor: what an honest one would send. */
function forged(doc: Doc, name: string): Uint8Array {
  const key = Uint8Array.from(name.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const other = createDoc({ actor: Uint8Array.of(9), clock })
  other.receive(doc.delta())
  const heard: Uint8Array[] = []
  other.on('delta', (delta) => heard.push(delta))
  other.text('note').insert(3, 'd')
  other.text('note').insert(4, 'e')
  // As it would name its author: version, short id, seq, and the body of the second one.
  const body = heard[1]?.subarray(-2) ?? new Uint8Array()
  const id = createHash('sha256').update(key).digest().subarray(0, 8)
  return Uint8Array.of(0, ...id, doc.version.get(name as never) ?? 0, ...body)
}
