// The list of a space's documents.

import type { Space } from 'joinery'
import { focusFirst, icon, make, part, say } from './dom.ts'
import { kindOf, summary } from './notes.ts'
import { Shelf } from './shelf.ts'
import { sentence } from './words.ts'

export interface DocumentList {
  readonly shelf: Shelf
  /** Whether there is a document of this name, or one was begun here. */
  has(name: string): boolean
  /** Marks the document that is open. */
  mark(name: string | undefined): void
  close(): void
}

interface Row {
  readonly item: HTMLLIElement
  readonly button: HTMLButtonElement
  readonly badge: HTMLElement
  readonly sub: HTMLElement
}

export function documentList(space: Space, onOpen: (name: string) => void): DocumentList {
  const list = part('documents')
  const rows = new Map<string, Row>()
  const shelf = new Shelf(space, describe)
  let marked: string | undefined

  function render(): void {
    const names = space.documents
    const hadFocus = list.contains(document.activeElement)
    for (const [name, row] of rows) {
      if (names.includes(name)) continue
      row.item.remove()
      rows.delete(name)
    }
    names.forEach((name, index) => {
      const row = rows.get(name) ?? newRow(name)
      if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null)
    })
    if (hadFocus && !list.contains(document.activeElement)) focusFirst(part('documents-title'))
    sayEmpty()
  }

  function sayEmpty(): void {
    const isNew = space.status.current.lastAgreedAt === undefined
    part('documents-empty').hidden = rows.size > 0
    say(
      part('documents-empty'),
      isNew ? 'No documents yet. What others have made appears here once one of them is met.' : 'No documents yet.',
    )
  }

  function newRow(name: string): Row {
    const badge = make('span', { class: 'badge' })
    const sub = make('span', { class: 'sub' })
    const title = make('span', { class: 'title', text: name })
    const button = make(
      'button',
      { class: 'document', attributes: { type: 'button' }, onClick: () => onOpen(name) },
      badge,
      make('span', { class: 'words' }, title, sub),
    )
    const row = { item: make('li', {}, button), button, badge, sub }
    rows.set(name, row)
    if (name === marked) button.setAttribute('aria-current', 'true')
    shelf.open(name).catch((error) => say(sub, sentence(error)))
    return row
  }

  function describe(name: string): void {
    const row = rows.get(name)
    if (!row) return
    const kind = kindOf(shelf.value(name))
    if (row.badge.dataset.kind !== kind) row.badge.replaceChildren(icon(kind === 'empty' ? 'other' : kind))
    row.badge.dataset.kind = kind
    say(row.sub, summary(shelf.value(name)))
  }

  /** Up, Down, Home and End walk the list; Tab goes through it as well. */
  function walk(event: KeyboardEvent): void {
    const buttons = [...list.querySelectorAll('button')]
    const at = event.target instanceof HTMLButtonElement ? buttons.indexOf(event.target) : -1
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (next === undefined || at < 0) return
    event.preventDefault()
    focusFirst(buttons[Math.max(0, Math.min(next, buttons.length - 1))])
  }

  list.addEventListener('keydown', walk)
  const offs = [space.on('documents', render), space.status.subscribe(sayEmpty)]
  render()
  return {
    shelf,
    has: (name) => space.documents.includes(name) || shelf.value(name) !== undefined,
    mark(name) {
      marked = name
      for (const [other, { button }] of rows) {
        if (other === name) button.setAttribute('aria-current', 'true')
        else button.removeAttribute('aria-current')
      }
    },
    close() {
      for (const off of offs) off()
      list.removeEventListener('keydown', walk)
      list.replaceChildren()
      shelf.close()
    },
  }
}
