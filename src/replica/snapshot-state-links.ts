// How the containers of a state that was read name each other.

import { JoineryError } from '../base/errors.ts'
import type { LV } from '../core/graph.ts'
import type { Content, HeadState, Place } from '../crdt/engine/state-form.ts'

/** With containers named by their indexes. */
export function linked(content: Content, indexes: Int32Array, made: ReadonlyMap<LV, number>): Content {
  if (content.type === 'list')
    return {
      type: 'list',
      items: content.items.map((item) => ('value' in item ? item : { container: indexes[item.container] as number })),
    }
  if (content.type !== 'map') return content
  const entries = content.entries.map(({ key, heads }) => ({
    key,
    heads: heads.map(
      (head): HeadState => (head.kind === 'make' ? { ...head, container: made.get(head.lv) ?? -1 } : head),
    ),
  }))
  return { type: 'map', entries }
}

/** Makes point to slots of their map, items to containers in their list, each at most once. */
export function checkItems(containers: readonly { readonly place: Place }[], contents: readonly Content[]): void {
  const isShown = new Uint8Array(containers.length)
  for (const [index, content] of contents.entries()) {
    if (content.type === 'map')
      for (const { key, heads } of content.entries)
        for (const head of heads) {
          if (head.kind !== 'make') continue
          const place = containers[head.container]?.place
          if (place?.in !== 'slot' || place.parent !== index || place.key !== key)
            throw new JoineryError('bad-message', 'a head that makes nothing')
        }
    if (content.type === 'list')
      for (const item of content.items) {
        if ('value' in item) continue
        const place = containers[item.container]?.place
        if (place?.in !== 'item' || place.parent !== index || isShown[item.container] === 1)
          throw new JoineryError('bad-message', 'an item that is elsewhere')
        isShown[item.container] = 1
      }
  }
}
