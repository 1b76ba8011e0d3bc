// What the program's exit code means, for scripts. Kept small: the code in the message tells the rest.

import { type ErrorCode, JoineryError } from '../base/errors.ts'

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  inUse: 4,
  noAccess: 5,
  timeout: 6,
  unreadable: 7,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The part of --help that explains exit codes. */
export const exitCodesHelp = `Exit codes:
  0  done (also when Ctrl+C ends serve or watch)
  1  failed
  2  not understood: the command, a path, a value, a name or an invitation
  3  not found: no such space, document or place in it
  4  in use: another process holds the data folder or the port
  5  no access: the data folder may not be read or written, or the disk is full
  6  nothing came in time
  7  unreadable: the data or a bundle is damaged, or made by a newer joinery`

// Whatever is not listed here failed for a reason that a script cannot act on.
const byCode: Partial<Record<ErrorCode, ExitCode>> = {
  'ambiguous-space': exitCodes.usage,
  'bad-bundle': exitCodes.unreadable,
  'bad-change': exitCodes.usage,
  'bad-code': exitCodes.usage,
  'bad-label': exitCodes.usage,
  'bad-name': exitCodes.usage,
  'bad-option': exitCodes.usage,
  'bad-ticket': exitCodes.usage,
  'bad-value': exitCodes.usage,
  'bundle-newer': exitCodes.unreadable,
  'code-newer': exitCodes.unreadable,
  limit: exitCodes.usage,
  'bad-path': exitCodes.notFound,
  'document-deleted': exitCodes.notFound,
  'no-such-document': exitCodes.notFound,
  'no-such-space': exitCodes.notFound,
  'port-in-use': exitCodes.inUse,
  'store-locked': exitCodes.inUse,
  'store-denied': exitCodes.noAccess,
  'store-full': exitCodes.noAccess,
  timeout: exitCodes.timeout,
  'store-damaged': exitCodes.unreadable,
  'store-newer': exitCodes.unreadable,
  'store-older': exitCodes.unreadable,
  'ticket-newer': exitCodes.unreadable,
}

export function exitCodeOf(error: unknown): ExitCode {
  return (error instanceof JoineryError ? byCode[error.code] : undefined) ?? exitCodes.failed
}
