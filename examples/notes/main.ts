// The page: a peer of its own in this browser. This file decides which screen is shown; each screen is a file beside it.

import { isJoineryError, openPeer, type Peer, type Space } from 'joinery'
import { confirm } from './confirm.ts'
import { createDialog } from './create.ts'
import { attempt, button, byId, complain, focusFirst, make, part, say } from './dom.ts'
import { inviteDialog } from './invite.ts'
import { joinScreen } from './join.ts'
import { meetDialog } from './meet.ts'
import { keptName, nameDialog } from './name.ts'
import { keepPage } from './offline.ts'
import { type SpaceScreen, spaceScreen } from './space-screen.ts'
import { hasCode, sentence, ticketIn } from './words.ts'

/** What is on the screen, kept in the tab's history: so "back" leads from a document to the list, and a reload to the same. */
interface Place {
  readonly space?: string
  readonly document?: string
}

start().catch(stop)

async function start(): Promise<void> {
  button('stop-again').addEventListener('click', () => location.reload())
  if (!isSecureContext) {
    throw new Error(
      'A peer needs a secure context: a page from an https: address or from http://localhost. Run `npm start` on this computer and open http://localhost:4680/ here.',
    )
  }
  app(await openPeer({ name: keptName() }))
  // A page that cannot be kept works all the same, while it is served.
  await keepPage(() => complain('A newer version of this page is here: reload it when it suits you.')).catch(
    (error: unknown) => console.warn(`The page is not kept for when its peer is gone: ${sentence(error)}`),
  )
}

function stop(error: unknown): void {
  const isHere = !isSecureContext || isJoineryError(error, 'no-indexeddb')
  say(part('stop-title'), isHere ? 'This page cannot work here' : 'Your notes are not open')
  say(part('stop-text'), sentence(error))
  only('stop-screen')
}

function app(peer: Peer): void {
  let screen: SpaceScreen | undefined
  let lastError: Error | undefined
  const meet = meetDialog(peer)
  const join = joinScreen(peer, async (space, pasted) => {
    await go({ space: space.id })
    if (hasCode(pasted)) meet.open(space, pasted)
  })
  const invite = inviteDialog()
  const create = createDialog({
    create: async (name, kind) => screen?.create(name, kind),
    open: async (name) => {
      await go({ ...(screen && { space: screen.space.id }), document: name })
      focusFirst(document.querySelector<HTMLElement>('#add-item, .prose'))
    },
  })
  const names = nameDialog(peer)
  const picker = byId('space-select', HTMLSelectElement)

  /** Goes to a place, as a step that "back" undoes. */
  async function go(place: Place): Promise<void> {
    history.pushState(place, '', location.pathname + location.search)
    await show(place)
  }

  async function show(place: Place): Promise<void> {
    const space = peer.spaces.find((each) => each.id === place.space) ?? peer.spaces[0]
    if (space === undefined) showJoin()
    else await showSpace(space, place.document)
  }

  async function showSpace(space: Space, document: string | undefined): Promise<void> {
    only('space-screen')
    if (screen?.space.id !== space.id) {
      screen?.close()
      screen = spaceScreen(peer, space, {
        onOpen: (name) => void go(name === undefined ? { space: space.id } : { space: space.id, document: name }),
        onRename: () => names.open(),
      })
    }
    fillPicker()
    await screen.show(document)
  }

  function showJoin(): void {
    screen?.close()
    screen = undefined
    button('join-back').hidden = peer.spaces.length === 0
    only('join-screen')
    byId('join-ticket', HTMLTextAreaElement).focus()
  }

  function fillPicker(): void {
    const labels = peer.spaces.map((space) => space.label)
    const options = peer.spaces.map((space) => {
      const isTwin = labels.indexOf(space.label) !== labels.lastIndexOf(space.label)
      return make('option', {
        text: isTwin ? `${space.label} (${space.id.slice(6, 12)})` : space.label,
        attributes: { value: space.id },
      })
    })
    picker.replaceChildren(...options)
    picker.value = screen?.space.id ?? ''
  }

  /** Joins by the ticket in the address bar, if there is one, and takes it from there: it is a key, and history is kept. */
  async function takeFragment(): Promise<void> {
    const fragment = location.hash.slice(1)
    if (!fragment.includes('joinery:') && !fragment.includes('joinery%3A')) return show(placeIn(history.state))
    const ticket = ticketIn(fragment)
    history.replaceState(history.state, '', location.pathname + location.search)
    try {
      await show({ space: (await peer.join(ticket)).id })
      history.replaceState({ space: screen?.space.id }, '')
    } catch (error) {
      showJoin()
      join.refuse(ticket, error)
    }
  }

  async function leave(space: Space): Promise<void> {
    const text =
      'Its documents go from this browser. The other members keep theirs. To come back you need an invitation.'
    if (!(await confirm({ title: `Leave “${space.label}”?`, text, act: 'Leave' }))) return
    // It is gone from the list at once; until all of it is gone the person goes on, and the focus must not be taken from them.
    const left = attempt(() => space.leave())
    await go({})
    focusFirst(screen && part('documents-title'), byId('join-ticket', HTMLTextAreaElement))
    await left
  }

  button('invite-open').addEventListener('click', () => screen && invite.open(screen.space))
  button('meet-open').addEventListener('click', () => screen && meet.open(screen.space))
  button('create-open').addEventListener('click', () => create.open())
  button('document-delete').addEventListener('click', () => void screen?.remove())
  button('document-back').addEventListener('click', () => {
    void go({ ...(screen && { space: screen.space.id }) })
    focusFirst(part('documents-title'))
  })
  button('join-another').addEventListener('click', showJoin)
  button('join-back').addEventListener('click', () => void show(placeIn(history.state)))
  button('leave').addEventListener('click', () => void (screen && leave(screen.space)))
  button('complaint-close').addEventListener('click', () => complain(''))
  picker.addEventListener('change', () => void go({ space: picker.value }))
  peer.on('spaces', () => {
    button('join-back').hidden = peer.spaces.length === 0
    if (screen && !peer.spaces.some((space) => space.id === screen?.space.id)) void show({})
    else if (screen) fillPicker()
  })
  peer.on('error', (error) => {
    lastError = error
    complain(error.message)
  })
  peer.on('close', () => stop(lastError ?? new Error('This peer was closed.')))
  // An address with a fragment would be a step in the tab's history, and "back" lead to another place.
  byId('skip', HTMLAnchorElement).addEventListener('click', (event) => {
    event.preventDefault()
    focusFirst(part('document-name').checkVisibility() ? part('document-name') : part('main'))
  })
  addEventListener('popstate', (event) => void show(placeIn(event.state)))
  addEventListener('hashchange', () => void takeFragment())
  addEventListener('pagehide', (event) => void (event.persisted || peer.close()))
  void takeFragment()
}

function placeIn(state: unknown): Place {
  return typeof state === 'object' && state !== null ? state : {}
}

function only(shown: 'stop-screen' | 'join-screen' | 'space-screen'): void {
  for (const id of ['wait-screen', 'stop-screen', 'join-screen', 'space-screen']) part(id).hidden = id !== shown
}
