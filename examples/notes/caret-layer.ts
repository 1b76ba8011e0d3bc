// The others' carets over the text field: a layer that holds the same text in the same place, unseen, with a mark where each caret is. Only for the eye:
// who is here stands in words beneath the document's name.

import { make } from './dom.ts'
import { carets } from './here.ts'
import type { AnyDocument } from './notes.ts'
import { hue } from './words.ts'

export interface CaretLayer {
  readonly element: HTMLElement
  /** The text, or where it is scrolled to, may be another one. */
  draw(): void
  close(): void
}

export function caretLayer(handle: AnyDocument, area: HTMLTextAreaElement): CaretLayer {
  const text = make('div', { class: 'carets-text' })
  const element = make('div', { class: 'carets', attributes: { 'aria-hidden': 'true' } }, text)

  function draw(): void {
    const others = carets(handle)
    element.hidden = others.length === 0
    if (others.length === 0) {
      text.replaceChildren()
      return
    }
    const parts: (Node | string)[] = []
    let from = 0
    for (const { index, name, id } of others) {
      parts.push(area.value.slice(from, index), make('span', { class: 'caret', data: { hue: String(hue(id)), name } }))
      from = index
    }
    // A last line that is empty has its height only if something follows.
    text.replaceChildren(...parts, `${area.value.slice(from)}\u200b`)
    text.style.width = `${area.clientWidth}px`
    scroll()
  }

  function scroll(): void {
    text.style.transform = `translateY(${-area.scrollTop}px)`
  }

  area.addEventListener('scroll', scroll)
  const off = handle.presence.subscribe(draw)
  const sizes = new ResizeObserver(draw)
  sizes.observe(area)
  return {
    element,
    draw,
    close() {
      off()
      sizes.disconnect()
    },
  }
}
