// Joinery as shipped: signed, sealed, durable before it is published; over TCP, noise and yamux. The side that is invited dials; it goes by the
// proxy, since that is the only address the other tells.

import { libp2pNetwork, openPeer, text } from '../../../../dist/node/node.js'
import { ByteWriter } from '../../../../src/base/bytes.ts'
import { encodeRange } from '../../../../src/core/range.ts'

export async function open({ role, port, publicPort, folder, invitation }) {
  const ports = role === 'a' ? { tcp: port } : {}
  const network = libp2pNetwork({ host: '127.0.0.1', mdns: false, ports })
  const addressesOf = (id) => (role === 'a' ? [`/ip4/127.0.0.1/tcp/${publicPort}/p2p/${id}`] : [])
  const peer = await openPeer({ path: folder, name: role, network: announcing(network, addressesOf) })
  const space = role === 'a' ? await peer.space('Bench') : await peer.join(invitation)
  if (role === 'b') await space.met({ timeoutMs: 20_000 })
  return new Side(peer, space)
}

/** A network that tells others other addresses than it listens at. */
function announcing(make, addressesOf) {
  return async (context) => {
    const network = await make(context)
    return new Proxy(network, {
      get(target, name) {
        if (name === 'addresses') return addressesOf(target.id)
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

class Side {
  #peer
  #space
  #handles = new Map()
  #told = new Map()

  constructor(peer, space) {
    this.#peer = peer
    this.#space = space
  }

  invitation() {
    return this.#space.invite()
  }

  async make(names) {
    for (const name of names) this.#handles.set(name, await this.#space.open(name, { init: { text: text() } }))
    return names
  }

  async take(names) {
    await this.make(names)
  }

  insert(name, index, letters) {
    this.#handles.get(name).change((d) => d.text.insert(index, letters))
  }

  text(name) {
    return String(this.#handles.get(name).value.text)
  }

  length(name) {
    return this.#handles.get(name).value.text.length
  }

  onEdit(name, listener) {
    this.#handles.get(name).subscribe(listener)
  }

  async settled() {
    await this.#peer.flush()
  }

  news() {
    let bytes = 0
    for (const [name, { document }] of this.#handles) {
      const told = this.#told.get(name) ?? new Map()
      this.#told.set(name, document.outward)
      const { ranges } = document.replica.outward.rangesSince(told, document.outward, 1 << 20)
      for (const range of ranges) {
        const writer = new ByteWriter()
        encodeRange(writer, range)
        bytes += writer.finish().length
      }
    }
    return bytes
  }
}
