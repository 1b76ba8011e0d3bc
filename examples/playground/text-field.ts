// A text of a replica on the screen: what is typed becomes insertions and deletions, what others do moves the text under the caret. The arithmetic is that of
// the notes page.

import { diff, type Edit, shift } from '../notes/text-diff.ts'

export class TextField {
  readonly #area: HTMLTextAreaElement
  readonly #edited: (edit: Edit) => void
  #shown: string
  #isComposing = false

  /** `edited` is told of what the user did. */
  constructor(area: HTMLTextAreaElement, edited: (edit: Edit) => void) {
    this.#area = area
    this.#edited = edited
    this.#shown = area.value
    area.addEventListener('input', () => this.#typed())
    area.addEventListener('compositionstart', () => {
      this.#isComposing = true
    })
    area.addEventListener('compositionend', () => {
      this.#isComposing = false
      this.#typed()
    })
  }

  /** What the document holds now. While an input method composes a word the field is left alone. */
  show(text: string): void {
    if (this.#isComposing) return
    const edit = diff(this.#area.value, text, text.length)
    if (edit !== undefined) this.#replace(edit)
    this.#shown = text
  }

  #typed(): void {
    if (this.#isComposing) return
    const edit = diff(this.#shown, this.#area.value, this.#area.selectionEnd)
    this.#shown = this.#area.value
    if (edit !== undefined) this.#edited(edit)
  }

  #replace(edit: Edit): void {
    const { selectionStart, selectionEnd, selectionDirection } = this.#area
    this.#area.setRangeText(edit.inserted, edit.start, edit.start + edit.removed, 'preserve')
    this.#area.setSelectionRange(shift(selectionStart, edit), shift(selectionEnd, edit), selectionDirection)
  }
}
