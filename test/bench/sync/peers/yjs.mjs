// Yjs over y-websocket 2 and its bundled server, in memory.

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

export async function serve({ port }) {
  const script = createRequire(import.meta.url)
    .resolve('y-websocket/bin/utils')
    .replace('utils.cjs', 'server.cjs')
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: 'ignore',
  })
  process.on('exit', () => child.kill('SIGKILL'))
  while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 50))
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
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
