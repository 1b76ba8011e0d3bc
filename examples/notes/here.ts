// Who else has the open document, in a line beneath its name; and what this window shows of itself to them: that it is there, and where its caret is.

import type { Cursor, Json, Present } from 'joinery'
import { part, say } from './dom.ts'
import type { AnyDocument } from './notes.ts'
import { hereNow } from './words.ts'

/** Somebody's caret in the text, where it is now. */
export interface Caret {
  readonly index: number
  readonly name: string
  /** The device, for a colour. */
  readonly id: string
}

/** Shows them, and this window to them, until the returned function is called. */
export function hereLine(handle: AnyDocument): () => void {
  const line = part('document-here')
  const render = (): void => {
    const text = hereNow(handle.presence.current.map(({ name }) => name))
    line.hidden = text === ''
    say(line, text)
  }
  const off = handle.presence.subscribe(render)
  show(handle, { caret: null })
  render()
  return () => {
    off()
    show(handle, undefined)
    line.hidden = true
  }
}

/** Tells the others where the caret is in the text, or that it is not there. */
export function showCaret(handle: AnyDocument, index: number | undefined): void {
  show(handle, { caret: index === undefined ? null : caretAt(handle, index) })
}

function show(handle: AnyDocument, state: { readonly caret: Cursor | null } | undefined): void {
  try {
    handle.presence.set(state)
  } catch {
    // The document was deleted, or its space left, at this moment: there is nobody to be shown to.
  }
}

function caretAt(handle: AnyDocument, index: number): Cursor | null {
  try {
    return handle.cursor(['body'], index, 'after')
  } catch {
    return null // A body that is a plain string has no places; or somebody made it shorter in this very moment.
  }
}

/** Where the others' carets are, in the order of the text. */
export function carets(handle: AnyDocument): readonly Caret[] {
  return handle.presence.current.flatMap((present) => caretOf(handle, present)).sort((a, b) => a.index - b.index)
}

function caretOf(handle: AnyDocument, { id, name, state }: Present): readonly Caret[] {
  const text = caretIn(state)
  if (text === undefined) return []
  try {
    const { index } = handle.openCursor(text)
    return index === undefined ? [] : [{ index, name, id }]
  } catch {
    return [] // What it stands beside has not arrived yet; or another program shows something else under that name.
  }
}

function caretIn(state: Json): string | undefined {
  const caret = typeof state === 'object' && state !== null && 'caret' in state ? state.caret : undefined
  return typeof caret === 'string' ? caret : undefined
}
