// The order of a list's or text's items as the FugueMax paper defines it (Weidner & Kleppmann 2023, "The Art of the Fugue", sections 4.2 and
// 4.3): a tree, whose in-order walk is the list. The whole walk is made anew after each insert; nothing is integrated into anything.
//
//   A new node is the right child of its left origin, unless its author saw that this has a right child; then it is the left child of its
//   right origin. Left siblings are in the order of their names. Right siblings stand in the reverse order of their right origins, then of
//   names; plain Fugue goes by names alone.

export interface Named {
  readonly actor: string
  readonly seq: number
}

/** One item in its place. */
export interface Node<T extends Named> {
  readonly item: T
  readonly left: Node<T> | undefined
  readonly right: Node<T> | undefined
  readonly lefts: Node<T>[]
  readonly rights: Node<T>[]
}

export type Rule = 'fugue' | 'fugue-max'

export class Order<T extends Named> {
  /** All items, tombstones too. */
  nodes: readonly Node<T>[] = []
  readonly #tops: Node<T>[] = []
  readonly #rule: Rule

  constructor(rule: Rule) {
    this.#rule = rule
  }

  /** Puts an item behind `left` (undefined: at the start); `sees` says what of all that is here its author saw. */
  insert(item: T, left: Node<T> | undefined, sees: (item: T) => boolean): void {
    const start = left === undefined ? 0 : this.nodes.indexOf(left) + 1
    const right = this.nodes.slice(start).find((other) => sees(other.item))
    const node: Node<T> = { item, left, right, lefts: [], rights: [] }
    const rights = left?.rights ?? this.#tops
    if (right !== undefined && rights.some((other) => sees(other.item))) {
      right.lefts.push(node)
      right.lefts.sort((a, b) => byName(a.item, b.item))
    } else {
      rights.push(node)
      rights.sort((a, b) => this.#byRight(a, b) || byName(a.item, b.item))
    }
    this.nodes = this.#walk()
  }

  #byRight(a: Node<T>, b: Node<T>): number {
    if (this.#rule === 'fugue' || a.right === b.right) return 0
    if (a.right === undefined) return -1
    if (b.right === undefined) return 1
    return this.nodes.indexOf(b.right) - this.nodes.indexOf(a.right)
  }

  #walk(): Node<T>[] {
    const out: Node<T>[] = []
    // What is left to do, last first: to open a node, or to let it stand in the list.
    const todo = this.#tops.map((node) => ({ node, opens: true })).reverse()
    for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
      const { node, opens } = step
      if (opens) {
        for (let i = node.rights.length - 1; i >= 0; i--) push(todo, node.rights[i])
        todo.push({ node, opens: false })
        for (let i = node.lefts.length - 1; i >= 0; i--) push(todo, node.lefts[i])
      } else out.push(node)
    }
    return out
  }
}

function push<N>(todo: { node: N; opens: boolean }[], node: N | undefined): void {
  if (node !== undefined) todo.push({ node, opens: true })
}

/** By the bytes of actors (hex keeps their order), then by seq. */
export function byName(a: Named, b: Named): number {
  return a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : a.seq - b.seq
}
