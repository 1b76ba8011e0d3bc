// Waiting for something to be so, with a limit and a signal, and an error that says why it is not.

import type { Clock } from '../base/clock.ts'
import type { Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'

export interface Explanation {
  readonly message: string
  readonly details: Record<string, unknown>
}

export interface Wait {
  readonly clock: Clock
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly done: () => boolean
  /** Why it can never be so; undefined while it may. */
  readonly failed: () => JoineryError | undefined
  /** What the 'timeout' error says, and 'aborted' tells besides: made at that moment. */
  readonly explain: () => string | Explanation
  readonly listen: (look: () => void) => Off
}

/** Errors: 'bad-option' for a time or a number of peers that is none. */
export function checkWait({ timeoutMs, peers }: { readonly timeoutMs?: number; readonly peers?: number }): void {
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0))
    throw new JoineryError('bad-option', `"timeoutMs" is a number of milliseconds from 0, not ${String(timeoutMs)}.`)
  if (peers !== undefined && !(Number.isInteger(peers) && peers >= 0))
    throw new JoineryError('bad-option', `"peers" is a whole number from 0, not ${String(peers)}.`)
}

function timeout(why: string | Explanation): JoineryError {
  return typeof why === 'string' ? new JoineryError('timeout', why) : new JoineryError('timeout', why.message, why)
}

function calledOff(why: string | Explanation, cause: unknown): JoineryError {
  const { message, details } = typeof why === 'string' ? { message: why, details: {} } : why
  return new JoineryError('aborted', `The wait was called off. ${message}`, { cause, details })
}

export function waitUntil(wait: Wait): Promise<void> {
  return new Promise((resolve, reject) => {
    const offs: Off[] = []
    const end = (error?: JoineryError): void => {
      for (const off of offs) off()
      if (error === undefined) resolve()
      else reject(error)
    }
    const aborted = (): void => end(calledOff(wait.explain(), wait.signal?.reason))
    const look = (): void => {
      const failure = wait.failed()
      if (failure !== undefined) end(failure)
      else if (wait.done()) end()
    }
    if (wait.signal?.aborted) return aborted()
    wait.signal?.addEventListener('abort', aborted, { once: true })
    offs.push(() => wait.signal?.removeEventListener('abort', aborted))
    if (wait.timeoutMs !== undefined) offs.push(wait.clock.after(wait.timeoutMs, () => end(timeout(wait.explain()))))
    offs.push(wait.listen(look))
    look()
  })
}
