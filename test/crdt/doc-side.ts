// Documents of joinery/doc by short names, for tests that read as a story.

import { utf8 } from '../../src/base/bytes.ts'
import { createDoc, type Doc, openDoc } from '../../src/doc.ts'

// biome-ignore lint/suspicious/noExplicitAny: the documents of tests have no type.
export type Draft = any

/** A clock that stands until it is moved, in milliseconds. */
export const time = { ms: 0 }
const clock = { now: () => time.ms }

/** A document that writes as `name`: a loses ties to b. */
export function docOf(name: string, init?: Draft): Doc<Draft> {
  return createDoc({ actor: utf8(name), clock, ...(init === undefined ? {} : { init }) })
}

/** What is saved and opened again: by the same writer, unless another one is named. */
export function reopened(doc: Doc<Draft>, name?: string, history: 'full' | 'live' = 'full'): Doc<Draft> {
  const actor = name === undefined ? Uint8Array.from(Buffer.from(doc.actor, 'hex')) : utf8(name)
  return openDoc(doc.snapshot({ history }), { actor, clock })
}

/** Everybody hears of everything. */
export function meet(...docs: readonly Doc<Draft>[]): void {
  for (const to of docs) for (const from of docs) if (from !== to) to.receive(from.delta(to.version))
}

/** Two people edit a document that begins with `init`, without having heard of each other, and then meet. */
export function apart(
  init: Draft,
  editA: (d: Draft) => unknown,
  editB: (d: Draft) => unknown,
): [Doc<Draft>, Doc<Draft>] {
  const [a, b] = [docOf('a', init), docOf('b', init)]
  a.change((d) => void editA(d))
  b.change((d) => void editB(d))
  meet(a, b)
  return [a, b]
}
