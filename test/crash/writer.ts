// A peer that writes into several documents and compacts them at once, over and over, until it is killed. It tells of each edit when it is made and
// when it is settled.

import { libp2pNetwork } from '../../src/net/libp2p.node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import { serveLines, tell } from '../e2e/line-server.ts'
import { type Book, digestOf, type OpenArgument, type Opened, openBook, type Pages } from './books.ts'

/** So small that segments are begun and freed in almost every life. */
const segmentBytes = 64 * 1024
const pauseMs = 1

let peer: Peer
let space: Space
let books: readonly DocHandle<Pages>[] = []
let current: readonly string[] = []
const gate = Promise.withResolvers<void>()

serveLines({
  /** Opens, and answers with what is held before anybody else can have told it: the network comes after. */
  async open(argument: OpenArgument): Promise<Opened> {
    current = argument.current
    const network = libp2pNetwork({ host: '127.0.0.1', mdns: false })
    peer = await openPeerOn(
      {
        path: argument.path,
        store: filesystemStore({ segmentBytes }),
        network: async (options) => {
          await gate.promise
          return network(options)
        },
        awaitNetwork: false,
        onThrow: (error) => tell({ error: String(error) }),
      },
      {},
    )
    peer.on('error', ({ code, message }) => tell({ error: `${code}: ${message}` }))
    const spaces = peer.spaces.length
    space = await peer.join(argument.ticket)
    const others = space.documents.filter((name) => !current.includes(name))
    return { spaces, current: await valuesOf(current), others: await digestsOf(others) }
  },

  /** Comes to agree with the others, and answers with what it holds then. */
  async agree(_: object): Promise<Readonly<Record<string, Book>>> {
    gate.resolve()
    while (!space.status.current.upToDate) await pause(5)
    return valuesOf(current)
  },

  /** Writes until the end. */
  write({ run }: { readonly run: number }): void {
    gate.resolve()
    void compactForEver()
    void (async () => {
      for (let number = 0; ; number++) {
        const entry = `${run}:${number}`
        const book = books[number % books.length] as DocHandle<Pages>
        // Now and then a large one.
        const text = number % 17 === 16 ? `${entry} ${'x'.repeat(5_000)}` : entry
        book.change((d) => {
          d.entries.push(text)
          d.count.add(1)
        })
        tell({ made: entry })
        // Not waited for: many are on their way to the disk when the end comes.
        void book.settled().then(() => tell({ settled: entry }))
        await pause(pauseMs)
      }
    })()
  },
})

async function compactForEver(): Promise<void> {
  for (;;) {
    await peer.compact()
    await pause(5)
  }
}

async function valuesOf(names: readonly string[]): Promise<Record<string, Book>> {
  books = await Promise.all(names.map((name) => openBook(space, name)))
  return Object.fromEntries(books.map(({ name, value }) => [name, value]))
}

async function digestsOf(names: readonly string[]): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  for (const name of names) {
    const book = await openBook(space, name)
    digests[name] = digestOf(book.value)
    book.close()
  }
  return digests
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
