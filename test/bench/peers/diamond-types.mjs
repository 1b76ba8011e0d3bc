// diamond-types: one text with its whole history. Positions are characters; the workloads have none outside the BMP.

import { Doc, OpLog } from 'diamond-types-node'
import { PeerDoc } from '../peer.ts'
import { dice } from '../workload.ts'

export const name = 'diamond-types'

export function create(options) {
  return new DiamondDoc(new Doc(agent(options.actor)), options)
}

export function load(document, options) {
  return new DiamondDoc(Doc.fromBytes(document, agent(options.actor)), options)
}

/** Agents have names: twelve letters are as unlikely to meet again as the ids of others. */
function agent(number) {
  const { letter } = dice(number + 1000)
  return Array.from({ length: 12 }, letter).join('')
}

class DiamondDoc extends PeerDoc {
  #doc
  #agent
  #onDelta
  #isInside = false

  constructor(doc, { actor, onDelta }) {
    super()
    this.#doc = doc
    this.#agent = agent(actor)
    this.#onDelta = onDelta
  }

  #edit(fn) {
    if (this.#isInside || !this.#onDelta) {
      fn()
      return
    }
    const before = this.#doc.getLocalVersion()
    fn()
    this.#onDelta(this.#doc.getPatchSince(before))
  }

  insertText(index, content) {
    this.#edit(() => this.#doc.ins(index, content))
  }

  deleteText(index, count) {
    this.#edit(() => this.#doc.del(index, count))
  }

  text() {
    return this.#doc.get()
  }

  transact(fn) {
    this.#edit(() => {
      this.#isInside = true
      try {
        fn()
      } finally {
        this.#isInside = false
      }
    })
  }

  receive(delta) {
    this.#doc.mergeBytes(delta)
  }

  /** Many go into the log first, and a document is made of it at the end: merging each into the text is slower by far. */
  receiveAll(deltas) {
    if (deltas.length < 100) {
      super.receiveAll(deltas)
      return
    }
    const log = OpLog.fromBytes(this.#doc.toBytes(), this.#agent)
    for (const delta of deltas) log.addFromBytes(delta)
    this.#doc = Doc.fromBytes(log.toBytes(), this.#agent)
  }

  version() {
    return this.#doc.getLocalVersion()
  }

  since(version = new Uint32Array()) {
    return this.#doc.getPatchSince(version)
  }

  save() {
    return this.#doc.toBytes()
  }

  saveWithHistory() {
    return this.save()
  }
}
