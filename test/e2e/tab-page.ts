// One tab of several on one store: steered and asked by the test that opened it, through `globalThis.tab`.

import { openDB } from 'idb'
import { openPeer } from '../../src/browser.ts'
import type { DocHandle, Peer, Space, Status } from '../../src/peer/api.ts'

export interface TabLog {
  items: string[]
}

const path = 'tabs'

function tabCommands() {
  let peer: Peer | undefined
  let space: Space
  let log: DocHandle<TabLog>
  /** How long after it was made an edit of another tab showed here. */
  const latenciesMs: number[] = []
  const errors: string[] = []
  let writing: ReturnType<typeof setInterval> | undefined

  return {
    latenciesMs,
    errors,
    async open({ ticket, name }: { readonly ticket: string; readonly name: string }) {
      peer = await openPeer({ path, name })
      peer.on('error', ({ code }) => errors.push(code))
      space = await peer.join(ticket)
      log = await space.open<TabLog>('log', { init: { items: [] } })
      log.on('patch', ({ patches, local }) => {
        for (const patch of local ? [] : patches)
          for (const value of 'values' in patch ? patch.values : []) this.seen(String(value))
      })
    },
    seen(item: string) {
      const [, madeAt] = item.split('@')
      if (madeAt !== undefined) latenciesMs.push(performance.timeOrigin + performance.now() - Number(madeAt))
    },
    write(item: string) {
      log.change((d) => void d.items.push(`${item}@${performance.timeOrigin + performance.now()}`))
    },
    /** Settled or the code of what went wrong. */
    save: (item: string): Promise<string> => {
      try {
        log.change((d) => void d.items.push(item))
      } catch (error) {
        return Promise.resolve((error as { code: string }).code)
      }
      return log.settled().then(
        () => 'settled',
        (error) => error.code,
      )
    },
    /** Writes one after another until told to stop. */
    writeAll(number: number) {
      if (writing === undefined) writing = setInterval(() => this.write(`written ${number++}`), 1)
    },
    stopWriting() {
      clearInterval(writing)
      writing = undefined
    },
    items: (): readonly string[] => log.value.items.map((item) => item.split('@')[0] ?? ''),
    isOpen: () => peer !== undefined,
    leading: () => peer?.leading === true,
    status: (): Status => log.status.current,
    spaces: () => peer?.spaces.length ?? 0,
    /** Stands still where a debugger listens, with all that this tab holds; then acts as if no time had passed. */
    async stick(): Promise<string> {
      // biome-ignore lint/suspicious/noDebugger: it is what stops the tab
      debugger
      if (peer?.leading !== true) return 'knows already'
      return peer.compact().then(
        ({ documents }) => (documents === 0 ? 'compacted nothing' : 'compacted'),
        (error) => error.code,
      )
    },
    /** 'compacted', or the code of what went wrong. */
    compact: (): Promise<string> | undefined =>
      peer?.compact().then(
        () => 'compacted',
        (error) => error.code,
      ),
    /** How many snapshots there are. */
    snapshots: async (): Promise<number> => (await snapshotStreams()).length,
    /** How many there are of the stream that has most. */
    async snapshotsMost(): Promise<number> {
      const byStream = Map.groupBy(await snapshotStreams(), (stream) => stream)
      return Math.max(...[...byStream.values()].map(({ length }) => length))
    },
  }
}

/** The stream of each snapshot. */
async function snapshotStreams(): Promise<readonly string[]> {
  const database = await openDB(`joinery:${path}`)
  const rows = await database.getAll('packs')
  database.close()
  return rows.filter(({ upTo }) => upTo !== undefined).map(({ stream }) => stream)
}

declare global {
  var tab: ReturnType<typeof tabCommands>
  /** So many characters that nothing makes smaller. */
  var noise: (length: number) => string
}

globalThis.noise = (length) => {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return String.fromCharCode(...bytes.map((byte) => 33 + (byte % 90)))
}

globalThis.tab = tabCommands()
