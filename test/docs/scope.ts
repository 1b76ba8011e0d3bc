// The names among which examples run: all that the package exports, and a peer with a space and a list in it.

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import * as joinery from 'joinery'
import * as doc from 'joinery/doc'
import * as broadcastNetworks from 'joinery/net/broadcast-channel'
import * as memoryNetworks from 'joinery/net/memory'
import * as reconcile from 'joinery/reconcile'
import * as browserStores from 'joinery/store/indexeddb'
import * as memoryStores from 'joinery/store/memory'
import * as testing from 'joinery/testing'

export type Groceries = { items: { name: string; done: boolean }[] }

export type Board = {
  title: string
  note: doc.Text
  votes: doc.Counter
  tags: doc.SetOf<string>
  events: doc.Log<string>
  owner: doc.Register<string>
  position: { x: number; y: number }
}

export type Scope = typeof exported & {
  readonly peer: joinery.Peer
  readonly space: joinery.Space
  readonly list: joinery.DocHandle<Groceries>
  readonly doc: doc.Doc<Board>
  /** An invitation to a space of somebody else, who is away. */
  readonly ticket: string
}

const exported = {
  ...testing,
  ...doc,
  ...reconcile,
  ...memoryStores,
  ...browserStores,
  ...memoryNetworks,
  ...broadcastNetworks,
  ...joinery,
}

export const scopeNames: readonly string[] = [...Object.keys(exported), 'peer', 'space', 'list', 'doc', 'ticket']

/** Types that fragments name. */
export const typeNames: readonly string[] = [
  'Counter',
  'DocHandle',
  'Log',
  'Peer',
  'Register',
  'SetOf',
  'Space',
  'Status',
  'Text',
  'Value',
]

/** Runs a fragment in a fresh scope. Peers that it opens rest beneath `folder`, talk to nobody unless told to, and are closed after it. */
export async function withScope(folder: string, fragment: (scope: Scope) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(folder, 'scope-'))
  const opened: joinery.Peer[] = []
  const openPeer = async ({ path = 'default', ...options }: joinery.PeerOptions = {}): Promise<joinery.Peer> => {
    const peer = await joinery.openPeer({ network: 'none', ...options, path: join(home, path) })
    opened.push(peer)
    return peer
  }
  try {
    const peer = await openPeer({ store: 'memory' })
    const space = await peer.space('Examples')
    const list = await space.open<Groceries>('groceries', { init: { items: [] } })
    const away = await openPeer({ store: 'memory', path: 'away' })
    const ticket = await (await away.space('Others')).invite()
    const board = doc.createDoc<Board>()
    board.change((d) => {
      d.title = ''
      d.note = doc.text('Hello')
    })
    await fragment({ ...exported, openPeer, peer, space, list, doc: board, ticket })
  } finally {
    await Promise.all(opened.map((peer) => peer.close()))
  }
}
