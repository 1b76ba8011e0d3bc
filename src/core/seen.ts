// What an author had seen: how many ops of each actor, by the actor's index. Persistent: a new one shares all it can with those it was made
// from, so that a history of many actors, each building on all others, costs memory for what differs and not for everyone each time.
//
// A radix tree over the bits of the index, eight ways at each level; the leaves hold the counts. (Bagwell's tries, as in Clojure's vectors.)

type Node = readonly (Node | number | undefined)[]

const bits = 3
const ways = 2 ** bits

export class Seen {
  static readonly nothing = new Seen(Array<number>(ways).fill(0), 0)
  readonly #root: Node
  /** Levels above the leaves. */
  readonly #height: number

  private constructor(root: Node, height: number) {
    this.#root = root
    this.#height = height
  }

  /** How many ops of the actor with this index were seen. */
  get(actor: number): number {
    if (actor >>> (bits * (this.#height + 1)) !== 0) return 0
    let node: Node | number | undefined = this.#root
    for (let level = this.#height; level >= 0 && typeof node === 'object'; level--)
      node = node[(actor >>> (bits * level)) & (ways - 1)]
    return typeof node === 'number' ? node : 0
  }

  /** The same, but with at least `count` ops of an actor. */
  with(actor: number, count: number): Seen {
    if (this.get(actor) >= count) return this
    let height = this.#height
    while (actor >>> (bits * (height + 1)) !== 0) height++
    return new Seen(put(this.#rootAt(height), height, actor, count), height)
  }

  /** What either had seen. One of the two itself, if it had seen all of the other. */
  join(other: Seen): Seen {
    const height = Math.max(this.#height, other.#height)
    const root = joined(this.#rootAt(height), other.#rootAt(height), height)
    if (root === this.#root) return this
    return root === other.#root ? other : new Seen(root, height)
  }

  #rootAt(height: number): Node {
    let root = this.#root
    for (let level = this.#height; level < height; level++) root = [root, ...Array<undefined>(ways - 1).fill(undefined)]
    return root
  }
}

function put(node: Node | undefined, level: number, actor: number, count: number): Node {
  const out = node === undefined ? Array<Node | number | undefined>(ways).fill(level === 0 ? 0 : undefined) : [...node]
  const way = (actor >>> (bits * level)) & (ways - 1)
  const below = out[way]
  out[way] = level === 0 ? count : put(typeof below === 'object' ? below : undefined, level - 1, actor, count)
  return out
}

function joined(a: Node, b: Node, level: number): Node {
  if (a === b) return a
  const out = a.map((below, way) => joinedBelow(below, b[way], level))
  if (out.every((below, way) => below === a[way])) return a
  return out.every((below, way) => below === b[way]) ? b : out
}

function joinedBelow(a: Node[number], b: Node[number], level: number): Node[number] {
  if (typeof a === 'number' && typeof b === 'number') return Math.max(a, b)
  if (typeof a !== 'object') return b
  return typeof b === 'object' ? joined(a, b, level - 1) : a
}
