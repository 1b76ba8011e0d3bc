import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { type JsonOperation, toJsonPatch, toTextDelta } from '../../src/crdt/patch-export.ts'
import {
  type Counter,
  counter,
  createDoc,
  type Doc,
  type Draft,
  type SetOf,
  set,
  type Text,
  text,
} from '../../src/doc.ts'
import { applyJsonPatch } from '../model/json-patch.ts'
import { dataPath, hasData } from '../setup/data.ts'

interface JsonCase {
  readonly comment?: string
  readonly doc: unknown
  readonly patch: readonly { readonly op: string }[]
  readonly expected?: unknown
  readonly error?: string
  readonly disabled?: boolean
}

const suites = ['json-patch-tests.json', 'json-patch-spec_tests.json']
const ours = ['add', 'remove', 'replace', 'test']
const clock = { now: () => 0 }

// What checks our export is checked by the suite first.
describe.skipIf(!hasData('conformance/values'))('the plain JSON Patch of these tests', () => {
  it.each(suites)('does what %s says of the operations that we export', (file) => {
    const all: JsonCase[] = JSON.parse(readFileSync(dataPath(`conformance/values/${file}`), 'utf8'))
    const cases = all.filter(({ patch, disabled }) => disabled !== true && patch.every(({ op }) => ours.includes(op)))
    for (const { doc, patch, expected, error, comment } of cases) {
      const name = comment ?? JSON.stringify(patch)
      if (error !== undefined) expect(() => applyJsonPatch(doc, patch), name).toThrow()
      else if (expected !== undefined) expect(applyJsonPatch(doc, patch), name).toEqual(expected)
    }
    expect(cases.length).toBeGreaterThan(8)
  })
})

type Shape = {
  note: Text
  other: Text
  items: unknown[]
  'a/b~c': Record<string, unknown>
  votes: Counter
  tags: SetOf<string | number>
}

const init = (): Shape => ({
  note: text('hello'),
  other: text(),
  items: [1, { note: text('in a list') }, 'x'],
  'a/b~c': { '': 1, '~1': 2 },
  votes: counter(),
  tags: set(),
})

/** Two writers who edit everything, mostly without having heard of each other. */
class Pair {
  readonly below: (max: number) => number
  readonly docs: readonly Doc<Shape>[]

  constructor(seed: number) {
    const random = seededRandom(seed)
    this.below = (max) => Math.floor(random.unit() * max)
    this.docs = [1, 2].map((actor) => createDoc<Shape>({ actor: Uint8Array.of(actor), clock, init: init() }))
  }

  step(): void {
    const [doc, other] = this.below(2) === 0 ? this.docs : this.docs.toReversed()
    if (doc === undefined || other === undefined) return
    if (this.below(3) === 0) doc.receive(other.delta(doc.version))
    else
      doc.change((d) => {
        for (let i = this.below(5); i >= 0; i--) this.#edit(d)
      })
  }

  #edit(d: Draft<Shape>): void {
    const { below } = this
    const word = 'abcdefgh'.slice(below(8))
    const note = below(3) === 0 ? d.other : d.note
    const at = below(note.length + 1)
    const index = below(d.items.length + 1)
    const edits: readonly (() => unknown)[] = [
      () => note.insert(at, word),
      () => note.insert(at, `${word}!`),
      () => note.delete(at, Math.min(note.length - at, below(4))),
      () => d.items.splice(index, 0, below(9), { note: text(word), deep: [word] }),
      () => d.items.splice(index, below(3)),
      () => index < d.items.length && (d.items[index] = below(9)),
      () => (d['a/b~c'][word] = below(2) === 0 ? below(9) : { x: [word] }),
      () => delete d['a/b~c'][word],
      () => d.votes.add(below(5)),
      () => d.tags.add(below(9)),
      () => d.tags.delete(below(9)),
    ]
    edits[below(edits.length)]?.()
  }
}

