// The name that other members see. It is an option of the peer, so the page keeps it and opens anew when it changes.

import type { Peer } from 'joinery'
import { attempt, button, byId } from './dom.ts'
import { browserName } from './words.ts'

const KEY = 'joinery-notes-name'

/** The name given in this browser; until there is one, what the browser is. */
export function keptName(): string {
  return localStorage.getItem(KEY) ?? browserName(navigator.userAgent)
}

export function nameDialog(peer: Peer): { open(): void } {
  const dialog = byId('name-dialog', HTMLDialogElement)
  const field = byId('name-field', HTMLInputElement)

  byId('name-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    void attempt(async () => {
      const name = field.value.trim()
      if (name === '') localStorage.removeItem(KEY)
      else localStorage.setItem(KEY, name)
      dialog.close()
      await peer.flush()
      location.reload()
    })
  })
  button('name-cancel').addEventListener('click', () => dialog.close())

  return {
    open() {
      field.value = peer.name
      dialog.showModal()
      field.select()
    },
  }
}
