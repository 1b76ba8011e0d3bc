// Whether a tree of containers is in order: for tests, after every step.

import { assert } from '../base/assert.ts'
import { show } from './build.ts'
import { type Container, isContainer, type MapState } from './container.ts'

export function checkContainer(container: Container): void {
  if (container.type === 'map') checkMap(container)
  if (container.type === 'list' || container.type === 'text') container.items.check()
  if (container.type === 'list') {
    for (const { value } of container.items) if (isContainer(value)) checkContainer(value)
    checkCache(
      container,
      [...container.items].map((item) => item.value),
    )
  }
}

function checkMap(map: MapState): void {
  for (const entry of map.entries.values()) {
    assert(
      entry.winner === undefined ? entry.heads.length === 0 : entry.heads.includes(entry.winner),
      `the winner of ${entry.key} is no head`,
    )
    assert(entry.heads.length === 0 || map.busy.has(entry.key), `the key ${entry.key} holds heads and is not busy`)
    for (const slot of entry.slots.values()) {
      assert(slot.spent || entry.busy.has(slot), `a slot of ${entry.key} holds something and is not busy`)
      checkContainer(slot)
    }
  }
  const shown = map.keys.map((key) => map.get(key))
  assert(!shown.includes(undefined), 'a key shows without a value')
  checkCache(map, shown as Parameters<typeof show>[0][])
}

/** A built value holds what its children show. */
function checkCache(container: Container, children: readonly Parameters<typeof show>[0][]): void {
  if (container.cache === undefined) return
  const built = Object.values(container.cache as object)
  const fresh = children.map(show)
  if (container.type === 'list')
    assert(built.length === fresh.length && built.every((item, i) => Object.is(item, fresh[i])), 'a list is stale')
  else assert(built.length === fresh.length && built.every((item) => fresh.includes(item)), 'a map is stale')
}
