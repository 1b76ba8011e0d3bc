// The one place that says which `joinery/doc` is fuzzed; the runner of mutants gives another. What it has not got yet is left out.

import * as api from '../../src/doc.ts'

export { applyPatches, createDoc, isJoineryError, json, text } from '../../src/doc.ts'
export type Doc = ReturnType<typeof api.createDoc> & { snapshot?(options?: { readonly live?: boolean }): Uint8Array }

/** Whether equal ops give equal bytes: not before snapshots are written from columns. */
export const areSnapshotsCanonical = true

type Clock = { now(): number }
type Open = (snapshot: Uint8Array, options: { readonly actor: Uint8Array; readonly clock: Clock }) => Doc

/** A document from a snapshot, or from a delta of everything while there are no snapshots. */
export function reopen(doc: Doc, actor: Uint8Array, clock: Clock): Doc {
  // Looked up by name, since it is not there in every version.
  const { openDoc } = api as unknown as { readonly openDoc?: Open }
  if (openDoc !== undefined && doc.snapshot !== undefined) return openDoc(doc.snapshot(), { actor, clock })
  const next = api.createDoc({ actor, clock })
  for (let delta = doc.delta(); delta.length > 0; delta = doc.delta(next.version)) next.receive(delta)
  return next
}

/** Constructors that not every version has. */
export const newer = api as unknown as {
  readonly log?: (values: readonly unknown[]) => unknown
  readonly register?: (value: unknown) => unknown
  readonly set: (values: readonly unknown[], options?: object) => unknown
  readonly counter: (value: number, options?: object) => unknown
}
