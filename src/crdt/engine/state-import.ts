// Makes the states of a document from plain data (state-form.ts): what a loaded snapshot shows, without its history. Ops that saw everything can be
// merged upon it, and local edits be made; for anything else the document brings its history in from the log (document.ts, `deepen`).

import { valueKey } from '../../core/value.ts'
import { UnitBuffer } from '../unit-buffer.ts'
import type { Context } from './context.ts'
import type { ListState } from './list-state.ts'
import { type Head, type MapState, Slots, slotCode } from './map-state.ts'
import type { Container } from './state.ts'
import type { ContainerState, DocState, HeadState } from './state-form.ts'

/** Fills a context that is empty. */
export function importState(context: Context, { containers: forms }: DocState): void {
  context.isShallow = true
  const containers: Container[] = [context.root]
  for (const form of forms.slice(1)) containers.push(placed(context, form, containers))
  for (const [index, form] of forms.entries()) fill(context, containers[index] as Container, form, containers)
}

function placed(
  context: Context,
  { place, makers, content }: ContainerState,
  containers: readonly Container[],
): Container {
  const [maker = -1] = makers
  if (place.in === 'slot') {
    const map = containers[place.parent] as MapState
    const entry = map.entryFor(place.key)
    const container = context.make(content.type, { parent: map, entry }, maker)
    entry.slots ??= new Slots()
    entry.slots.containers.set(slotCode(content.type, place.gen), container)
    entry.slots.gen = Math.max(entry.slots.gen, place.gen)
    for (const lv of makers) entry.slots.makes = { lv, gen: place.gen, before: entry.slots.makes }
    context.adopt(container, makers)
    return container
  }
  const list = containers[place.in === 'item' ? place.parent : 0] as ListState
  const container = context.make(content.type, { parent: list, entry: undefined }, maker)
  context.adopt(container, makers)
  list.nests = true
  return container
}

function fill(
  context: Context,
  container: Container,
  { content }: ContainerState,
  containers: readonly Container[],
): void {
  if (content.type === 'map' && container.type === 'map') {
    for (const { key, heads } of content.entries) {
      const entry = container.entryFor(key)
      entry.setHeads(
        heads.flatMap((head) => headOf(head, containers)),
        context.isLater,
      )
      entry.busy = true
      container.busy.add(entry)
    }
    container.forgetKeys()
    if (content.entries.length > 0) context.grow(container)
  } else if (content.type === 'text' && container.type === 'text') {
    container.units = UnitBuffer.from(content.text)
    container.recount()
    context.grow(container)
  } else if (content.type === 'list' && container.type === 'list') {
    const items = content.items.map((item) =>
      'value' in item ? item.value : (containers[item.container] as Container),
    )
    container.adopt(items)
    context.grow(container)
  } else if (container.type === 'counter' || container.type === 'gcounter') {
    if (content.type === 'counter' || content.type === 'gcounter') container.value = content.sum
    context.grow(container)
  } else if (container.type === 'set' || container.type === 'rwset') {
    if (content.type === 'set' || content.type === 'rwset')
      for (const member of content.members) container.put(valueKey(member.value), member)
    context.grow(container)
  } else if (content.type === 'log' && container.type === 'log') {
    for (const [i, { lv, value }] of content.items.entries()) container.insert(i, lv, value)
    context.grow(container)
  } else if (content.type === 'register' && container.type === 'register') {
    container.heads = [...content.heads].sort((a, b) => (context.isLater(a.lv, b.lv) ? -1 : 1))
    context.grow(container)
  }
}

function headOf(head: HeadState, containers: readonly Container[]): Head[] {
  if (head.kind === 'unset') return []
  return [{ lv: head.lv, value: head.kind === 'set' ? head.value : (containers[head.container] as Container) }]
}
