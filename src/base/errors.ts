// Typed errors: a stable code for programs, a sentence for people that says what is wrong and what to do.

/** What can go wrong, as a stable code. The README's table says what each means and what to do about it. */
export const errorCodes = [
  'aborted', // the caller's AbortSignal fired
  'ambiguous-space', // several spaces bear this label
  'bad-bundle', // not a bundle, or a damaged one
  'bad-change', // a change function that throws nothing but cannot be recorded (async, nested, sort on a draft …)
  'bad-code', // not a code for meeting by hand, or a damaged one
  'bad-message', // bytes from a peer that cannot be taken
  'bad-name', // not a document name
  'bad-label', // not a space label
  'bad-option', // an option that makes no sense
  'bad-path', // a path that leads nowhere in this document
  'bad-session', // not the token of a session, or none that a member of the space made
  'bad-ticket', // not an invitation, or a damaged one
  'bad-value', // a value no document can hold
  'bundle-newer', // made by a newer joinery
  'closed', // the peer, space or document was closed
  'code-newer', // a code for meeting by hand made by a newer joinery
  'document-deleted', // the document was deleted in this space
  'forked', // two different ops under one dot
  'insecure-context', // a browser page that is not a secure context
  'internal', // our own mistake, reported rather than hidden
  'law-broken', // a replicated type breaks a law (joinery/lattice)
  'limit', // something would exceed a limit
  'network', // the network could not do what was asked
  'no-indexeddb', // this browser gives no IndexedDB
  'no-such-document',
  'no-such-space',
  'port-in-use',
  'session-newer', // the token of a session, made by a newer joinery
  'stale', // more was seen elsewhere than is here
  'store-damaged', // bytes on disk that are not what was written
  'store-denied', // the store may not be read or written
  'store-failed', // the store failed for another reason; it takes nothing more
  'store-full', // no room left on the device
  'store-locked', // another living process holds the store
  'store-newer', // written by a newer joinery
  'store-older', // written in a draft of a format that is not read any more
  'ticket-newer', // made by a newer joinery
  'unsupported', // this Node or browser is too old, or this joinery is for a document
  'unsaved', // the end came before the latest edits were on disk
  'timeout', // what was waited for did not come in time
] as const

export type ErrorCode = (typeof errorCodes)[number]

/**
 * The only error this package throws on purpose. `code` is stable; `message` is a sentence for people and may change.
 *
 * @example
 * try { await peer.join(ticket) } catch (error) { if (isJoineryError(error, 'bad-ticket')) console.log('Ask for it again.') }
 */
export class JoineryError extends Error {
  override readonly name = 'JoineryError'
  readonly code: ErrorCode
  /** Facts a program may use, such as the ids behind `ambiguous-space`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** True if `error` is a JoineryError, and of this code if one is given. */
export function isJoineryError(error: unknown, code?: ErrorCode): error is JoineryError {
  return error instanceof JoineryError && (code === undefined || error.code === code)
}

/** The sentence in any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
