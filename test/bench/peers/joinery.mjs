// Our engine as it ships: the built package, never the sources.

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { Missing, PeerDoc } from '../peer.ts'
import { randomBytes } from '../workload.ts'

const dist = process.env.JOINERY_DIST ?? new URL('../../../dist/node', import.meta.url).href
const joinery = await import(`${dist}/doc.js`)
const { createDoc, openDoc, text, counter } = joinery

/** The platform's own compression is handed in. */
const codec = {
  deflate: (bytes) => deflateRawSync(bytes, { level: 9 }),
  inflate: (bytes, sizeMax) => inflateRawSync(bytes, { maxOutputLength: sizeMax }),
}

export const name = 'joinery'

export function create(options) {
  return new JoineryDoc(born(actor(options.actor)), options, () => born())
}

function born(actor) {
  const doc = createDoc({ ...(actor && { actor }) })
  doc.receive(roots())
  return doc
}

export function load(document, options) {
  return new JoineryDoc(openDoc(document, { actor: actor(options.actor), codec }), options, () =>
    openDoc(document, { codec }),
  )
}

/** A real actor: a kind, a key of 32 bytes, an instance number. */
function actor(number) {
  return Uint8Array.of(1, ...randomBytes(number + 1000, 32), 0, 0, 0, 0)
}

let rootsMade

/** The text, the list and the map, made by a writer of their own and known to every replica: the same bytes in every process. */
function roots() {
  if (rootsMade) return rootsMade
  const doc = createDoc({ actor: actor(-1), clock: { now: () => 0 } })
  doc.change((d) => {
    d.text = text()
    d.list = []
    d.map = {}
    d.counter = counter()
  })
  rootsMade = doc.delta()
  return rootsMade
}

class JoineryDoc extends PeerDoc {
  #doc
  #via
  /** The draft of the transaction that runs. */
  #draft
  #text
  #list
  #map
  #counter
  #todos = []
  /** Makes a document that is as this one was at first. */
  #start

  constructor(doc, { onDelta, via = 'handle' }, start) {
    super()
    this.#doc = doc
    this.#via = via
    this.#text = doc.text('text')
    this.#list = doc.list('list')
    this.#map = doc.map('map')
    this.#counter = doc.counter('counter')
    this.#start = start
    if (onDelta) doc.on('delta', onDelta)
  }

  sessionDeltaBytes(deltas) {
    const copy = this.#start()
    const session = copy.session()
    let bytes = 0
    let count = 0
    for (const delta of deltas) {
      copy.receive(delta, { patches: false })
      const { length } = session.send()
      // The first names the actor.
      if (count++ > 0) bytes += length
    }
    return bytes / Math.max(1, count - 1)
  }

  insertText(index, content) {
    if (this.#draft) this.#draft.text.insert(index, content)
    else if (this.#via === 'handle') this.#text.insert(index, content)
    else this.#doc.change((d) => d.text.insert(index, content))
  }

  deleteText(index, count) {
    if (this.#draft) this.#draft.text.delete(index, count)
    else if (this.#via === 'handle') this.#text.delete(index, count)
    else this.#doc.change((d) => d.text.delete(index, count))
  }

  text() {
    return this.#doc.value.text
  }

  insertList(index, values) {
    if (this.#draft) this.#draft.list.splice(index, 0, ...values)
    else this.#list.insert(index, ...values)
  }

  list() {
    return this.#doc.value.list
  }

  setMap(key, value) {
    if (this.#draft) this.#draft.map[key] = value
    else this.#map.set(key, value)
  }

  map() {
    return this.#doc.value.map
  }

  pushTodo(todo) {
    this.#list.push(todo)
  }

  setTodo(index, field, value) {
    this.#todos[index] ??= this.#doc.map(['list', index])
    this.#todos[index].set(field, value)
  }

  add(by) {
    this.#counter.add(by)
  }

  counter() {
    return this.#doc.value.counter
  }

  fillMovable(count) {
    if (typeof this.#list.move !== 'function') throw new Missing('movable list')
    this.#list.insert(0, ...Array.from({ length: count }, (_, i) => i))
  }

  move(from, to) {
    this.#list.move(from, to)
  }

  movable() {
    return this.#doc.value.list
  }

  transact(fn) {
    this.#doc.change((draft) => {
      this.#draft = draft
      try {
        fn()
      } finally {
        this.#draft = undefined
      }
    })
  }

  /** The others make no patches either, unless they are asked to. */
  receive(delta) {
    this.#doc.receive(delta, { patches: false })
  }

  receiveAll(deltas) {
    this.#doc.receive(deltas, { patches: false })
  }

  version() {
    return this.#doc.version
  }

  since(version) {
    return this.#doc.delta(version)
  }

  save() {
    return this.#doc.snapshot({ history: 'full', codec })
  }

  saveWithHistory() {
    return this.save()
  }

  saveWithoutDeleted() {
    const live = this.#doc.snapshot({ history: 'live', codec })
    // Until there is a choice, both are the same bytes.
    if (Buffer.compare(live, this.save()) === 0) throw new Missing('snapshot without deleted text')
    return live
  }

  saveUncompressed() {
    return this.#doc.snapshot({ history: 'full' })
  }
}
