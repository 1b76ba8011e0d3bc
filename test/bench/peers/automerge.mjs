// Automerge: a change per edit, its bytes by getLastLocalChange.

import * as A from '@automerge/automerge'
import { PeerDoc } from '../peer.ts'
import { randomBytes } from '../workload.ts'

export const name = 'automerge'

export function create(options) {
  return new AutomergeDoc(A.load(roots(), { actor: actor(options.actor) }), options)
}

export function load(document, options) {
  return new AutomergeDoc(A.load(document, { actor: actor(options.actor) }), options)
}

function actor(number) {
  return Buffer.from(randomBytes(number + 1000, 16)).toString('hex')
}

let rootsMade

/** The text, the list and the map, made by a writer of their own and known to every replica: the same bytes in every process. */
function roots() {
  const containers = { text: '', list: [], map: {}, counter: new A.Counter(0) }
  rootsMade ??= A.save(A.change(A.init({ actor: actor(-1) }), { time: 0 }, (d) => Object.assign(d, containers)))
  return rootsMade
}

class AutomergeDoc extends PeerDoc {
  #doc
  #onDelta
  #draft

  constructor(doc, { onDelta }) {
    super()
    this.#doc = doc
    this.#onDelta = onDelta
  }

  #edit(fn) {
    if (this.#draft) {
      fn(this.#draft)
      return
    }
    this.#doc = A.change(this.#doc, fn)
    if (this.#onDelta) this.#onDelta(A.getLastLocalChange(this.#doc))
  }

  insertText(index, content) {
    this.#edit((d) => A.splice(d, ['text'], index, 0, content))
  }

  deleteText(index, count) {
    this.#edit((d) => A.splice(d, ['text'], index, count))
  }

  text() {
    return this.#doc.text
  }

  insertList(index, values) {
    this.#edit((d) => d.list.insertAt(index, ...values))
  }

  list() {
    return this.#doc.list
  }

  setMap(key, value) {
    this.#edit((d) => {
      d.map[key] = value
    })
  }

  map() {
    return this.#doc.map
  }

  pushTodo(todo) {
    this.#edit((d) => d.list.push(todo))
  }

  setTodo(index, field, value) {
    this.#edit((d) => {
      d.list[index][field] = value
    })
  }

  add(by) {
    this.#edit((d) => d.counter.increment(by))
  }

  counter() {
    return this.#doc.counter.value
  }

  transact(fn) {
    this.#edit((draft) => {
      this.#draft = draft
      try {
        fn()
      } finally {
        this.#draft = undefined
      }
    })
  }

  receive(delta) {
    ;[this.#doc] = A.applyChanges(this.#doc, [delta])
  }

  receiveAll(deltas) {
    ;[this.#doc] = A.applyChanges(this.#doc, [...deltas])
  }

  version() {
    return A.getHeads(this.#doc)
  }

  since(version) {
    return A.saveSince(this.#doc, version ?? [])
  }

  receiveSince(delta) {
    this.#doc = A.loadIncremental(this.#doc, delta)
  }

  save() {
    return A.save(this.#doc)
  }

  saveWithHistory() {
    return this.save()
  }
}
