// What the authors of ops had not seen, asked again after they were merged: for ops in ascending order, so that the frontier before each is walked
// forward and only the stretch where the graph was forked is looked at.

import { type Graph, type LV, type Spans, sameVersion } from '../../core/graph.ts'
import { extendedSpans } from '../../core/spans.ts'

const nothing: Spans = []

export class UnseenWalk {
  readonly #graph: Graph
  /** The frontier of all ops before this row. */
  #frontier: LV[] = []
  #row = 0
  #asked = -1
  #unseen: Spans = nothing

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** The LVs below this one that its author had not seen. */
  unseenAt(lv: LV): Spans {
    const graph = this.#graph
    const row = graph.rowAt(lv)
    if (row === this.#asked) return this.#unseen
    for (; this.#row < row; this.#row++) {
      const parents = graph.parentsOfRow(this.#row)
      this.#frontier = this.#frontier.filter((head) => !parents.includes(head))
      this.#frontier.push(graph.endOfRow(this.#row) - 1)
    }
    const parents = graph.parentsOfRow(row)
    const start = graph.startOfRow(row)
    if (sameVersion(parents, this.#frontier)) this.#unseen = nothing
    // Many who go on from the same place differ by what came between them.
    else if (this.#asked >= 0 && sameVersion(parents, graph.parentsOfRow(this.#asked)))
      this.#unseen = extendedSpans(this.#unseen, graph.startOfRow(this.#asked), start)
    else this.#unseen = graph.diff(this.#frontier, parents).onlyA
    this.#asked = row
    return this.#unseen
  }
}
