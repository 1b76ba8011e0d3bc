// Ports that are kept between runs, so that a restarted peer is found at its old addresses.

import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { JoineryError } from '../base/errors.ts'
import { isIdlePort } from './libp2p-webrtc.node.ts'
import type { Shelf } from './network.ts'

/** Where a Node peer listens. WebRTC-direct is on UDP. */
export interface Ports {
  readonly tcp: number
  readonly websocket: number
  readonly webrtc: number
}

const shelfKey = 'net/ports'

/**
 * The ports to listen on: those asked for, else those kept, else free ones. A kept port that another program took is replaced; one that was asked
 * for and is taken is an error, since whoever asked relies on it.
 */
export async function keptPorts(shelf: Shelf, host: string, asked: Partial<Ports>): Promise<Ports> {
  const kept = parsePorts(await shelf.get(shelfKey))
  const tcp = await choose(asked.tcp, kept?.tcp, (port) => freeTcp(host, port))
  const ports = {
    tcp,
    websocket: await choose(asked.websocket, kept?.websocket, (port) => freeTcp(host, port, tcp)),
    webrtc: await choose(asked.webrtc, kept?.webrtc, (port) => freeUdp(host, port)),
  }
  await shelf.set(shelfKey, new TextEncoder().encode(JSON.stringify(ports)))
  return ports
}

/** A port of our own that does not parse is like none: it was never a promise. */
function parsePorts(bytes: Uint8Array | undefined): Partial<Ports> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

async function choose(
  asked: number | undefined,
  kept: unknown,
  free: (port: number) => Promise<number | undefined>,
): Promise<number> {
  if (asked !== undefined && asked !== 0) {
    const port = await free(asked)
    if (port === undefined) throw new JoineryError('port-in-use', `port ${asked} is in use by another program`)
    return port
  }
  const again =
    Number.isInteger(kept) && Number(kept) > 0 && Number(kept) < 65_536 ? await free(Number(kept)) : undefined
  const port = again ?? (await free(0))
  if (port === undefined) throw new JoineryError('network', 'the system gives no free port')
  return port
}

/** The port if it can be bound (0: some free one) and is not the one that was chosen before, which is free still; else undefined. */
async function freeTcp(host: string, port: number, chosen?: number): Promise<number | undefined> {
  const free = await bindableTcp(host, port)
  if (free !== chosen || free === undefined) return free
  return port === 0 ? freeTcp(host, port, chosen) : undefined
}

function bindableTcp(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

function freeUdp(host: string, port: number): Promise<number | undefined> {
  if (isIdlePort(host, port)) return Promise.resolve(port)
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4' })
    socket.once('error', () => {
      socket.close()
      resolve(undefined)
    })
    socket.bind({ address: host, port, exclusive: true }, () => {
      const { port: bound } = socket.address()
      socket.close(() => resolve(bound))
    })
  })
}
