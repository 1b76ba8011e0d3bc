// Asks before what cannot be taken back, in the page.

import { button, byId, part, say } from './dom.ts'

export interface Question {
  readonly title: string
  readonly text: string
  /** What the button says that does it. */
  readonly act: string
}

/** Whether the user said yes. Escape and Cancel are no. */
export function confirm({ title, text, act }: Question): Promise<boolean> {
  const dialog = byId('confirm-dialog', HTMLDialogElement)
  say(part('confirm-title'), title)
  say(part('confirm-text'), text)
  say(button('confirm-do'), act)
  dialog.returnValue = 'no'
  dialog.showModal()
  button('confirm-cancel').focus()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
