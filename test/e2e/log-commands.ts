// A peer that writes one entry after another into a log until it is killed, and tells which of them are settled: the same in a Node process and in a page.

import type { DocHandle, Peer, PeerOptions, Space } from '../../src/peer/api.ts'

export type Log = { entries: string[] }

export const LOG = 'log'
/** How a space of this test opens its log. */
export const openLog = (space: Space): Promise<DocHandle<Log>> => space.open<Log>(LOG, { init: { entries: [] } })

export type LogCommands = ReturnType<typeof logCommands>

/** `settled` is told of each entry once it is durable. */
export function logCommands(openPeer: (options: PeerOptions) => Promise<Peer>, settled: (entry: string) => void) {
  let space: Space
  let log: DocHandle<Log>

  return {
    /** Opens the peer and answers with what it holds before anybody else could tell it. */
    async open({ path, ticket }: { readonly path: string; readonly ticket: string }) {
      const peer = await openPeer({ path })
      const held = peer.spaces.length
      space = await peer.join(ticket)
      log = await openLog(space)
      return { spaces: held, entries: log.value.entries }
    },

    /** Waits until another member is in contact. */
    async meet(_: object) {
      while (!space.status.current.peers.some(({ connected }) => connected)) await pause(5)
    },

    /** Writes until the end. */
    write({ run }: { readonly run: string }) {
      void (async () => {
        for (let number = 0; ; number++) {
          const entry = `${run}:${number}`
          log.change((d) => {
            d.entries.push(entry)
          })
          // Not waited for: many are on their way to the disk when the end comes.
          void log.settled().then(() => settled(entry))
          await pause(1)
        }
      })()
    },

    value: (_: object) => log.value.entries,
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
