// Time as a value that is handed in. The only place of the package (adapters aside) that reads the platform's clock.

export interface Clock {
  /** Wall time in whole milliseconds since 1970. For people; it decides nothing. */
  now(): number
  /** Milliseconds that never go back, from an arbitrary start. For durations. */
  monotonic(): number
  /** Runs `fn` once after `delayMs`. Returns a function that cancels it. */
  after(delayMs: number, fn: () => void): () => void
}

/** The platform's clock. A waiting timer keeps a Node process alive: whoever sets one that may outlast its purpose cancels it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Runs `fn` when all that is ready now has run, promises included: at once after that where the platform can, else by a message to itself. */
export const nextTurn: (fn: () => void) => void =
  'setImmediate' in globalThis
    ? (fn) => void setImmediate(fn)
    : (() => {
        const { port1, port2 } = new MessageChannel()
        const waiting: (() => void)[] = []
        port1.onmessage = () => waiting.shift()?.()
        return (fn) => {
          waiting.push(fn)
          port2.postMessage(0)
        }
      })()

let turnTime: number | undefined
const endTurn = (): void => {
  turnTime = undefined
}

/**
 * The wall time when this turn of the event loop first asked: for what writes times that people read, thousands of them in a loop. Asking the
 * platform costs up to 180 ns a time, as much as the edit that is to be dated.
 */
export const turnClock: Pick<Clock, 'now'> = {
  now() {
    if (turnTime === undefined) {
      turnTime = Date.now()
      queueMicrotask(endTurn)
    }
    return turnTime
  },
}

/** A clock of somebody else's, whose wall time is made whole: it goes into records as an integer. */
export function wholeMilliseconds(clock: Clock): Clock {
  return {
    now: () => Math.max(0, Math.floor(clock.now())),
    monotonic: () => clock.monotonic(),
    after: (delayMs, fn) => clock.after(delayMs, fn),
  }
}

/** A signal that fires after `delayMs` on this clock, or with any of `others`. Whoever is in time lets go of the timer. */
export function deadline(
  clock: Clock,
  delayMs: number,
  ...others: readonly AbortSignal[]
): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const late = new AbortController()
  const cancel = clock.after(delayMs, () => late.abort(new DOMException(`not within ${delayMs} ms`, 'TimeoutError')))
  return { signal: AbortSignal.any([late.signal, ...others]), cancel }
}

/** A promise for `delayMs` on this clock; rejects with the signal's reason when it fires first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
