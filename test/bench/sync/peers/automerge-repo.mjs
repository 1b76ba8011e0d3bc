// automerge-repo over its WebSocket adapters, stored in files (nodefs). The side that makes is the one that listens, as a peer.

import { Repo, splice } from '@automerge/automerge-repo'
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs'
import { WebSocketServer } from 'ws'

export async function open({ role, port, publicPort, folder }) {
  const adapter =
    role === 'a'
      ? new WebSocketServerAdapter(new WebSocketServer({ port, host: '127.0.0.1' }))
      : new WebSocketClientAdapter(`ws://127.0.0.1:${publicPort}`, 200)
  const repo = new Repo({ network: [adapter], storage: new NodeFSStorageAdapter(folder) })
  if (role === 'b') await repo.networkSubsystem.whenReady()
  return new Side(repo)
}

class Side {
  #repo
  #handles = new Map()

  constructor(repo) {
    this.#repo = repo
  }

  async invitation() {
    return ''
  }

  async make(names) {
    return names.map(() => {
      const handle = this.#repo.create({ text: '' })
      this.#handles.set(handle.url, handle)
      return handle.url
    })
  }

  async take(urls) {
    for (const url of urls) this.#handles.set(url, await this.#repo.find(url))
  }

  insert(url, index, letters) {
    this.#handles.get(url).change((d) => splice(d, ['text'], index, 0, letters))
  }

  text(url) {
    return this.#handles.get(url).doc().text
  }

  length(url) {
    return this.#handles.get(url).doc().text.length
  }

  onEdit(url, listener) {
    this.#handles.get(url).on('change', listener)
  }

  async settled() {
    await this.#repo.flush()
  }
}
