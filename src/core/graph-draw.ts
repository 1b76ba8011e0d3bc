// The event graph as a picture, for messages of failures, and its check. A line for each branch, a column for each row of the graph, in order of arrival. Parents
// other than the branch's own op before stand behind <.
//
//   a  a0-2 ------- a3-4<b1
//   b       b0-1<a1
//   heads a4

import { assert } from '../base/assert.ts'
import type { Graph } from './graph.ts'
import { contains, dominators } from './graph-walks.ts'
import { type LV, sameVersion } from './spans.ts'

const rowsShown = 60

export function drawGraph(graph: Graph, nameOf: (branch: number) => string = letter): string {
  const first = Math.max(0, graph.rows - rowsShown)
  const lines = new Map<number, string>()
  const op = (lv: LV): string => `${nameOf(graph.branchAt(lv))}${graph.seqAt(lv)}`
  let width = 0
  for (let row = first; row < graph.rows; row++) {
    const branch = graph.branchOfRow(row)
    const [start, end] = [graph.startOfRow(row), graph.endOfRow(row)]
    const own = graph.lvOf(branch, graph.seqOfRow(row) - 1)
    const others = graph.parentsOfRow(row).filter((lv) => lv !== own)
    const line = lines.get(branch) ?? nameOf(branch).padEnd(3)
    const gap = (lines.has(branch) && width > line.length ? ' '.padEnd(width - line.length, '-') : '').padEnd(
      width - line.length,
    )
    const last = end - start > 1 ? `-${graph.seqAt(end - 1)}` : ''
    const cell = `${op(start)}${last}${others.length > 0 ? `<${others.map(op).join(',')}` : ''}`
    const drawn = `${line}${gap}${width > 0 ? ' ' : ''}${cell}`
    lines.set(branch, drawn)
    width = Math.max(width, drawn.length)
  }
  const order = [...lines].sort(([x], [y]) => x - y).map(([, line]) => line)
  const left = first > 0 ? [`… ${first} rows before`] : []
  return [...left, ...order, `heads ${graph.frontier.map(op).join(' ')}`].join('\n')
}

function letter(branch: number): string {
  return branch < 26 ? String.fromCharCode(97 + branch) : `z${branch}.`
}

/** Throws unless the graph is as it must be, with a picture. Looks at every row: for tests. */
export function checkGraph(graph: Graph): void {
  const ends: number[] = []
  const must = (condition: boolean, reason: string): void => {
    if (!condition) assert(false, `${reason}\n${drawGraph(graph)}`)
  }
  let heads: LV[] = []
  for (let row = 0; row < graph.rows; row++) {
    const parents = graph.parentsOfRow(row)
    const [branch, seq, start] = [graph.branchOfRow(row), graph.seqOfRow(row), graph.startOfRow(row)]
    const name = `row ${row} [${start}, ${graph.endOfRow(row)}) of ${branch}`
    must(start === (row === 0 ? 0 : graph.endOfRow(row - 1)), `${name} does not begin where the one before ends`)
    must(graph.endOfRow(row) > start, `${name} is empty`)
    must(seq === (ends[branch] ?? graph.baseOf(branch)), `${name} begins at seq ${seq}, not ${ends[branch] ?? 0}`)
    must(
      parents.every((lv) => lv >= 0 && lv < start),
      `${name} comes before a parent`,
    )
    must(sameVersion(dominators(graph, parents), parents), `parents ${parents} of ${name} are no version`)
    const own = graph.lvOf(branch, seq - 1)
    must(seq === 0 || contains(graph, parents, own), `${name} has not seen ${own}, its branch's op before`)
    const lamport = graph.lamportAfter(parents)
    must([0, lamport].includes(graph.lamportAt(start)), `${name} has Lamport ${graph.lamportAt(start)}, not ${lamport}`)
    heads = heads.filter((lv) => !parents.includes(lv))
    heads.push(graph.endOfRow(row) - 1)
    ends[branch] = seq + graph.endOfRow(row) - start
  }
  must(sameVersion(heads, graph.frontier), `the frontier is ${graph.frontier}, not ${heads}`)
  for (let branch = 0; branch < graph.branches; branch++)
    must(
      graph.endOf(branch) === (ends[branch] ?? graph.baseOf(branch)),
      `branch ${branch} ends at ${graph.endOf(branch)}`,
    )
}
