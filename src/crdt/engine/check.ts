// Whether a tree of containers is in order: for tests, after every step.

import { assert } from '../../base/assert.ts'
import { show } from './build.ts'
import type { Context } from './context.ts'
import type { ListState } from './list-state.ts'
import type { MapState } from './map-state.ts'
import { type Container, isContainer } from './state.ts'

/** As deep as containers go, which is limited. */
export function checkContainer(context: Context, container: Container): void {
  switch (container.type) {
    case 'map':
      checkMap(context, container)
      return
    case 'text': {
      container.units.check()
      container.sequence.check()
      const raw = container.units.toString()
      assert((container.lone === 0) === raw.isWellFormed(), `a text counts ${container.lone} half pairs in ${raw}`)
      return
    }
    case 'list':
      checkList(context, container)
      return
    case 'log':
      for (let i = 1; i < container.length; i++)
        assert(context.isLater(container.lvs[i] ?? -1, container.lvs[i - 1] ?? -1), `item ${i} of a log is too late`)
      return
    case 'set':
    case 'rwset': {
      const present = [...container.members.keys()].filter((key) => container.has(key))
      assert(present.length === container.size, `a set counts ${container.size} members of ${present.length}`)
      return
    }
    default:
      return
  }
}

function checkList(context: Context, list: ListState): void {
  list.items.check()
  list.sequence.check()
  for (const [index, item] of [...list.items].entries()) {
    if (!isContainer(item)) continue
    assert(item.parent === list && item.shown && list.indexOf(item) === index, `item ${index} does not know its place`)
    checkContainer(context, item)
  }
  checkCache(context, list, [...list.items])
}

function checkMap(context: Context, map: MapState): void {
  for (const entry of map.entries.values()) {
    const { key, heads, lv } = entry
    assert((entry.value === undefined) === lv < 0, `${key} shows something of nobody`)
    assert(heads.length === 0 || entry.busy, `the key ${key} holds heads and is not busy`)
    assert(
      heads.every((head) => head.lv === lv || context.isLater(lv, head.lv)),
      `what shows at ${key} is not the greatest`,
    )
    assert(map.busy.has(entry) === entry.busy, `${key} is not where the busy ones are`)
    assert(!entry.busy || !map.spent, `${key} is busy in a map that is spent`)
    for (const slot of entry.slots?.containers.values() ?? []) {
      assert(slot.spent || (entry.busy && entry.slots?.live.includes(slot)), `a slot of ${key} holds something unknown`)
      checkContainer(context, slot)
    }
  }
  const shown = map.keys.map((key) => map.get(key))
  assert(!shown.includes(undefined), 'a key shows without a value')
  checkCache(context, map, shown as Parameters<typeof show>[0][])
}

/** A built value holds what its children show. */
function checkCache(context: Context, container: Container, children: readonly Parameters<typeof show>[0][]): void {
  if (container.cache === undefined) return
  const built = Object.values(container.cache as object)
  const fresh = children.map((child) => show(child, context.rollback))
  // What is opaque may have been read from a snapshot twice.
  const isOpaque = (child: unknown): boolean => typeof child === 'object' && child !== null && !isContainer(child)
  const isSame =
    built.length === fresh.length && built.every((item, i) => Object.is(item, fresh[i]) || isOpaque(children[i]))
  // Keys that are numbers come first in an object.
  const isShown = (item: unknown): boolean => fresh.includes(item) || children.some(isOpaque)
  assert(isSame || (container.type === 'map' && built.every(isShown)), 'a value is stale')
}
