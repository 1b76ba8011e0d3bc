// The directory of a space: a document of its own, under the name no document can have, that remembers which documents were deleted. It travels and
// converges like any other. A deletion is a mark that is only ever added, so that no order of arrival brings a generation back.

import { set } from '../crdt/constructors.ts'
import type { SetOf } from '../crdt/types.ts'
import type { DocName } from '../sync/messages.ts'
import type { Document } from './document.ts'

export const directoryName: DocName = { name: '', generation: 0 }

interface DirectoryShape {
  deleted?: SetOf<string>
}

/** For each name the generation that stands: one more than the last deleted. */
export function generations(directory: Document): ReadonlyMap<string, number> {
  const { deleted } = directory.replica.value as { readonly deleted?: unknown }
  const standing = new Map<string, number>()
  if (!Array.isArray(deleted)) return standing
  for (const mark of deleted) {
    const { name, generation } = readMark(mark)
    if (generation >= (standing.get(name) ?? 0)) standing.set(name, generation + 1)
  }
  return standing
}

/** The edit that marks a document as deleted. */
export function markDeleted(id: DocName): (draft: never) => void {
  return (draft: DirectoryShape) => {
    if (draft.deleted === undefined) draft.deleted = set<string>()
    draft.deleted.add(`${id.generation}:${id.name}`)
  }
}

// A mark that does not read as one is a bad member's: it deletes nothing.
function readMark(mark: unknown): DocName {
  const match = typeof mark === 'string' ? /^(\d{1,9}):(.+)$/s.exec(mark) : null
  return match === null ? { name: '', generation: -1 } : { generation: Number(match[1]), name: match[2] as string }
}
