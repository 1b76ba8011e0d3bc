// Bare gossipsub with its own settings and its own signatures, over TCP, noise and yamux: what our stack rests on. It keeps nothing, so that its
// "text" is how many messages of 50 bytes have come.

import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const topic = 'bench'
const payload = new Uint8Array(50)

export async function open({ role, port, publicPort, invitation }) {
  const node = await createLibp2p({
    addresses: { listen: [`/ip4/127.0.0.1/tcp/${role === 'a' ? port : 0}`] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0 },
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  })
  const side = new Side(node, publicPort)
  node.services.pubsub.subscribe(topic)
  if (role === 'b') await side.keep(invitation)
  return side
}

class Side {
  #node
  #port
  #length = 0
  #listeners = []

  constructor(node, port) {
    this.#node = node
    this.#port = port
    node.services.pubsub.addEventListener('message', () => this.#count())
  }

  #count() {
    this.#length++
    for (const listener of this.#listeners) listener()
  }

  /** Dials, and again whenever the connection is gone. */
  async keep(invitation) {
    const address = multiaddr(invitation)
    const dial = () => this.#node.dial(address).catch(() => setTimeout(dial, 100))
    this.#node.addEventListener('peer:disconnect', () => setTimeout(dial, 100))
    await dial()
    while (this.#node.services.pubsub.getSubscribers(topic).length === 0) await sleep(20)
    await sleep(1_500)
  }

  async invitation() {
    return `/ip4/127.0.0.1/tcp/${this.#port}/p2p/${this.#node.peerId}`
  }

  async make(names) {
    return names
  }

  async take() {}

  insert() {
    this.#count()
    crypto.getRandomValues(payload)
    this.#node.services.pubsub.publish(topic, payload)
  }

  text() {
    return String(this.#length)
  }

  length() {
    return this.#length
  }

  onEdit(_id, listener) {
    this.#listeners.push(listener)
  }

  async settled() {}
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
