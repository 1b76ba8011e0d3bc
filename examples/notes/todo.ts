// A to-do list on the screen. A row stays with its item whatever others do, so nobody's focus or half-typed name is lost.

import { attempt, focusFirst, icon, make } from './dom.ts'
import { alterItem, editItems } from './edits.ts'
import { type AnyDocument, type Item, rawItems, readItem } from './notes.ts'
import { matchRows } from './rows.ts'

interface Row {
  raw: unknown
  item: Item
  readonly element: HTMLLIElement
  readonly tick: HTMLInputElement
  readonly name: HTMLTextAreaElement
  readonly remove: HTMLButtonElement
}

/** Draws the list into `place` and keeps it so. Returns what ends that. */
export function todoList(list: AnyDocument, place: HTMLElement): () => void {
  let rows: Row[] = []
  const items = make('ul', { class: 'items' })
  const field = make('input', {
    attributes: {
      type: 'text',
      id: 'add-item',
      'aria-label': 'Add an item',
      placeholder: 'Add an item',
      autocomplete: 'off',
    },
  })
  const add = make(
    'form',
    { class: 'add' },
    field,
    make('button', { class: 'primary', text: 'Add', attributes: { type: 'submit' } }),
  )
  const nothing = make('p', { class: 'muted', text: 'Nothing to do yet.' })

  async function edit(act: () => void): Promise<boolean> {
    const isDone = await attempt(act)
    render()
    return isDone
  }

  add.addEventListener('submit', async (event) => {
    event.preventDefault()
    const name = field.value.trim()
    if (name === '' || !(await edit(() => editItems(list, (all) => void all.push({ name, done: false }))))) return
    field.value = ''
    add.scrollIntoView({ block: 'nearest' })
  })

  function render(): void {
    const raws = rawItems(list.value)
    const from = matchRows(
      rows.map((row) => row.raw),
      raws,
    )
    const next = raws.map((raw, index) => {
      const old = from[index]
      return update((old === undefined ? undefined : rows[old]) ?? newRow(), raw)
    })
    for (const row of rows) if (!next.includes(row)) row.element.remove()
    next.forEach((row, index) => {
      if (items.children[index] !== row.element) items.insertBefore(row.element, items.children[index] ?? null)
    })
    rows = next
    nothing.hidden = rows.length > 0
  }

  function update(row: Row, raw: unknown): Row {
    if (row.raw === raw) return row
    const before = row.item
    row.raw = raw
    row.item = readItem(raw)
    row.tick.checked = row.item.done
    row.tick.setAttribute('aria-label', row.item.name || 'Item without a name')
    row.name.setAttribute('aria-label', `Name of ${row.item.name || 'this item'}`)
    row.remove.setAttribute('aria-label', `Delete ${row.item.name || 'this item'}`)
    row.element.classList.toggle('done', row.item.done)
    // What is being typed is not taken away; it is sent, or undone, when the field is left.
    if (row.name !== document.activeElement || row.name.value === before.name) row.name.value = row.item.name
    return row
  }

  function newRow(): Row {
    const tick = make('input', { attributes: { type: 'checkbox' } })
    const name = make('textarea', { attributes: { rows: '1', spellcheck: 'false' } })
    const remove = make('button', { class: 'plain', attributes: { type: 'button' } }, icon('bin'))
    const row: Row = {
      raw: undefined,
      item: { name: '', done: false },
      element: make('li', {}, tick, name, remove),
      tick,
      name,
      remove,
    }
    tick.addEventListener('change', () => setDone(row))
    remove.addEventListener('click', () => deleteItem(row))
    name.addEventListener('change', () => rename(row))
    name.addEventListener('blur', () => rename(row))
    name.addEventListener('keydown', (event) => {
      if (event.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return
      event.preventDefault()
      if (event.key === 'Escape') name.value = row.item.name
      else rename(row)
      tick.focus()
    })
    return row
  }

  async function setDone(row: Row): Promise<void> {
    await edit(() => alterItem(list, rows.indexOf(row), { done: row.tick.checked }))
    row.tick.checked = row.item.done
  }

  async function rename(row: Row): Promise<void> {
    const index = rows.indexOf(row)
    const name = row.name.value.replaceAll('\n', ' ').trim()
    if (index < 0 || name === row.item.name) return
    if (name !== '') await edit(() => alterItem(list, index, { name }))
    row.name.value = row.item.name
  }

  async function deleteItem(row: Row): Promise<void> {
    const index = rows.indexOf(row)
    if (!(await edit(() => editItems(list, (all) => void all.splice(index, 1))))) return
    focusFirst(rows[index]?.remove, rows[index - 1]?.remove, field)
  }

  place.replaceChildren(items, nothing, add)
  render()
  return list.subscribe(render)
}
