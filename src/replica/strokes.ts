// One typed or deleted unit that comes from whoever writes alone, key by key: it follows the newest op here, which is its author's too and in the same
// text. It goes straight there, with nothing decoded beside the log and nothing to roll back. It is what the way for all (admission.ts) would do.

import { limits } from '../base/limits.ts'
import { Kind } from '../core/kinds.ts'
import { isSequence, Mode, positionAfter, unzigzag, Where } from '../core/wire.ts'
import type { EngineDocument } from '../crdt/engine/document.ts'
import type { History } from './history.ts'

export class Strokes {
  readonly #history: History
  readonly #document: EngineDocument
  #at = 0

  constructor(history: History, document: EngineDocument) {
    this.#history = history
    this.#document = document
  }

  /**
   * Takes the body that goes from `at` to the end of the bytes, the next of its branch. False, with nothing altered, for all that is something else, and
   * for what is not as it should be: the way for all says why.
   */
  take(branch: number, bytes: Uint8Array, at: number): boolean {
    const { graph, log } = this.#history
    const head = bytes[at] as number
    const kind = head & 15
    const where = (head >> 4) & 3
    if (head >> 6 !== Mode.one || where > Where.jump) return false
    if (kind !== Kind.type && kind !== Kind.erase && kind !== Kind.eraseBack) return false
    const row = log.count - 1
    if (row < 0 || !graph.isAhead(branch) || graph.mayHaveCuts || this.#history.isStopping) return false
    if (graph.length + 1 >= limits.seq || !isSequence(log.kindOf(row))) return false
    const ref = log.refOf(row)
    const text = this.#document.containerOf(ref)
    if (text?.type !== 'text') return false

    this.#at = at + 1
    let index = positionAfter(log.kindOf(row), log.aOf(row), log.length - log.startOf(row))
    if (kind === Kind.eraseBack) index--
    if (where === Where.jump) index += unzigzag(this.#varint(bytes))
    const unit = kind === Kind.type ? this.#varint(bytes) : 0
    // No number, or too great a one, makes this false, too.
    const isIn = index >= 0 && (kind === Kind.type ? index <= text.length : index < text.length)
    if (!isIn || unit > 0xffff || this.#at !== bytes.length) return false

    const lv = log.length
    graph.goOn(branch, 1)
    if (kind === Kind.type) log.push(Kind.type, ref, index, log.units.pushUnit(unit), 1, true)
    else log.push(Kind.erase, ref, index, 0, 1, true)
    log.endChange(1)
    this.#document.stroke(text, lv)
    return true
  }

  /** NaN if there is none, and for one in more bytes than it needs, or in more than four. */
  #varint(bytes: Uint8Array): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[this.#at++]
      if (byte === undefined || (byte === 0 && shift > 0)) return Number.NaN
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
}
