// The dialog for meeting by hand: it shows our code and takes the other's, so that two pages connect with nobody in between.

import { isJoineryError, type Meeting, type Peer, type Space } from 'joinery'
import { announce, attempt, button, byId, part, say } from './dom.ts'
import { handOut, qrCode } from './hand-out.ts'
import { sentence } from './words.ts'

export interface MeetDialog {
  /** Begins a meeting; with the other's code, if it is here already. `space` is the one that may be put in an invitation to. */
  open(space: Space, theirs?: string): void
}

export function meetDialog(peer: Peer): MeetDialog {
  const dialog = byId('meet-dialog', HTMLDialogElement)
  const ours = byId('meet-ours', HTMLInputElement)
  const theirs = byId('meet-theirs', HTMLTextAreaElement)
  const invites = byId('meet-invites', HTMLInputElement)
  let meeting: Meeting | undefined
  let space: Space | undefined

  handOut(ours, part('meet-state'))
  invites.addEventListener('change', () => void attempt(show))
  button('meet-cancel').addEventListener('click', () => dialog.close())
  dialog.addEventListener('close', () => meeting?.close())
  byId('meet-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    void take()
  })

  async function begin(): Promise<void> {
    meeting?.close()
    meeting = await peer.meet()
    await show()
  }

  /** One text to hand over: whoever is no member yet needs the invitation, too. */
  async function show(): Promise<void> {
    const code = meeting?.code ?? ''
    ours.value = invites.checked && space !== undefined ? `${await space.invite()} ${code}` : code
    part('meet-code').replaceChildren(qrCode(ours.value))
  }

  async function take(): Promise<void> {
    const taking = meeting
    if (taking === undefined) return
    if (theirs.value.trim() === '') return blame('Paste the code that the other page shows.')
    blame('')
    button('meet-do').disabled = true
    say(part('meet-state'), 'Waiting until the other takes your code …')
    try {
      const shared = await taking.take(theirs.value)
      dialog.close()
      announce(`Met. In common: ${shared.map(({ label }) => label).join(', ')}.`)
    } catch (error) {
      if (meeting !== taking || !dialog.open) return
      blame(sentence(error))
      if (!isJoineryError(error, 'bad-code') && !isJoineryError(error, 'code-newer')) await attempt(begin)
    } finally {
      if (meeting === taking) say(part('meet-state'), '')
      button('meet-do').disabled = false
    }
  }

  function blame(text: string): void {
    say(part('meet-error'), text)
    theirs.setAttribute('aria-invalid', String(text !== ''))
    if (text !== '') theirs.focus()
  }

  return {
    open(wanted, code) {
      void attempt(async () => {
        space = wanted
        invites.checked = false
        say(part('meet-space'), `“${wanted.label}”`)
        theirs.value = code ?? ''
        say(part('meet-state'), '')
        blame('')
        await begin()
        dialog.showModal()
        button('meet-ours-copy').focus()
        if (code !== undefined) await take()
      })
    },
  }
}
