// A text on the screen, bound to the document: what is typed becomes insertions and deletions, what others do moves the
// text under the caret, which stays on its letter. While an input method composes a word the field is left alone: what
// comes meanwhile is shown when the word is done.

import type { PatchEvent } from 'joinery'
import { caretLayer } from './caret-layer.ts'
import { complain, make } from './dom.ts'
import { editBody } from './edits.ts'
import { showCaret } from './here.ts'
import { type AnyDocument, readBody } from './notes.ts'
import { diff, type Edit, rebase, shift } from './text-diff.ts'
import { sentence } from './words.ts'

/** Draws the text into `place` and keeps it so. Returns what ends that. */
export function textEditor(handle: AnyDocument, place: HTMLElement): () => void {
  const area = make('textarea', {
    class: 'prose',
    attributes: { 'aria-label': `Text of ${handle.name}`, placeholder: 'Write …', rows: '12' },
  })
  const ended = new AbortController()
  const layer = caretLayer(handle, area)
  let shown = displayed(handle) // What the field held when it last agreed with the document …
  let later: Edit[] = [] // … and what others have done to the document since.
  let isComposing = false
  let isSending = false

  /** What the user did. */
  function typed(): void {
    if (isComposing) return
    const edit = diff(shown, area.value, area.selectionEnd)
    const edits = edit === undefined ? [] : rebase(edit, later)
    const missed = later
    later = []
    send(edits)
    agree()
    if (missed.length === 0 || edit === undefined) return
    const caret = (edits.at(-1)?.start ?? missed.reduce(shift, edit.start)) + edit.inserted.length
    area.setSelectionRange(caret, caret)
  }

  function send(edits: readonly Edit[]): void {
    if (edits.length === 0) return
    isSending = true
    try {
      editBody(handle, edits)
    } catch (error) {
      complain(sentence(error)) // Nothing was recorded: the field goes back to what the document holds.
    } finally {
      isSending = false
    }
  }

  /** What others did. Shown when all of it has been told, in the same turn. */
  function heard({ patches, local }: PatchEvent): void {
    if (local) return
    if (later.length === 0) queueMicrotask(catchUp)
    for (const patch of patches) {
      if (patch.path.length !== 1 || patch.path[0] !== 'body') continue
      if (patch.type === 'remove') later.push({ start: patch.index, removed: patch.count, inserted: '' })
      if (patch.type === 'insert' && 'text' in patch)
        later.push({ start: patch.index, removed: 0, inserted: forField(patch.text) })
    }
  }

  function catchUp(): void {
    if (isComposing || !area.isConnected) return
    for (const edit of later) replace(edit)
    later = []
    agree()
  }

  /** The field holds what the document holds, whatever the patches left out. */
  function agree(): void {
    const text = displayed(handle)
    const edit = diff(area.value, text, text.length)
    if (edit) replace(edit)
    shown = text
    layer.draw()
  }

  /** Where the caret is, for the others: of what the document holds, so not in the middle of a word that is being composed. */
  function moved(): void {
    if (isComposing || area.value !== displayed(handle)) return
    showCaret(handle, area === document.activeElement ? area.selectionEnd : undefined)
  }

  function replace(edit: Edit): void {
    const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollHeight } = area
    area.setRangeText(edit.inserted, edit.start, edit.start + edit.removed, 'preserve')
    area.setSelectionRange(shift(selectionStart, edit), shift(selectionEnd, edit), selectionDirection)
    // Lines that came or went above the caret push the text: scroll along, so that it rests under the writer's eyes.
    const isAbove = area === document.activeElement && edit.start < selectionStart
    area.scrollTop = scrollTop + (isAbove ? area.scrollHeight - scrollHeight : 0)
  }

  area.value = shown
  area.addEventListener('input', typed)
  area.addEventListener('compositionstart', () => {
    isComposing = true
  })
  area.addEventListener('compositionend', () => {
    isComposing = false
    typed()
  })
  for (const event of ['input', 'select', 'selectionchange', 'keyup', 'pointerup', 'focus', 'blur'])
    area.addEventListener(event, moved, { signal: ended.signal })
  place.replaceChildren(make('div', { class: 'prose-frame' }, area, layer.element))
  layer.draw()
  const offs = [handle.on('patch', heard), handle.subscribe(() => isSending || isComposing || queueMicrotask(catchUp))]
  return () => {
    for (const off of offs) off()
    ended.abort()
    layer.close()
  }
}

function displayed(handle: AnyDocument): string {
  return forField(readBody(handle.value))
}

/** A field turns each "\r" into "\n" and "\r\n" into one: shown as a space, every index stays what it is. */
function forField(text: string): string {
  return text.replaceAll('\r', ' ')
}
