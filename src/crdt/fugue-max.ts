// Where a new run goes among items that its author had not seen: FugueMax (Weidner & Kleppmann 2023, "The Art of the Fugue", section 4.3), by left
// and right origins, as in `integrateFugueMax` of Seph Gentle's reference-crdts.
//
// Between the left origin and the right one, the next item that the author saw, stand only items not inserted at the prepare version. Among
// those with the same left origin, those with a lesser right origin come after, those with a greater one before; ties by branch and seq. An
// item that hangs on one passed is passed with it; one that hangs further left ends the scan. Only the first item of a span is looked at: the
// others hang on the one before. Nodes full of siblings are passed at once, so that many inserts at one place do not cost their square.

import { areaShift, Field, strideShift } from './span-nodes.ts'
import { nowhere, type SpanTree } from './span-tree.ts'

/** Who made the items: the branch by id, and the order of branches by their names' bytes: negative if `a` comes first. */
export interface Makers {
  branchOf(id: number): number
  compare(a: number, b: number): number
}

/** From the gap behind its left origin, goes to the gap where the run that begins with `id` goes; gives its right origin. */
export function integrate(tree: SpanTree, id: number, left: number, makers: Makers): number {
  const { leaf, slot } = tree
  const isEnd = !tree.toSpan()
  const isFree = isEnd || tree.prepare !== 0
  const first = isEnd ? nowhere : tree.id
  tree.leaf = leaf
  tree.slot = slot
  if (isFree) return first
  const right = rightOrigin(tree)
  scan(tree, id, left, right, makers)
  return right
}

/** The next item that is inserted at the prepare version. */
function rightOrigin(tree: SpanTree): number {
  const { data, count, next } = tree
  let { leaf, slot } = tree
  while (leaf >= 0) {
    if (slot === 0 && tree.isAlike(leaf, 0)) {
      let node = leaf
      let height = 0
      while (isFirst(tree, node) && tree.isAlike(tree.parent[node] as number, height + 1)) {
        node = tree.parent[node] as number
        height++
      }
      leaf = tree.edge(node, height, true) >> areaShift
    } else {
      let at = (leaf << areaShift) + (slot << strideShift)
      for (const end = (leaf << areaShift) + ((count[leaf] as number) << strideShift); at < end; at += 1 << strideShift)
        if (data[at + Field.prepare] !== 0) return data[at + Field.id] as number
    }
    leaf = next[leaf] as number
    slot = 0
  }
  return nowhere
}

/** Whether a node is the first of its parent's children. */
function isFirst(tree: SpanTree, node: number): boolean {
  const parent = tree.parent[node] as number
  return parent >= 0 && tree.data[parent << areaShift] === node
}

function scan(tree: SpanTree, id: number, left: number, right: number, makers: Makers): void {
  const { data, count, next } = tree
  const branch = makers.branchOf(id)
  let { leaf, slot, effect } = tree
  let targetLeaf = leaf
  let targetSlot = slot
  let targetEffect = effect
  let isScanning = false
  let last = left
  for (;;) {
    if (slot >= (count[leaf] as number)) {
      if ((next[leaf] as number) < 0) break
      leaf = next[leaf] as number
      slot = 0
      continue
    }
    const at = (leaf << areaShift) + (slot << strideShift)
    if (data[at + Field.prepare] !== 0) break
    const otherLeft = data[at + Field.left] as number
    let shown = data[at + Field.hidden] === 0 ? (data[at + Field.length] as number) : 0
    // Where what is passed ends: siblings that stand in their order are passed as many as a node has, if it is a node's that begin here.
    let passed = at
    if (otherLeft === left) {
      const otherRight = data[at + Field.right] as number
      const isEqual = otherRight === right
      if (isEqual && comesBefore(tree, at, id, branch, makers)) break
      isScanning = !isEqual && otherRight !== nowhere && (right === nowhere || tree.precedes(otherRight, right))
      let node = leaf
      let height = 0
      while (slot === 0 && tree.isAlike(node, height)) {
        const end = tree.edge(node, height, true)
        if (isEqual && comesBefore(tree, end, id, branch, makers)) break
        passed = end
        shown = tree.shownOf[node] as number
        if (!isFirst(tree, node)) break
        node = tree.parent[node] as number
        height++
      }
    } else if (otherLeft !== last && left !== nowhere)
      if (otherLeft === nowhere || tree.precedes(otherLeft, left)) break
    last = (data[passed + Field.id] as number) + (data[passed + Field.length] as number) - 1
    effect += shown
    leaf = passed >> areaShift
    slot = ((passed - (leaf << areaShift)) >> strideShift) + 1
    if (isScanning) continue
    targetLeaf = leaf
    targetSlot = slot
    targetEffect = effect
  }
  tree.leaf = targetLeaf
  tree.slot = targetSlot
  tree.effect = targetEffect
  tree.offset = 0
}

/** Whether a new item goes before the first of the span at `at`, its equal in origins. */
function comesBefore(tree: SpanTree, at: number, id: number, branch: number, makers: Makers): boolean {
  const { data } = tree
  const other = data[at + Field.id] as number
  let theirs = data[at + Field.branch] as number
  if (theirs < 0) {
    theirs = makers.branchOf(other)
    data[at + Field.branch] = theirs
  }
  return branch === theirs ? id < other : makers.compare(branch, theirs) < 0
}
