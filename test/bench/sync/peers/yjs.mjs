// Yjs over y-websocket 2 and its bundled server, in memory.

import { createRequire } from 'node:module'
import { WebSocket, WebSocketServer } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

/** As the bundled server does, in this process. */
export async function serve({ port }) {
  const { setupWSConnection } = createRequire(import.meta.url)('y-websocket/bin/utils')
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  server.on('connection', setupWSConnection)
  await new Promise((resolve) => server.once('listening', resolve))
}

export async function open({ role, port, publicPort }) {
  return new Side(`ws://127.0.0.1:${role === 'a' ? port : publicPort}`)
}

class Side {
  #url
  #docs = new Map()

  constructor(url) {
    this.#url = url
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
      const doc = new Y.Doc()
      const provider = new WebsocketProvider(this.#url, name, doc, { WebSocketPolyfill: WebSocket, disableBc: true })
      await new Promise((resolve) => provider.once('sync', resolve))
      this.#docs.set(name, doc)
    }
  }

  #text(name) {
    return this.#docs.get(name).getText('text')
  }

  insert(name, index, letters) {
    this.#text(name).insert(index, letters)
  }

  text(name) {
    return this.#text(name).toString()
  }

  length(name) {
    return this.#text(name).length
  }

  onEdit(name, listener) {
    this.#docs.get(name).on('update', listener)
  }

  async settled() {}
}
