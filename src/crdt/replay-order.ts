// In which order to replay a part of the graph: parents first, and staying on a branch while that is possible, so that a tracker's version
// seldom has to move far (Gentle & Kleppmann 2025, section 3.2; the result does not depend on it). Rows of the graph are taken whole.

import { Int32Column } from '../core/columns.ts'
import type { Graph } from '../core/graph.ts'

/** The graph's rows [first, end), of which the first has no parent among them or is the first of all. */
export function replayOrder(graph: Graph, first: number, end = graph.rows): Int32Column {
  const count = end - first
  const order = new Int32Column(count)
  // Linked lists of children: by row the newest entry, by entry the child and the entry before.
  const newest = new Int32Array(count).fill(-1)
  const children = new Int32Column(count)
  const before = new Int32Column(count)
  const waiting = new Int32Array(count)
  const start = graph.startOfRow(first)
  for (let row = 0; row < count; row++)
    for (let i = graph.parentsStart(first + row), stop = graph.parentsEnd(first + row); i < stop; i++) {
      const parent = graph.parent(i)
      if (parent < start) continue
      const above = graph.rowAt(parent) - first
      waiting[row] = (waiting[row] as number) + 1
      children.push(row)
      before.push(newest[above] as number)
      newest[above] = children.length - 1
    }
  const ready = new Int32Column(count)
  for (let row = count - 1; row >= 0; row--) if (waiting[row] === 0) ready.push(row)
  while (ready.length > 0) {
    const row = ready.last()
    ready.truncate(ready.length - 1)
    order.push(first + row)
    const branch = graph.branchOfRow(first + row)
    let next = -1
    for (let entry = newest[row] as number; entry >= 0; entry = before.at(entry)) {
      const child = children.at(entry)
      waiting[child] = (waiting[child] as number) - 1
      if (waiting[child] !== 0) continue
      if (next < 0 && graph.branchOfRow(first + child) === branch) next = child
      else ready.push(child)
    }
    if (next >= 0) ready.push(next)
  }
  return order
}
