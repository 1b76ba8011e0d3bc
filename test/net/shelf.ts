// A shelf in memory, and waiting without sleeping, for the tests of networks.

import type { Shelf } from '../../src/net/network.ts'

export function shelf(): Shelf {
  const values = new Map<string, Uint8Array>()
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
  }
}
