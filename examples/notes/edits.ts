// How this page writes into its documents: what they begin with, and the changes it makes to them.

import { type Text, text } from 'joinery'
import { type AnyDocument, type Item, readItem } from './notes.ts'
import { apply, type Edit } from './text-diff.ts'

/** What a new document of a kind begins with. Two peers who make the same one begin with the same. */
export const beginnings = {
  todo: () => ({ kind: 'todo', items: [] }),
  text: () => ({ kind: 'text', body: text('') }),
} as const

export type Begun = keyof typeof beginnings

/** Signs the beginning: until somebody edits it, a document that was only begun is nobody's, and goes to nobody. */
export function share(begun: AnyDocument, kind: Begun): void {
  begun.change((draft) => {
    draft.kind = kind
  })
}

/** Edits the items as one change. An item may be anything that a member wrote. */
export function editItems(list: AnyDocument, edit: (items: unknown[]) => void): void {
  list.change((draft) => {
    if (Array.isArray(draft.items)) edit(draft.items)
  })
}

/** Alters one item, in place where it is one of ours, so that two who alter different fields both succeed. */
export function alterItem(list: AnyDocument, index: number, fields: Partial<Item>): void {
  editItems(list, (items) => {
    const item = items[index]
    if (typeof item === 'object' && item !== null) Object.assign(item, fields)
    else items.splice(index, 1, { ...readItem(item), ...fields })
  })
}

/** Makes these edits, in this order, as one change. A body that another program wrote may be a plain string. */
export function editBody(handle: AnyDocument, edits: readonly Edit[]): void {
  handle.change((draft) => {
    if (typeof draft.body === 'string') draft.body = edits.reduce(apply, draft.body)
    else for (const edit of edits) editText(draft.body as Text, edit)
  })
}

function editText(body: Text, { start, removed, inserted }: Edit): void {
  if (removed > 0) body.delete(start, removed)
  if (inserted !== '') body.insert(start, inserted.toWellFormed())
}
