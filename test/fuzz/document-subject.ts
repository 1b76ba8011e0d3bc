// The engine's document, upon graph and log. A mirror is kept by its patches alone.

import { isDeepStrictEqual } from 'node:util'
import type { LV, Spans } from '../../src/core/graph.ts'
import { applyPatches } from '../../src/crdt/apply-patches.ts'
import { EngineDocument } from '../../src/crdt/engine/document.ts'
import type { Patch } from '../../src/crdt/patch.ts'
import type { Twin } from '../model/engine-twin.ts'
import { type Known, nameAt } from '../model/twin-adapter.ts'
import type { Box, Version } from '../model/twin-box.ts'
import { keyHeads, registerHeads, showBox, showEntry, valueAt } from '../model/twin-show.ts'
import { text } from './notation.ts'
import type { Subject } from './pieces.ts'

export class DocumentSubject implements Subject {
  readonly #known: Known
  #document: EngineDocument
  #mirror: unknown = {}

  constructor(known: Known) {
    this.#known = known
    this.#document = this.#empty()
  }

  #empty(): EngineDocument {
    const { graph, log, actors } = this.#known
    return new EngineDocument(graph, log, actors.compare)
  }

  merge(start: LV, end: LV, unseen: Spans): void {
    const patches: Patch[] = []
    this.#document.patches = patches
    this.#document.merge(start, end, unseen)
    this.#mirror = applyPatches(this.#mirror, patches)
    // Invariant 7: the old value plus the patches is the new value.
    same(this.#mirror, this.#document.value, `the mirror, after ${text(patches)},`)
  }

  get value(): unknown {
    return this.#document.value
  }

  check(): void {
    this.#document.check()
  }

  probe(twin: Twin, heads: readonly LV[]): void {
    const versionOf = (lvs: readonly LV[]): Version => twin.version(lvs.map((lv) => nameAt(this.#known, lv)))
    same(this.#document.at(heads), valueAt(twin, versionOf(heads)), `at(${heads.join()})`)
    this.#compareConflicts(twin, twin.root, [], versionOf(this.#known.graph.frontier))
    // Now and then it goes on from what shows, as after a load.
    if (this.#known.graph.length % 4 === 0) this.#reload()
  }

  #reload(): void {
    const loaded = this.#empty()
    loaded.importState(this.#document.exportState())
    this.#document = loaded
  }

  /** Of every key that shows, as deep as it goes. */
  #compareConflicts(twin: Twin, box: Box, path: readonly (string | number)[], version: Version): void {
    if (box.type === 'list')
      for (const [index, { makes }] of twin.visible(box, version).entries())
        if (makes !== undefined) this.#compareConflicts(twin, makes, [...path, index], version)
    if (box.type !== 'map') return
    for (const key of new Set(box.entries.flatMap(({ op }) => ('key' in op ? [op.key] : [])))) {
      const at = [...path, key]
      const [winner, ...losers] = keyHeads(twin, box, key, version)
      const made = winner?.makes
      const assigned = made?.type === 'register' ? registerHeads(twin, made, version) : []
      const heads = [winner, ...losers].map((entry) => entry?.makes)
      const slots = [...box.slots].flatMap(([name, slot]) =>
        name.endsWith(` ${key}`) && !heads.includes(slot) ? [slot] : [],
      )
      const hidden = slots.filter((slot) => !isEmpty(twin, slot, version)).map((slot) => showBox(twin, slot, version))
      const expected = [...(assigned.length > 1 ? assigned : []), ...losers].map((entry) =>
        showEntry(twin, entry, version),
      )
      if (winner === undefined && hidden.length === 0) continue
      const found = this.#document.conflicts(at).map(({ value }) => value)
      same(found.slice(0, expected.length), expected, `the conflicts at ${at.join()}`)
      same(sorted(found.slice(expected.length)), sorted(hidden), `what is hidden at ${at.join()}`)
      if (winner?.makes !== undefined) this.#compareConflicts(twin, winner.makes, at, version)
    }
  }
}

function isEmpty(twin: Twin, box: Box, version: Version): boolean {
  if (box.type === 'register') return registerHeads(twin, box, version).length === 0
  const value = showBox(twin, box, version)
  return value === '' || value === 0 || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

function sorted(values: readonly unknown[]): unknown[] {
  return [...values].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${what} is\n    ${text(actual)}\nand should be\n    ${text(expected)}`)
}
