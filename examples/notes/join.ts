// The first screen: join a space by an invitation, or start one of your own.

import type { Peer, Space } from 'joinery'
import { button, byId, part, say } from './dom.ts'
import { sentence, ticketIn } from './words.ts'

export interface JoinScreen {
  /** Fills in an invitation that could not be taken, and says why. */
  refuse(ticket: string, error: unknown): void
}

export function joinScreen(peer: Peer, onSpace: (space: Space, pasted: string) => void): JoinScreen {
  const ticket = byId('join-ticket', HTMLTextAreaElement)
  const label = byId('own-label', HTMLInputElement)

  whenSent('join-form', ticket, 'join-error', 'Paste an invitation first.', (text) => peer.join(ticketIn(text)))
  whenSent('own-form', label, 'own-error', 'Give it a name first: any word will do.', (text) => peer.space(text))
  // In a field of several lines Enter would begin a line, and an invitation has one.
  ticket.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return
    event.preventDefault()
    byId('join-form', HTMLFormElement).requestSubmit()
  })

  function whenSent(
    form: string,
    field: HTMLInputElement | HTMLTextAreaElement,
    error: string,
    empty: string,
    act: (text: string) => Promise<Space>,
  ): void {
    byId(form, HTMLFormElement).addEventListener('submit', async (event) => {
      event.preventDefault()
      const text = field.value.trim()
      if (text === '') return blame(field, error, empty)
      try {
        const space = await act(text)
        field.value = ''
        blame(field, error, '')
        onSpace(space, text)
      } catch (thrown) {
        blame(field, error, sentence(thrown))
      }
    })
  }

  function blame(field: HTMLInputElement | HTMLTextAreaElement, id: string, text: string): void {
    say(part(id), text)
    field.setAttribute('aria-invalid', String(text !== ''))
    if (text !== '') field.focus()
  }

  return {
    refuse(text, error) {
      ticket.value = text
      blame(ticket, 'join-error', sentence(error))
      button('join-back').hidden = peer.spaces.length === 0
    },
  }
}
