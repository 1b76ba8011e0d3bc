// A real network that says everything twice: each gossip message it hears goes out again, a moment later. The same bytes would be dropped by gossipsub
// as known, so they are sealed anew: to everybody they are news, of edits that everybody has.

import type { SpaceKeys } from '../../src/auth/keys.ts'
import { openGossip, sealGossip, xchacha } from '../../src/auth/seal.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { Network, NetworkFactory } from '../../src/net/network.ts'

const DELAY_MS_MAX = 2_000

/** `keysOf` gives the keys of the space, once they are known. */
export function repeating(make: NetworkFactory, keysOf: () => SpaceKeys | undefined): NetworkFactory {
  return async (context) => {
    const network = await make(context)
    const repeat = (topic: string, bytes: Uint8Array): void => {
      const keys = keysOf()
      if (keys === undefined) return
      const again = sealGossip(xchacha, keys, openGossip(xchacha, keys, bytes), systemRandom)
      setTimeout(() => {
        network.publish(topic, again).catch(() => {}) // Closed meanwhile.
      }, systemRandom.unit() * DELAY_MS_MAX).unref()
    }
    const subscribe: Network['subscribe'] = (topic, listener) =>
      network.subscribe(topic, (message) => {
        repeat(topic, message.bytes)
        return listener(message)
      })
    return new Proxy(network, {
      get: (target, name) => {
        if (name === 'subscribe') return subscribe
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}
