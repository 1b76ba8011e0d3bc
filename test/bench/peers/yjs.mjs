// Yjs: an update event per transaction, garbage collected as it does by itself. Deltas are in its first format, which is smaller for
// one edit; documents in its second, which is smaller for many.

import * as Y from 'yjs'
import { PeerDoc } from '../peer.ts'
import { dice } from '../workload.ts'

export const name = 'yjs'

export function create(options) {
  const doc = new Y.Doc({ gc: options.keepsHistory !== true })
  doc.clientID = clientId(options)
  return new YjsDoc(doc, options)
}

export function load(document, options) {
  const doc = new Y.Doc()
  doc.clientID = clientId(options)
  Y.applyUpdateV2(doc, document)
  return new YjsDoc(doc, options)
}

function clientId({ actor }) {
  return dice(actor + 1000).int(2 ** 32)
}

class YjsDoc extends PeerDoc {
  #doc
  #text
  #list
  #map
  #todos = []

  constructor(doc, { onDelta }) {
    super()
    this.#doc = doc
    this.#text = doc.getText('text')
    this.#list = doc.getArray('list')
    this.#map = doc.getMap('map')
    if (onDelta) doc.on('update', (update, _origin, _doc, { local }) => local && onDelta(update))
  }

  insertText(index, content) {
    this.#text.insert(index, content)
  }

  deleteText(index, count) {
    this.#text.delete(index, count)
  }

  text() {
    return this.#text.toString()
  }

  insertList(index, values) {
    this.#list.insert(index, values)
  }

  list() {
    return this.#list.toJSON()
  }

  setMap(key, value) {
    this.#map.set(key, value)
  }

  map() {
    return this.#map.toJSON()
  }

  pushTodo(todo) {
    const made = new Y.Map(Object.entries(todo))
    this.#list.push([made])
    this.#todos.push(made)
  }

  setTodo(index, field, value) {
    this.#todos[index].set(field, value)
  }

  transact(fn) {
    this.#doc.transact(fn)
  }

  receive(delta) {
    Y.applyUpdate(this.#doc, delta)
  }

  receiveAll(deltas) {
    this.#doc.transact(() => {
      for (const delta of deltas) Y.applyUpdate(this.#doc, delta)
    })
  }

  version() {
    return Y.encodeStateVector(this.#doc)
  }

  since(version) {
    return Y.encodeStateAsUpdateV2(this.#doc, version)
  }

  receiveSince(delta) {
    Y.applyUpdateV2(this.#doc, delta)
  }

  save() {
    return Y.encodeStateAsUpdateV2(this.#doc)
  }

  saveWithHistory() {
    return this.#doc.gc ? super.saveWithHistory() : this.save()
  }

  saveWithoutDeleted() {
    return this.#doc.gc ? this.save() : super.saveWithoutDeleted()
  }
}