describe('patches as JSON Patch', () => {
  it.each([1, 2, 3, 4, 5, 6])('take the old value to the new one, seed %i', (seed) => {
    const pair = new Pair(seed)
    let count = 0
    for (const doc of pair.docs) {
      let before: unknown = doc.value
      doc.on('patch', ({ patches }) => {
        count++
        before = applyJsonPatch(before, toJsonPatch(patches, before))
      })
      doc.on('change', () => expect(before).toEqual(doc.value))
    }
    for (let step = 0; step < 80; step++) pair.step()
    expect(count).toBeGreaterThan(40)
  })

  it('says a text once, however many edits it had', () => {
    const doc = createDoc<Shape>({ init: init() })
    const before = doc.value
    const operations: JsonOperation[][] = []
    doc.on('patch', ({ patches }) => operations.push(toJsonPatch(patches, before)))
    doc.change((d) => {
      d.note.insert(5, ' you')
      d.other.insert(0, 'x')
      d.note.delete(0, 1)
      d.note.insert(0, 'H')
      d['a/b~c']['~1'] = 3
    })
    expect(operations).toEqual([
      [
        { op: 'replace', path: '/note', value: 'Hello you' },
        { op: 'replace', path: '/other', value: 'x' },
        { op: 'replace', path: '/a~1b~0c/~01', value: 3 },
      ],
    ])
  })

  it('refuses patches of another value', () => {
    expect(() => toJsonPatch([{ type: 'remove', path: ['a'], index: 0, count: 1 }], { b: [1] })).toThrow('nothing at a')
  })
})

/** What an editor does with a delta. */
function applyDelta(text: string, delta: ReturnType<typeof toTextDelta>): string {
  let [out, at] = ['', 0]
  for (const operation of delta ?? []) {
    if ('insert' in operation) out += operation.insert
    else if ('delete' in operation) at += operation.delete
    else {
      out += text.slice(at, at + operation.retain)
      at += operation.retain
    }
  }
  return out + text.slice(at)
}

describe('patches as the delta of a text', () => {
  it.each([1, 2, 3, 4, 5, 6])('take the old text to the new one, seed %i', (seed) => {
    const pair = new Pair(seed)
    for (const doc of pair.docs) {
      let before = doc.value.note
      doc.on('patch', ({ patches }) => {
        const delta = toTextDelta(patches, ['note'])
        expect(delta).toBeDefined()
        for (const [i, operation] of (delta ?? []).entries()) {
          const next = delta?.[i + 1]
          if ('delete' in operation && next !== undefined) expect(next).toHaveProperty('retain')
          if (next === undefined) expect(operation).not.toHaveProperty('retain')
        }
        before = applyDelta(before, delta)
      })
      doc.on('change', () => expect(before).toBe(doc.value.note))
    }
    for (let step = 0; step < 150; step++) pair.step()
  })

  it('compose typing and deleting into few operations', () => {
    const path = ['t']
    const insert = (index: number, text: string) => ({ type: 'insert', path, index, text }) as const
    const remove = (index: number, count: number) => ({ type: 'remove', path, index, count }) as const
    const delta = (...patches: (ReturnType<typeof insert> | ReturnType<typeof remove>)[]) => toTextDelta(patches, path)
    expect(delta(insert(3, 'a'), insert(4, 'b'), insert(5, 'c'))).toEqual([{ retain: 3 }, { insert: 'abc' }])
    expect(delta(remove(5, 1), remove(4, 1), remove(4, 2))).toEqual([{ retain: 4 }, { delete: 4 }])
    expect(delta(remove(5, 2), insert(5, 'x'))).toEqual([{ retain: 5 }, { insert: 'x' }, { delete: 2 }])
    expect(delta(insert(0, 'xyz'), remove(0, 4))).toEqual([{ delete: 1 }])
    expect(delta(insert(2, 'xyz'), remove(3, 1), insert(9, '!'))).toEqual([
      { retain: 2 },
      { insert: 'xz' },
      { retain: 5 },
      { insert: '!' },
    ])
    expect(delta(insert(2, 'x'), remove(2, 1))).toEqual([])
  })

  it('follow a text that moves in its list, until it goes', () => {
    const path = ['items', 1, 'note']
    const moved = { type: 'insert', path: ['items'], index: 0, values: ['new', 'newer'] } as const
    const typed = { type: 'insert', path: ['items', 3, 'note'], index: 2, text: '!' } as const
    const before = { type: 'remove', path: ['items'], index: 0, count: 1 } as const
    const after = { type: 'remove', path: ['items'], index: 3, count: 4 } as const
    expect(toTextDelta([moved, typed, before], path)).toEqual([{ retain: 2 }, { insert: '!' }])
    expect(toTextDelta([moved, { ...after, index: 4 }, typed], path)).toEqual([{ retain: 2 }, { insert: '!' }])
    expect(toTextDelta([moved, after], path)).toBeUndefined()
    expect(toTextDelta([{ type: 'set', path: ['items', 1], value: 1 }], path)).toBeUndefined()
    expect(toTextDelta([{ type: 'set', path: ['items', 0], value: 1 }], path)).toEqual([])
    expect(toTextDelta([{ type: 'delete', path: ['items'] }], path)).toBeUndefined()
    expect(toTextDelta([{ type: 'set', path, value: 'another text' }], path)).toBeUndefined()
  })
})
