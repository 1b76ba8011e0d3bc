// Dials several addresses of one node, a little apart, until one answers (after Happy Eyeballs, RFC 8305): a dead address delays its followers by
// a quarter of a second, not by its whole timeout. libp2p's own dial queue tries one after the other.

import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../base/clock.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import { transportOf } from './addresses.ts'

type Kind = 'stream' | 'datagram' | 'relayed'

/**
 * A refused stream says so at once, while datagrams to nobody say nothing: the shorter their limit, the sooner a redial loop turns. A handshake by
 * way of a relay has more round trips, and gathers candidates.
 */
const timeoutsMs: Readonly<Record<Kind, number>> = { stream: 5_000, datagram: 3_000, relayed: 15_000 }
/**
 * A first packet that was lost is sent again by the system after 1 s, and then after 3 s. Asked anew in between, an address answers soon after the way to
 * it is free again, though it was asked while it was not.
 */
const againMs = 1_250
const timesMax = 3
/** How long the next address waits for this one. */
const staggersMs: Readonly<Record<Kind, number>> = { stream: 250, datagram: 250, relayed: 3_000 }

export interface DialOptions {
  readonly clock: Clock
  readonly dialOne: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  readonly signal?: AbortSignal | undefined
}

/** The first connection that stands. Rejects when all addresses failed, saying what each said, or when the signal fires. */
export function dialAny(addresses: readonly Multiaddr[], options: DialOptions): Promise<Connection> {
  const { clock, signal } = options
  const over = new AbortController()
  /** What each said last. */
  const failures = new Map<Multiaddr, string>()
  let next = 0
  let pending = 0
  let cancelStagger = (): void => {}
  /** How often each was asked that has not said no, nor led to a connection. */
  const silent = new Map<Multiaddr, number>()

  return new Promise<Connection>((resolve, reject) => {
    const attempt = async (address: Multiaddr): Promise<void> => {
      pending += 1
      if (kindOf(address) === 'stream') silent.set(address, (silent.get(address) ?? 0) + 1)
      const limit = abortAfter(clock, timeoutsMs[kindOf(address)], over.signal)
      try {
        const connection = await options.dialOne(address, limit.signal)
        // At once: sockets in Node stay bound to the signal, and would close with it.
        limit.cancel()
        if (over.signal.aborted) return connection.abort(new Error('another address answered first'))
        resolve(connection)
        over.abort(new Error('another address answered first'))
      } catch (error) {
        failures.set(address, `${address}: ${messageOf(error)}`)
        silent.delete(address)
        if (next < addresses.length) goOn()
      } finally {
        limit.cancel()
        pending -= 1
        if (pending === 0 && next === addresses.length) reject(allFailed([...failures.values()]))
      }
    }
    const goOn = (): void => {
      cancelStagger()
      if (over.signal.aborted) return
      const address = addresses[next]
      if (address === undefined) {
        goOnAgain()
        return
      }
      next += 1
      cancelStagger = clock.after(staggersMs[kindOf(address)], goOn)
      void attempt(address)
    }
    const goOnAgain = (): void => {
      cancelStagger = clock.after(againMs, () => {
        for (const [address, times] of silent) if (times < timesMax) void attempt(address)
        goOnAgain()
      })
    }
    const aborted = (): void => {
      reject(new JoineryError('aborted', 'the caller gave up dialling', { cause: signal?.reason }))
      over.abort(signal?.reason)
    }
    over.signal.addEventListener('abort', () => signal?.removeEventListener('abort', aborted), { once: true })
    if (signal?.aborted) return aborted()
    signal?.addEventListener('abort', aborted, { once: true })
    goOn()
  }).finally(() => {
    cancelStagger()
    over.abort()
  })
}

function kindOf(address: Multiaddr): Kind {
  const transport = transportOf(address)
  if (transport === 'webrtc' || transport === 'relay') return 'relayed'
  return transport === 'webrtc-direct' ? 'datagram' : 'stream'
}

function allFailed(failures: readonly string[]): JoineryError {
  return new JoineryError('network', `no address answered: ${failures.join('; ')}`)
}

/** A signal that fires after `delayMs`, or with `parent`. */
function abortAfter(
  clock: Clock,
  delayMs: number,
  parent: AbortSignal,
): { readonly signal: AbortSignal; cancel(): void } {
  const controller = new AbortController()
  const follow = (): void => controller.abort(parent.reason)
  const cancelTimer = clock.after(delayMs, () => controller.abort(new Error(`no answer in ${delayMs} ms`)))
  parent.addEventListener('abort', follow, { once: true })
  if (parent.aborted) follow()
  return {
    signal: controller.signal,
    cancel: () => {
      cancelTimer()
      parent.removeEventListener('abort', follow)
    },
  }
}
