// Two places where a bit may turn over on a real network: on the wire, beneath the secure channel, by way of a proxy for TCP; and above it, in what the
// channel gave to our protocols, where nothing but our own seals and checks can notice.

import { createConnection, createServer, type Server, type Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { systemClock } from '../../src/base/clock.ts'
import { startLibp2p } from '../../src/net/libp2p.ts'
import type { Network, NetworkFactory } from '../../src/net/network.ts'
import { nodePlatform } from '../../src/net/transports.node.ts'
import type { Flipper as OneFlipper } from './flip.ts'
import { type Components, onStreams } from './stream-middleware.ts'

/** What bytes pass through on their way, and how long they are under way. */
type Flipper = Pick<OneFlipper, 'pass'> & { readonly delayMs?: number }

const here = { host: '127.0.0.1', mdns: false } as const

/** A network whose only address is that of a proxy which lets everything pass through `flipper`. */
export function behindProxy(flipper: Flipper): NetworkFactory {
  return async (context) => {
    const network = await startLibp2p(context, systemClock, (gate) =>
      nodePlatform(context.shelf, systemClock, gate, here),
    )
    const own = network.addresses.find((address) => /\/tcp\/\d+\/p2p\//.test(address)) ?? ''
    const port = Number(/\/tcp\/(\d+)\//.exec(own)?.[1])
    const proxy = await listen(port, flipper)
    const addresses = [own.replace(`/tcp/${port}/`, `/tcp/${proxy.port}/`)]
    const overrides: Partial<Network> = {
      close: async () => {
        proxy.close()
        await network.close()
      },
    }
    return new Proxy(network, {
      get: (target, name) => {
        if (name === 'addresses') return addresses
        const override = overrides[name as keyof Network]
        if (override !== undefined) return override
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

async function listen(target: number, flipper: Flipper): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    const onward = createConnection(target, '127.0.0.1')
    join(socket, onward, 'towards who was dialled')
    join(onward, socket, 'towards who dialled')
  })
  const join = (from: Socket, to: Socket, what: string): void => {
    sockets.add(from)
    from.setNoDelay(true)
    const { delayMs } = flipper
    from.on('data', (data) => {
      const passed = flipper.pass(data, what)
      if (delayMs !== undefined) setTimeout(() => to.write(passed), delayMs)
      else if (!to.write(passed)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return {
    port: address.port,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

const ours = ['/joinery/', '/meshsub/']

/** A network in which what our protocols read, once decrypted, passes through `flipper`. Identify and what opens streams are libp2p's own. */
export function aboveChannel(flipper: Flipper): NetworkFactory {
  return (context) =>
    startLibp2p(context, systemClock, async (gate) => {
      const platform = await nodePlatform(context.shelf, systemClock, gate, here)
      const flips = (components: Components): object => onStreams(components, ours, spoil)
      const spoil = (stream: Stream): void => {
        const raw = stream as Stream & { onData(data: { subarray(): Uint8Array }): void }
        const onData = raw.onData.bind(raw)
        raw.onData = (data) => onData(flipper.pass(data.subarray(), stream.protocol))
      }
      return { ...platform, services: { ...platform.services, flips } }
    })
}
