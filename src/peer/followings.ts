// Sessions that are gone on with in the handles of a space: what they saw elsewhere is followed, and handed on in the token of the next one.

import type { SpaceKeys } from '../auth/keys.ts'
import type { TokenSection } from '../sync/session-token.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'
import { Following } from './following.ts'
import { sectionOf, seenIn } from './session-tokens.ts'

/** A handle, as far as it follows sessions. */
export interface Follower {
  readonly document: Document
  readonly following: Following
}

export interface FollowingsOptions {
  readonly keys: SpaceKeys
  readonly documents: Documents
  /** The handles that are open. */
  readonly handles: ReadonlySet<Follower>
}

export class Followings {
  readonly #options: FollowingsOptions

  constructor(options: FollowingsOptions) {
    this.#options = options
  }

  /** What a new handle of a document follows: nothing yet. */
  begin(document: Document): Following {
    return new Following(document, this.#options.documents.directory)
  }

  /** From here on a handle reads what a session saw. Errors: 'bad-session', 'session-newer', 'limit'. */
  follow({ document, following }: Follower, session: Uint8Array): void {
    const { own, directory } = seenIn(session, this.#options.keys, document)
    following.add(own, directory)
  }

  get all(): readonly Following[] {
    return [...this.#options.handles].map(({ following }) => following)
  }

  /** What was seen of some documents, or of all that were opened, for the token of a session. Made when all of it may leave (Invariant 8). */
  section(handles: ReadonlySet<object> | undefined): () => TokenSection {
    const { keys, documents } = this.#options
    const own = [...this.#options.handles].filter((handle) => handles === undefined || handles.has(handle))
    const opened = handles === undefined ? documents.all.filter(({ opened }) => opened) : []
    const seen = new Set([...opened, ...own.map(({ document }) => document)])
    const followings = own.map(({ following }) => following)
    return () => {
      const here = [...seen].filter((document) => documents.has(document))
      return sectionOf(keys, here, documents.directory, followings)
    }
  }
}
