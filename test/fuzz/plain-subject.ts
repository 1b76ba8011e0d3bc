// The least subject there is: the twin itself, fed with what stands in graph and log. It holds these two, the adapter and the harness to what
// was said, and what `unseen` gives to its definition.

import { inSpans, type Spans } from '../../src/core/graph.ts'
import { Twin } from '../model/engine-twin.ts'
import { type Known, nameAt, opAt } from '../model/twin-adapter.ts'
import { valueAt } from '../model/twin-show.ts'
import type { Subject } from './pieces.ts'

export class PlainSubject implements Subject {
  readonly #known: Known
  readonly #twin = new Twin()

  constructor(known: Known) {
    this.#known = known
  }

  merge(start: number, end: number, unseen: Spans): void {
    const known = this.#known
    for (let lv = start; lv < end; lv++) {
      const { past, isVoid } = this.#twin.add(opAt(known, lv))
      if (isVoid) known.log.markVoid(lv, lv + 1)
      for (let other = 0; other < start; other++) {
        const isSeen = past.has(this.#twin.entry(nameAt(known, other)))
        if (isSeen === inSpans(unseen, other)) throw new Error(`${lv} has ${isSeen ? '' : 'not '}seen ${other}`)
      }
    }
  }

  get value(): unknown {
    const { frontier } = this.#known.graph
    return valueAt(this.#twin, this.#twin.version(frontier.map((lv) => nameAt(this.#known, lv))))
  }
}
