// Between documents and the token of a session: what of a space goes in, and what of it is about one document.

import { docTag, type SpaceKeys } from '../auth/keys.ts'
import { joinVersions } from '../core/version.ts'
import { documentMarkBytes, markKey, readToken, type TokenEntry, type TokenSection } from '../sync/session-token.ts'
import { directoryName } from './directory.ts'
import type { Document } from './document.ts'
import type { Following, Seen } from './following.ts'

/**
 * What was seen of some documents of a space, the directory among them: what may leave of each (Invariant 8), and what is still to come of a session that
 * is gone on with here.
 */
export function sectionOf(
  keys: SpaceKeys,
  documents: Iterable<Document>,
  directory: Document,
  followings: readonly Following[],
): TokenSection {
  const entries = new Map<string, TokenEntry>()
  const add = (name: string, seen: Seen | undefined): void => {
    if (seen === undefined || seen.heads.size === 0) return
    const mark = markOf(keys, name)
    const known = entries.get(markKey(mark))
    if (known === undefined || known.generation < seen.generation) entries.set(markKey(mark), { mark, ...seen })
    else if (known.generation === seen.generation)
      entries.set(markKey(mark), { ...known, heads: joinVersions(known.heads, seen.heads) })
  }
  for (const document of new Set([directory, ...documents])) add(document.id.name, seenOf(document))
  for (const { document, unmet } of followings) {
    add(document.id.name, unmet.own)
    add(directoryName.name, unmet.directory)
  }
  return { key: keys.tokenKey, entries: [...entries.values()] }
}

/** What a token says of one document, and of what was deleted. Errors: 'bad-session', 'session-newer'. */
export function seenIn(
  token: Uint8Array,
  keys: SpaceKeys,
  { id }: Document,
): { readonly own: Seen | undefined; readonly directory: Seen | undefined } {
  const entries = readToken(token, keys.tokenKey) ?? []
  const byMark = new Map(entries.map((entry) => [markKey(entry.mark), entry]))
  const of = (name: string): Seen | undefined => byMark.get(markKey(markOf(keys, name)))
  return { own: of(id.name), directory: of(directoryName.name) }
}

function seenOf({ id, heads }: Document): Seen {
  return { generation: id.generation, heads }
}

/** By the tag of the first generation: a later one is known by its number. */
function markOf(keys: SpaceKeys, name: string): Uint8Array {
  return docTag(keys.nameKey, name, 0).slice(0, documentMarkBytes)
}
