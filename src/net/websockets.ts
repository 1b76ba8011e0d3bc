// WebSockets for libp2p, with one mend. The dialler of @libp2p/websockets 10.1.21 leaves its WebSocket open when a dial is aborted. Chromium
// opens sockets to one host one after the other, so one that waits for a silent host makes later dials queue behind it: after a partition of 45 s
// a browser came back 28-31 s after the heal instead of 1-2 s. The version is pinned, and the test of long partitions would notice a change.

import type { Transport } from '@libp2p/interface'
import { webSockets as unmended, type WebSocketsComponents, type WebSocketsInit } from '@libp2p/websockets'
import type { Multiaddr } from '@multiformats/multiaddr'
import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'

/** The transport, with the socket of an aborted dial closed. */
export function webSockets(init?: WebSocketsInit): (components: WebSocketsComponents) => Transport {
  return (components) => {
    const transport = unmended(init)(components)
    assert(
      '_connect' in transport,
      '@libp2p/websockets is not 10.1.21 any more: see whether it closes the sockets of aborted dials now',
    )
    transport._connect = connect
    return transport
  }
}

function connect(address: Multiaddr, { signal }: { readonly signal?: AbortSignal }): Promise<WebSocket> {
  signal?.throwIfAborted()
  const socket = new WebSocket(uriOf(address))
  socket.binaryType = 'arraybuffer'
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.removeEventListener('open', opened)
      socket.removeEventListener('error', failed)
      socket.removeEventListener('close', failed)
      signal?.removeEventListener('abort', aborted)
    }
    const opened = (): void => {
      settle()
      resolve(socket)
    }
    const failed = (): void => {
      settle()
      socket.close()
      reject(new JoineryError('network', `no WebSocket at ${address}`))
    }
    const aborted = (): void => {
      failed()
      // Closing a socket that still connects makes it fail, which it would report to nobody.
      socket.addEventListener('error', () => {})
    }
    socket.addEventListener('open', opened)
    socket.addEventListener('error', failed)
    socket.addEventListener('close', failed)
    signal?.addEventListener('abort', aborted)
  })
}

/** `/ip4/10.0.0.1/tcp/80/ws` is ws://10.0.0.1:80. */
function uriOf(address: Multiaddr): string {
  const components = address.getComponents()
  const names = components.map(({ name }) => name)
  const [host] = components
  const port = components.find(({ name }) => name === 'tcp')?.value
  const scheme = names.includes('wss') || names.includes('tls') ? 'wss' : 'ws'
  return `${scheme}://${host?.name === 'ip6' ? `[${host.value}]` : host?.value}:${port}`
}
