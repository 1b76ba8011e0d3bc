// The open document: its name, what is in it, and the part that edits its kind.

import { announce, attempt, make, part, say } from './dom.ts'
import { type Begun, beginnings } from './edits.ts'
import { hereLine } from './here.ts'
import { type AnyDocument, type Kind, kindOf, summary } from './notes.ts'
import { textEditor } from './text-editor.ts'
import { todoList } from './todo.ts'

/** Shows `handle` until the returned function is called. */
export function documentView(handle: AnyDocument): () => void {
  const body = part('document-body')
  let shown: Kind | undefined
  let end = (): void => {}

  function render(): void {
    const kind = kindOf(handle.value)
    say(part('document-sub'), summary(handle.value))
    if (kind === shown) {
      if (kind === 'other') showOther(handle, body)
      return
    }
    end()
    end = () => {}
    shown = kind
    body.dataset.kind = kind
    if (kind === 'todo') end = todoList(handle, body)
    else if (kind === 'text') end = textEditor(handle, body)
    else if (kind === 'empty') showEmpty(handle, body)
    else showOther(handle, body)
  }

  say(part('document-name'), handle.name)
  const offs = [hereLine(handle), handle.subscribe(render), handle.on('error', (error) => announce(error.message))]
  render()
  return () => {
    for (const off of offs) off()
    end()
    body.replaceChildren()
  }
}

/** Someone named it, and nothing of it is here: not yet, or never written. */
function showEmpty(handle: AnyDocument, body: HTMLElement): void {
  const begin = (kind: Begun, text: string) =>
    make('button', {
      text,
      attributes: { type: 'button' },
      onClick: () => void attempt(() => handle.change((draft) => void Object.assign(draft, beginnings[kind]()))),
    })
  body.replaceChildren(
    make('p', {
      class: 'muted',
      text: 'Nothing of this document is here yet. It may still be on its way; or begin it:',
    }),
    make('div', { class: 'row start' }, begin('todo', 'Make it a to-do list'), begin('text', 'Make it a text')),
  )
}

/** A document of another program: shown, not edited. */
function showOther(handle: AnyDocument, body: HTMLElement): void {
  const json = JSON.stringify(handle.value, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value), 2)
  const kept = body.querySelector('pre')
  if (kept) say(kept, json)
  else
    body.replaceChildren(
      make('p', { class: 'muted', text: 'Made by another program. This page shows it as it is.' }),
      make('pre', { text: json, attributes: { tabindex: '0', 'aria-label': 'The data as JSON', role: 'region' } }),
    )
}
