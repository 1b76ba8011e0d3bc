// Waiting until several spaces are settled, with one error that says of each who has what.

import { type ErrorCode, isJoineryError, JoineryError } from '../base/errors.ts'
import type { SettledOptions } from './api.ts'
import { checkWait } from './wait.ts'

interface Settling {
  readonly label: string
  settled(options: SettledOptions): Promise<void>
}

interface Unsettled {
  readonly space: string
  readonly error: JoineryError
}

/** What was not in time is told of all of them together; any other failure of one ends the wait. Errors: as of Peer.settled. */
export async function settleAll(spaces: readonly Settling[], options: SettledOptions): Promise<void> {
  checkWait(options)
  const settling = spaces.map((space) => space.settled(options).catch((error: unknown) => unsettled(space, error)))
  const failures = (await Promise.all(settling)).filter((failure) => failure !== undefined)
  const [first] = failures
  if (first !== undefined) throw joined(first.error.code, failures)
}

function unsettled({ label }: Settling, error: unknown): Unsettled {
  if (isJoineryError(error, 'timeout') || isJoineryError(error, 'aborted')) return { space: label, error }
  throw error
}

function joined(code: ErrorCode, failures: readonly Unsettled[]): JoineryError {
  const message = failures.map(({ space, error }) => `${space}: ${error.message}`).join(' ')
  const peers = failures.flatMap(({ space, error }) => {
    const of = error.details.peers
    return Array.isArray(of) ? of.map((peer: object) => ({ space, ...peer })) : []
  })
  return new JoineryError(code, message, { details: { peers }, cause: failures[0]?.error })
}
