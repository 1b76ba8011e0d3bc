// The network of joinery alone, with nobody above it: what it takes to connect. Not in the table.

import { libp2pNetwork } from '../../../../dist/node/node.js'

const topic = 'bench'

export async function open({ role, port, publicPort, invitation }) {
  const ports = role === 'a' ? { tcp: port } : {}
  const kept = new Map()
  const shelf = {
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
    keys: async (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
  }
  const network = await libp2pNetwork({ host: '127.0.0.1', mdns: false, ports })({ shelf })
  network.subscribe(topic, () => 'accept')
  if (role === 'b') {
    const dial = () => network.dial([invitation]).catch(() => setTimeout(dial, 100))
    network.on('disconnect', () => setTimeout(dial, 100))
    await dial()
  }
  return {
    invitation: async () => `/ip4/127.0.0.1/tcp/${publicPort}/p2p/${network.id}`,
    make: async (names) => names,
    take: async () => {},
    settled: async () => {},
    length: () => 0,
    text: () => '',
    onEdit: () => {},
    insert: () => {},
  }
}
