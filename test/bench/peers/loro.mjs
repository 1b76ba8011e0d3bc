// Loro: a commit after each edit, local updates as they come; full history by default, a shallow snapshot without.

import { LoroDoc, LoroMap, VersionVector } from 'loro-crdt'
import { PeerDoc } from '../peer.ts'
import { dice } from '../workload.ts'

export const name = 'loro'

export function create(options) {
  return new LoroAdapter(new LoroDoc(), options)
}

export function load(document, options) {
  return new LoroAdapter(LoroDoc.fromSnapshot(document), options)
}

class LoroAdapter extends PeerDoc {
  #doc
  #text
  #list
  #map
  #counter
  #movable
  #isInside = false
  #todos = []

  constructor(doc, { actor, onDelta }) {
    super()
    const { int } = dice(actor + 1000)
    doc.setPeerId((BigInt(int(2 ** 32)) << 32n) | BigInt(int(2 ** 32)))
    this.#doc = doc
    this.#text = doc.getText('text')
    this.#list = doc.getList('list')
    this.#map = doc.getMap('map')
    this.#counter = doc.getCounter('counter')
    this.#movable = doc.getMovableList('movable')
    if (onDelta) doc.subscribeLocalUpdates(onDelta)
  }

  #commit() {
    if (!this.#isInside) this.#doc.commit()
  }

  insertText(index, content) {
    this.#text.insert(index, content)
    this.#commit()
  }

  deleteText(index, count) {
    this.#text.delete(index, count)
    this.#commit()
  }

  text() {
    return this.#text.toString()
  }

  insertList(index, values) {
    for (const [i, value] of values.entries()) this.#list.insert(index + i, value)
    this.#commit()
  }

  list() {
    return this.#list.toJSON()
  }

  setMap(key, value) {
    this.#map.set(key, value)
    this.#commit()
  }

  map() {
    return this.#map.toJSON()
  }

  pushTodo(todo) {
    const made = this.#list.pushContainer(new LoroMap())
    for (const [field, value] of Object.entries(todo)) made.set(field, value)
    this.#todos.push(made)
    this.#commit()
  }

  setTodo(index, field, value) {
    this.#todos[index].set(field, value)
    this.#commit()
  }

  add(by) {
    this.#counter.increment(by)
    this.#commit()
  }

  counter() {
    return this.#counter.value
  }

  fillMovable(count) {
    for (let i = 0; i < count; i++) this.#movable.insert(i, i)
    this.#commit()
  }

  move(from, to) {
    this.#movable.move(from, to)
    this.#commit()
  }

  movable() {
    return this.#movable.toJSON()
  }

  transact(fn) {
    this.#isInside = true
    try {
      fn()
    } finally {
      this.#isInside = false
    }
    this.#commit()
  }

  receive(delta) {
    this.#doc.import(delta)
  }

  receiveAll(deltas) {
    this.#doc.importBatch([...deltas])
  }

  version() {
    return this.#doc.version().encode()
  }

  since(version) {
    return this.#doc.export({ mode: 'update', ...(version ? { from: VersionVector.decode(version) } : {}) })
  }

  save() {
    return this.#doc.export({ mode: 'snapshot' })
  }

  saveWithHistory() {
    return this.save()
  }

  saveWithoutDeleted() {
    return this.#doc.export({ mode: 'shallow-snapshot', frontiers: this.#doc.oplogFrontiers() })
  }
}
