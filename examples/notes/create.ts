// The dialog that asks for the name and the kind of a new document.

import { button, byId, div, say } from './dom.ts'
import type { Begun } from './edits.ts'
import { sentence } from './words.ts'

/** `create` may throw: its sentence is shown and the dialog stays. */
export function createDialog(create: (name: string, kind: Begun) => Promise<void>): { open(): void } {
  const dialog = byId('create-dialog', HTMLDialogElement)
  const form = byId('create-form', HTMLFormElement)
  const name = byId('create-name', HTMLInputElement)

  function blame(text: string): void {
    say(div('create-error'), text)
    name.setAttribute('aria-invalid', String(text !== ''))
    if (text !== '') name.focus()
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const text = name.value.trim()
    if (text === '') return blame('Give it a name first.')
    try {
      await create(text, new FormData(form).get('kind') === 'text' ? 'text' : 'todo')
      dialog.close()
    } catch (error) {
      blame(sentence(error))
    }
  })
  button('create-cancel').addEventListener('click', () => dialog.close())

  return {
    open() {
      form.reset()
      blame('')
      dialog.showModal()
      name.focus()
    },
  }
}
