// The dialog that asks for the name and the kind of a new document.

import { button, byId, part, say } from './dom.ts'
import type { Begun } from './edits.ts'
import { sentence } from './words.ts'

export interface CreateWishes {
  /** May throw: the sentence is shown, and the dialog stays. */
  create(name: string, kind: Begun): Promise<void>
  /** Called when it is made and the dialog is closed. */
  open(name: string): Promise<void>
}

export function createDialog(wishes: CreateWishes): { open(): void } {
  const dialog = byId('create-dialog', HTMLDialogElement)
  const form = byId('create-form', HTMLFormElement)
  const name = byId('create-name', HTMLInputElement)

  function blame(text: string): void {
    say(part('create-error'), text)
    name.setAttribute('aria-invalid', String(text !== ''))
    if (text !== '') name.focus()
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const text = name.value.trim().normalize('NFC')
    if (text === '') return blame('Give it a name first.')
    try {
      await wishes.create(text, new FormData(form).get('kind') === 'text' ? 'text' : 'todo')
      dialog.close()
      await wishes.open(text)
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
