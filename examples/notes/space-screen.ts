// One space on the screen: its documents, the open one, its peers. Made anew when another space is chosen.

import type { JoineryError, Peer, Space } from 'joinery'
import { confirm } from './confirm.ts'
import { documentView } from './document-view.ts'
import { documentList } from './documents.ts'
import { announce, attempt, button, complain, focusFirst, part } from './dom.ts'
import { type Begun, share } from './edits.ts'
import { peersPanel } from './peers.ts'
import { statusBar } from './status-bar.ts'

export interface SpaceScreen {
  readonly space: Space
  /** Shows a document, or none. */
  show(name: string | undefined): Promise<void>
  /** Makes a document. Throws what the space throws, and when the name is taken. */
  create(name: string, kind: Begun): Promise<void>
  /** Asks, then deletes the open document for all members. */
  remove(): Promise<void>
  close(): void
}

export interface Wishes {
  /** The user, or a deletion, asks for another document (or for none). */
  onOpen(name: string | undefined): void
  /** The user asks for another name. */
  onRename(): void
}

export function spaceScreen(peer: Peer, space: Space, { onOpen, onRename }: Wishes): SpaceScreen {
  const list = documentList(space, onOpen)
  const offs = [
    statusBar(peer, space),
    peersPanel(peer, space, onRename),
    space.on('error', (error) => complain(error.message)),
  ]
  let open: string | undefined
  let deleting: string | undefined
  let closeOpen = (): void => {}

  async function show(wanted: string | undefined): Promise<void> {
    // "Back" may lead to one that was deleted: opening it would begin it anew.
    const name = wanted !== undefined && list.has(wanted) ? wanted : undefined
    closeOpen()
    closeOpen = () => {}
    open = name
    list.mark(name)
    frame(name)
    if (name === undefined) return
    await attempt(async () => {
      const handle = await list.shelf.open(name)
      if (open !== name) return // Another was chosen meanwhile.
      const endView = documentView(handle)
      const off = handle.on('close', (reason) => went(name, reason))
      closeOpen = () => {
        off()
        endView()
      }
      part('document').hidden = false
      part('document-name').focus()
    })
  }

  function frame(name: string | undefined): void {
    part('space-screen').dataset.view = name === undefined ? 'list' : 'document'
    part('document').hidden = true
    part('document-none').hidden = name !== undefined
    document.title = name === undefined ? `${space.label} – Joinery notes` : `${name} – ${space.label} – Joinery notes`
  }

  function went(name: string, reason: JoineryError | undefined): void {
    if (open !== name || reason?.code !== 'document-deleted') return
    onOpen(undefined)
    focusFirst(part('documents-title'))
    if (deleting === name) announce(`“${name}” is deleted.`)
    else complain(`“${name}” was deleted by another member.`)
  }

  frame(undefined)
  return {
    space,
    show,
    async create(name, kind) {
      if (space.documents.includes(name)) throw new Error(`There is a document “${name}” already. Choose another name.`)
      share(await list.shelf.open(name, kind), kind)
    },
    async remove() {
      const name = open
      if (name === undefined) return
      const text = 'It goes from every peer of this space, and cannot be brought back.'
      if (!(await confirm({ title: `Delete “${name}”?`, text, act: 'Delete for everyone' }))) return
      deleting = name
      await attempt(() => space.delete(name))
      deleting = undefined
      focusFirst(button('create-open'))
    },
    close() {
      closeOpen()
      for (const off of offs) off()
      list.close()
    },
  }
}
