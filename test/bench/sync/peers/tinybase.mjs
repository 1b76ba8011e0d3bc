// TinyBase's MergeableStore over its WebSocket synchronizer and server, in memory. It has no text: each letter is a row of its own, and a document is a
// table, so that its "text" is the letters in the order of their rows' ids.

import { createMergeableStore } from 'tinybase'
import { createWsSynchronizer } from 'tinybase/synchronizers/synchronizer-ws-client'
import { createWsServer } from 'tinybase/synchronizers/synchronizer-ws-server'
import { WebSocket, WebSocketServer } from 'ws'

export async function serve({ port }) {
  createWsServer(new WebSocketServer({ port, host: '127.0.0.1' }), () => {
    const store = createMergeableStore()
    return {
      startAutoLoad: async () => {},
      startAutoSave: async () => {},
      getStore: () => store,
      destroy: async () => {},
    }
  })
}

export async function open({ role, port, publicPort }) {
  const side = new Side(`ws://127.0.0.1:${role === 'a' ? port : publicPort}/bench`, role)
  await side.keep()
  return side
}

class Side {
  #url
  #store = createMergeableStore()
  #role
  #next = 0

  constructor(url, role) {
    this.#url = url
    this.#role = `${role}${Math.random().toString(36).slice(2, 6)}`
  }

  /** Connects, and again whenever the connection is gone. */
  async keep() {
    const socket = new WebSocket(this.#url)
    const opened = new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    socket.on('error', () => {})
    socket.on('close', () => setTimeout(() => void this.keep().catch(() => {}), 200))
    await opened
    const synchronizer = await createWsSynchronizer(this.#store, socket, 5)
    socket.on('close', () => void synchronizer.destroy())
    await synchronizer.startSync()
  }

  async invitation() {
    return ''
  }

  async make(names) {
    return names
  }

  async take() {}

  insert(name, _index, letters) {
    this.#store.transaction(() => {
      for (const letter of letters) this.#store.setRow(name, `${this.#role}${this.#next++}`, { letter })
    })
  }

  text(name) {
    const rows = this.#store.getTable(name)
    return Object.keys(rows)
      .sort()
      .map((id) => rows[id].letter)
      .join('')
  }

  length(name) {
    return this.#store.getRowCount(name)
  }

  onEdit(name, listener) {
    this.#store.addTableListener(name, listener)
  }

  async settled() {}
}
