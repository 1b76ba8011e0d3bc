// What a document of this page holds, and how one that others made (by the command line, by another program) is read:
// leniently, since any member may write anything.

import type { DocHandle } from 'joinery'

export type AnyDocument = DocHandle<Record<string, unknown>>

export interface Item {
  readonly name: string
  readonly done: boolean
}

export type Kind = 'todo' | 'text' | 'other' | 'empty'

export function kindOf(value: unknown): Kind {
  if (!isRecord(value) || Object.keys(value).length === 0) return 'empty'
  if (value.kind === 'text' && typeof value.body === 'string') return 'text'
  if (Array.isArray(value.items)) return 'todo'
  return typeof value.body === 'string' ? 'text' : 'other'
}

/** The items as they stand, shared with the value: an item that did not change is the same object. */
export function rawItems(value: unknown): readonly unknown[] {
  return isRecord(value) && Array.isArray(value.items) ? value.items : []
}

export function readItem(raw: unknown): Item {
  if (!isRecord(raw)) return { name: String(raw ?? ''), done: false }
  return { name: String(raw.name ?? ''), done: raw.done === true }
}

export function readBody(value: unknown): string {
  return isRecord(value) && typeof value.body === 'string' ? value.body : ''
}

/** A few words for the list of documents. */
export function summary(value: unknown): string {
  switch (kindOf(value)) {
    case 'todo': {
      const items = rawItems(value).map(readItem)
      const done = items.filter((item) => item.done).length
      return items.length === 0 ? 'To-do list, empty' : `${done} of ${items.length} done`
    }
    case 'text': {
      const words = readBody(value).match(/\S+/g)?.length ?? 0
      return words === 0 ? 'Text, empty' : `${words.toLocaleString('en')} ${words === 1 ? 'word' : 'words'}`
    }
    case 'empty':
      return 'Empty'
    case 'other':
      return 'Other data'
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
