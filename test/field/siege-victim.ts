// Who is besieged, as a program, so that its memory can be weighed: one peer with one document, and what it noted of those who came.

import { filesystemStore, libp2pNetwork } from '../../src/node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { serveLines } from '../e2e/line-server.ts'

export type Notes = Record<string, string>

let peer: Peer
let space: Space
let notes: DocHandle<Notes>
const noted: string[] = []
/** Lines that a log of errors would have. */
const logged: string[] = []

const commands = {
  async open({ path, document }: { readonly path: string; readonly document: string }) {
    peer = await openPeerOn(
      {
        path,
        store: filesystemStore(),
        network: libp2pNetwork({ host: '127.0.0.1', mdns: false }),
        awaitNetwork: true,
        onThrow: (error) => {
          throw error
        },
      },
      {
        name: 'Ada',
        trace: (event, ...words) => {
          if (event !== 'gossip') noted.push([event, ...words].join(' '))
        },
      },
    )
    peer.on('error', ({ code, message }) => logged.push(`${code} ${message}`))
    space = await peer.space('Siege')
    notes = await space.open<Notes>(document)
    // Something to pull, so that who takes without reading has much to take.
    notes.change((d) => void (d.large = 'x'.repeat(1_000_000)))
    // Answers whoever writes: the honest member sees how long that takes.
    notes.subscribe(() => {
      const { asked } = notes.value
      if (asked !== undefined && notes.value.answered !== asked) notes.change((d) => void (d.answered = asked))
    })
    return { ticket: await space.invite(), addresses: peer.addresses }
  },

  /** Megabytes in use, after the garbage is gone. */
  weigh(_: object) {
    for (let i = 0; i < 2; i++) globalThis.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { usedMB: (heapUsed + external) / 1e6, residentMB: rss / 1e6 }
  },

  /** What was noted of somebody. */
  noted: ({ names }: { readonly names: readonly string[] }) =>
    noted.filter((line) => names.some((name) => line.includes(name))),
  logged: (_: object) => logged,
  contacts: (_: object) => space.status.current.peers.filter(({ connected }) => connected).length,
}

export type VictimCommands = typeof commands
serveLines(commands)
