// The dialog that shows an invitation: as a link, bare, and as a QR code. It is made anew each time, with today's addresses.

import type { Space } from 'joinery'
import { attempt, button, byId, part, say } from './dom.ts'
import { handOut, qrCode } from './hand-out.ts'

export function inviteDialog(): { open(space: Space): void } {
  const dialog = byId('invite-dialog', HTMLDialogElement)
  const link = byId('invite-link', HTMLInputElement)
  const ticket = byId('invite-ticket', HTMLInputElement)
  for (const field of [link, ticket]) handOut(field, part('invite-copied'))
  return {
    open(space) {
      void attempt(async () => {
        ticket.value = await space.invite()
        link.value = linkOf(ticket.value)
        // A phone cannot open a link to this computer's own loopback, so there the code holds the bare invitation.
        part('invite-code').replaceChildren(qrCode(location.protocol === 'https:' ? link.value : ticket.value))
        say(part('invite-title'), `Invite to “${space.label}”`)
        say(part('invite-copied'), '')
        dialog.showModal()
        button('invite-link-copy').focus()
      })
    },
  }
}

/** The ticket stands in the fragment, which browsers never send. */
function linkOf(ticket: string): string {
  return `${location.origin}${location.pathname}#${ticket}`
}
