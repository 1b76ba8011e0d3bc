// WebRTC-direct listeners that can be closed. In node-datachannel 0.33 (libdatachannel 0.24.5) stopping the listener of a UDP port frees it without
// unregistering it: the port stays bound, and the next peer who asks there ends the process (measured: a redial after a close is enough). So the
// native listener of a port is opened once and never stopped while the process goes on; closed, it hears nobody, and the next network of this
// process on the same port takes it over. It is stopped only when nothing else keeps the process alive.

import type { CreateListenerOptions, Listener, Transport } from '@libp2p/interface'
import { IceUdpMuxListener } from 'node-datachannel'
import { assert } from '../base/assert.ts'

/** What the listener of @libp2p/webrtc has behind its face: where it opens its port, and what a first packet from somebody new leads to. */
interface DirectListener extends Listener {
  startUDPMuxServer(host: string, port: number, family: 4 | 6): object
  incomingConnection(ufrag: string, host: string, port: number, signal: AbortSignal): Promise<void>
}

type Question = Parameters<Parameters<IceUdpMuxListener['onUnhandledStunRequest']>[0]>[0]

interface Mux {
  readonly native: IceUdpMuxListener
  /** Who takes questions of strangers now; nobody while the port is idle. */
  take: ((question: Question) => void) | undefined
}

const muxes = new Map<string, Mux>()
const exitLookMs = 200
const standardStreams = 3

/** The transport, with listeners that share native ones, and which begin no connection while `isClosed`. */
export function withLastingListeners(transport: Transport, isClosed: () => boolean): Transport {
  const createListener = transport.createListener.bind(transport)
  transport.createListener = (options) => lasting(createListener(options), options, isClosed)
  return transport
}

/** True if this process holds the port for nobody: a network may have it. */
export function isIdlePort(host: string, port: number): boolean {
  const mux = muxes.get(`${host}:${port}`)
  return mux !== undefined && mux.take === undefined
}

function lasting(listener: Listener, options: CreateListenerOptions, isClosed: () => boolean): Listener {
  assertDirect(listener)
  listener.startUDPMuxServer = (host, port, family) => {
    const closing = new AbortController()
    const mux = muxAt(host, port)
    mux.take = (question) => {
      // A browser that has not noticed yet that we hung up goes on asking; each question would make a connection that leads nowhere.
      if (isClosed() || !isValidUfrag(question.ufrag)) return
      const signal = options.upgrader.createInboundAbortSignal(closing.signal)
      const incoming = listener.incomingConnection(question.ufrag, question.host, question.port, signal)
      // One that does not come about is the asker's loss.
      incoming.catch(() => {}).finally(() => signal.clear())
    }
    const server = {
      address: () => ({ address: host, family: family === 4 ? 'IPv4' : 'IPv6', port }),
      close: async () => {
        closing.abort()
        mux.take = undefined
        stopBeforeExit()
      },
    }
    return { owner: listener, port, isIPv4: family === 4, isIPv6: family === 6, server: Promise.resolve(server) }
  }
  return listener
}

function muxAt(host: string, port: number): Mux {
  const key = `${host}:${port}`
  const mux = muxes.get(key) ?? { native: new IceUdpMuxListener(port, host), take: undefined }
  assert(mux.take === undefined, `two networks listen on ${key}`)
  if (!muxes.has(key)) mux.native.onUnhandledStunRequest((question) => mux.take?.(question))
  muxes.set(key, mux)
  return mux
}

/** Native callbacks keep a process alive. Once nothing else does, nobody can be answered any more. */
function stopBeforeExit(): void {
  const timer = setTimeout(() => {
    const idle = [...muxes].filter(([, mux]) => mux.take === undefined)
    if (idle.length === 0) return
    if (isBusy()) return stopBeforeExit()
    for (const [key, mux] of idle) {
      muxes.delete(key)
      mux.native.stop()
    }
  }, exitLookMs)
  timer.unref()
}

/** True while anything but our native callbacks keeps the process alive. The three standard streams are listed too, and do not unless read. */
function isBusy(): boolean {
  const { stdin } = process
  const isRead = stdin.readableFlowing === true || stdin.listenerCount('readable') > 0
  if (isRead && !stdin.readableEnded) return true
  const active = process.getActiveResourcesInfo()
  const pipes = active.filter((name) => /^(Pipe|TTY)Wrap$/i.test(name)).length
  return active.length - pipes > 0 || pipes > standardStreams
}

/** The ufrag becomes the password of the native stack, which ends the process over one that is none. */
function isValidUfrag(ufrag: string | undefined): ufrag is string {
  return ufrag !== undefined && /^[A-Za-z0-9+/]{22,256}$/.test(ufrag)
}

function assertDirect(listener: Listener): asserts listener is DirectListener {
  const isKnown = 'startUDPMuxServer' in listener && 'incomingConnection' in listener
  assert(
    isKnown,
    'the listener of @libp2p/webrtc is built differently now: see whether a closed one can be dialled without harm',
  )
}
