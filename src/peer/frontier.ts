// Where a document stands: its newest ops, of which a change in another document can say that it follows them.

import { JoineryError } from '../base/errors.ts'
import { actorOf, isSelfCertifying } from '../core/ids.ts'
import { joinVersions, type Version } from '../core/version.ts'
import { encodeDepends } from '../sync/depends.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName, Entry } from '../sync/messages.ts'
import type { Frontier, Snapshot } from './api.ts'
import type { Document } from './document.ts'

export class FrontierImpl implements Frontier {
  readonly document: string
  readonly id: DocName
  readonly spaceHex: string
  /** As others are told them. */
  readonly heads: Version

  constructor({ id, replica }: Document, spaceHex: string) {
    this.document = id.name
    this.id = id
    this.spaceHex = spaceHex
    // A first value is nobody's until somebody edits: who does not give the same has no such op.
    const heads = [...replica.outward.heads(replica.version)]
    this.heads = new Map(heads.filter(([id]) => !isSelfCertifying(actorOf(id))))
    Object.freeze(this)
  }
}

/**
 * What a change of a document says that it follows; undefined if nothing but itself. `find` gives the documents that are here. Errors: 'bad-option', 'stale'
 * (it is not here), 'limit'.
 */
export function dependsOn(
  after: unknown,
  {
    own,
    spaceHex,
    find,
  }: { readonly own: Document; readonly spaceHex: string; find(id: DocName): Document | undefined },
): Uint8Array | undefined {
  if (!Array.isArray(after) || !after.every((one) => one instanceof FrontierImpl && one.spaceHex === spaceHex))
    throw new JoineryError('bad-option', 'The option "after" is a list of frontiers of documents of this very space.')
  const entries = new Map<string, Entry>()
  for (const { id, heads } of after as readonly FrontierImpl[]) {
    const other = find(id)
    // Of what was deleted nothing is waited for; and its own past a change follows anyway.
    if (other === undefined || other === own || heads.size === 0) continue
    for (const [head, end] of heads)
      if (other.seen(new Map([[head, end]])).size === 0)
        throw new JoineryError('stale', `"${id.name}" does not hold the edits that this change is to follow.`)
    const known = entries.get(docKey(id))?.version ?? new Map()
    entries.set(docKey(id), { document: id, version: joinVersions(known, heads) })
  }
  return entries.size === 0 ? undefined : encodeDepends([...entries.values()])
}

/** Documents that are awake, read at one moment. Invariant 3 across them: nothing is merged before what it follows, so no moment shows an effect alone. */
export function snapshotOf<T extends Record<string, object>>(
  documents: readonly Document[],
  names: readonly (keyof T & string)[],
  spaceHex: string,
): Snapshot<T> {
  const values = Object.fromEntries(documents.map(({ replica }, i) => [names[i], replica.value]))
  return Object.freeze({
    values: Object.freeze(values) as Snapshot<T>['values'],
    frontiers: Object.freeze(documents.map((document) => new FrontierImpl(document, spaceHex))),
  })
}
