// Loro over loro-websocket and its SimpleServer, in memory.

import { LoroAdaptor } from 'loro-adaptors/loro'
import { LoroWebsocketClient } from 'loro-websocket'
import { SimpleServer } from 'loro-websocket/server'
import { WebSocket } from 'ws'

globalThis.WebSocket = WebSocket

export async function serve({ port }) {
  await new SimpleServer({ port, host: '127.0.0.1' }).start()
}

export async function open({ role, port, publicPort }) {
  const client = new LoroWebsocketClient({
    url: `ws://127.0.0.1:${role === 'a' ? port : publicPort}`,
    disablePing: true,
  })
  await client.waitConnected()
  return new Side(client)
}

class Side {
  #client
  #docs = new Map()

  constructor(client) {
    this.#client = client
  }

  async invitation() {
    return ''
  }

  async make(names) {
    await this.take(names)
    return names
  }

  async take(names) {
    for (const name of names) {
      const adaptor = new LoroAdaptor()
      const room = await this.#client.join({ roomId: name, crdtAdaptor: adaptor })
      await room.waitForReachingServerVersion()
      this.#docs.set(name, adaptor.getDoc())
    }
  }

  insert(name, index, letters) {
    const doc = this.#docs.get(name)
    doc.getText('text').insert(index, letters)
    doc.commit()
  }

  text(name) {
    return this.#docs.get(name).getText('text').toString()
  }

  length(name) {
    return this.#docs.get(name).getText('text').length
  }

  onEdit(name, listener) {
    this.#docs.get(name).subscribe(listener)
  }

  async settled() {}
}
