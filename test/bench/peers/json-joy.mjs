// json-joy (JSON CRDT): what `flush` gives is the patch for others. It keeps no history: a document is its nodes.

import { Model, Patch, s } from 'json-joy/lib/json-crdt/index.js'
import { PeerDoc } from '../peer.ts'
import { dice } from '../workload.ts'

export const name = 'json-joy'

export function create(options) {
  const { int } = dice(options.actor + 1000)
  const schema = s.obj({ text: s.str(''), list: s.arr([]), map: s.obj({}) })
  return new JsonJoyDoc(Model.create(schema, 2 ** 16 + int(2 ** 51)), options)
}

export function load(document, options) {
  const { int } = dice(options.actor + 1000)
  return new JsonJoyDoc(Model.load(document, 2 ** 16 + int(2 ** 51)), options)
}

class JsonJoyDoc extends PeerDoc {
  #model
  #api
  #text
  #list
  #map
  #onDelta
  #isInside = false
  #todos = []

  constructor(model, { onDelta }) {
    super()
    this.#model = model
    this.#api = model.api
    this.#text = this.#api.str(['text'])
    this.#list = this.#api.arr(['list'])
    this.#map = this.#api.obj(['map'])
    this.#onDelta = onDelta
    this.#api.flush()
  }

  #emit() {
    if (this.#isInside) return
    const patch = this.#api.flush()
    if (this.#onDelta && patch.ops.length > 0) this.#onDelta(patch.toBinary())
  }

  insertText(index, content) {
    this.#text.ins(index, content)
    this.#emit()
  }

  deleteText(index, count) {
    this.#text.del(index, count)
    this.#emit()
  }

  text() {
    return this.#text.view()
  }

  insertList(index, values) {
    this.#list.ins(index, values)
    this.#emit()
  }

  list() {
    return this.#list.view()
  }

  setMap(key, value) {
    this.#map.set({ [key]: value })
    this.#emit()
  }

  map() {
    return this.#map.view()
  }

  pushTodo(todo) {
    this.#list.push(todo)
    this.#emit()
  }

  setTodo(index, field, value) {
    this.#todos[index] ??= this.#api.obj(['list', index])
    this.#todos[index].set({ [field]: value })
    this.#emit()
  }

  transact(fn) {
    this.#isInside = true
    try {
      this.#api.transaction(fn)
    } finally {
      this.#isInside = false
    }
    this.#emit()
  }

  receive(delta) {
    this.#model.applyPatch(Patch.fromBinary(delta))
  }

  receiveAll(deltas) {
    this.#model.applyBatch(deltas.map((delta) => Patch.fromBinary(delta)))
  }

  save() {
    return this.#model.toBinary()
  }

  saveWithoutDeleted() {
    return this.save()
  }
}
