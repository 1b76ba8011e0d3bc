// Which of the rows on the screen shows which item of a list that changed. Values of a document are structurally shared:
// an item that did not change is the same object. So a row, and the focus in it, stays with its item, whoever edits.

/** For each item of `after`, the index in `before` whose row it takes over; undefined for a new row. Order is kept. */
export function matchRows<Item>(before: readonly Item[], after: readonly Item[]): (number | undefined)[] {
  const taken = matchSame(before, after)
  // Between two matched neighbours, what is left on both sides is the same items altered: pair them in order.
  let free = 0
  return taken.map((index, at) => {
    if (index !== undefined) {
      free = index + 1
      return index
    }
    const next = taken.slice(at).find((later) => later !== undefined) ?? before.length
    return free < next ? free++ : undefined
  })
}

/** Pairs identical items from both ends inwards, then greedily; never crossing. */
function matchSame<Item>(before: readonly Item[], after: readonly Item[]): (number | undefined)[] {
  const taken = new Array<number | undefined>(after.length).fill(undefined)
  let tail = 0
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) {
    taken[head] = head
    head++
  }
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) {
    taken[after.length - 1 - tail] = before.length - 1 - tail
    tail++
  }
  let from = head
  for (let at = head; at < after.length - tail; at++) {
    const found = before.indexOf(after[at] as Item, from)
    if (found < 0 || found >= before.length - tail) continue
    taken[at] = found
    from = found + 1
  }
  return taken
}
