// The dialog that shows an invitation: as a link, bare, and as a QR code. It is made anew each time, with today's addresses.

import type { Space } from 'joinery'
import { encode } from 'uqr'
import { attempt, button, byId, part, say } from './dom.ts'

export function inviteDialog(): { open(space: Space): void } {
  const dialog = byId('invite-dialog', HTMLDialogElement)
  const link = byId('invite-link', HTMLInputElement)
  const ticket = byId('invite-ticket', HTMLInputElement)
  for (const field of [link, ticket]) {
    field.addEventListener('focus', () => field.select())
    button(`${field.id}-copy`).addEventListener('click', () => copy(field))
  }
  return {
    open(space) {
      void attempt(async () => {
        ticket.value = await space.invite()
        link.value = linkOf(ticket.value)
        // A phone cannot open a link to this computer's own loopback, so there the code holds the bare invitation.
        part('invite-code').replaceChildren(drawing(location.protocol === 'https:' ? link.value : ticket.value))
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

async function copy(field: HTMLInputElement): Promise<void> {
  field.select()
  try {
    await navigator.clipboard.writeText(field.value)
    say(part('invite-copied'), 'Copied.')
  } catch {
    say(part('invite-copied'), 'The browser does not let the page copy. It is selected: copy it by Ctrl+C.') // Not allowed, or not focused.
  }
}

/** Black on white in either scheme, with the white border that scanners need. */
function drawing(text: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: 'L', border: 3 })
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])))
  const make = (name: string) => document.createElementNS('http://www.w3.org/2000/svg', name)
  const svg = make('svg')
  const path = make('path')
  path.setAttribute('d', dark.join(''))
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`)
  svg.setAttribute('shape-rendering', 'crispEdges')
  svg.append(path)
  return svg as SVGSVGElement
}
