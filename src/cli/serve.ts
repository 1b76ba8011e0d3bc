// `joinery serve`, the main job: a peer on a folder, its command socket, and the page on this computer. It runs until it is told to end.

import { setTimeout as delay } from 'node:timers/promises'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import type { Peer, Space } from '../node.ts'
import { handlerFor } from './client.ts'
import { connectToPeer, listenForCommands } from './command-socket.ts'
import type { Output } from './output.ts'
import { pageFolder } from './package-files.ts'
import { type PageServer, servePage } from './page-server.ts'
import { showSelf, withQr } from './show.ts'
import { SparseErrors } from './sparse-errors.ts'

export interface ServeOptions {
  readonly folder: string
  readonly port: number
  readonly name: string | undefined
  /** Finds peers on the local network. */
  readonly mdns: boolean
  /** Prints QR codes even where stdout is no terminal. */
  readonly qr: boolean
}

/** What a user waits at most for a clean end. */
const closeMs = 2_800
const firstSpace = 'Home'

/** Serves until `signal` fires. Errors: 'store-locked', 'port-in-use', and those of openPeer. */
export async function serve(options: ServeOptions, output: Output, signal: AbortSignal): Promise<void> {
  const opened: (() => Promise<void>)[] = []
  try {
    await refuseSecond(options.folder)
    const page = await servePage(pageFolder(), options.port)
    opened.push(() => page.close())
    const peer = await open(options)
    opened.push(() => closeSaved(peer))
    const commands = await listenForCommands(options.folder, handlerFor(peer, options.folder))
    opened.push(() => commands.close())
    if (peer.spaces.length === 0) await peer.space(firstSpace)
    await new Report(peer, page, options, output).start()
    await aborted(signal)
  } finally {
    await closeAll(opened)
  }
}

async function open({ folder, name, mdns }: ServeOptions): Promise<Peer> {
  const { libp2pNetwork, openPeer } = await import('../node.ts') // Late, so that a taken port is told at once.
  return openPeer({ path: folder, network: libp2pNetwork({ mdns }), ...(name === undefined ? {} : { name }) })
}

/** The store would say so as well; the port, asked first, would tell half the story. */
async function refuseSecond(folder: string): Promise<void> {
  const socket = await connectToPeer(folder)
  if (socket === undefined) return
  socket.destroy()
  throw new JoineryError(
    'store-locked',
    `A peer already runs on ${folder}. Use that one, or name another folder with --path.`,
  )
}

/** Closes a peer. What it could not save it tells as an 'error' event, which is shown; a script learns of it by the exit code. Errors: 'unsaved'. */
async function closeSaved(peer: Peer): Promise<void> {
  let unsaved: JoineryError | undefined
  peer.on('error', (error) => {
    if (error.code === 'unsaved') unsaved = error
  })
  await peer.close()
  if (unsaved !== undefined) throw unsaved
}

/** Closes the last opened first: commands before the peer they use, the peer before the page that shows it. */
async function closeAll(opened: readonly (() => Promise<void>)[]): Promise<void> {
  const closing = (async () => {
    for (const close of opened.toReversed()) await close()
    return true
  })()
  const isClosed = await Promise.race([closing, delay(closeMs, false)])
  if (!isClosed)
    throw new JoineryError('timeout', `The peer did not close within ${closeMs} ms. What was saved is on disk.`)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Tells who this is, how others get in, and on a terminal who comes and goes. */
class Report {
  readonly #peer: Peer
  readonly #page: PageServer
  readonly #options: ServeOptions
  readonly #output: Output
  readonly #known = new Set<string>()

  constructor(peer: Peer, page: PageServer, options: ServeOptions, output: Output) {
    this.#peer = peer
    this.#page = page
    this.#options = options
    this.#output = output
  }

  async start(): Promise<void> {
    await (this.#output.json ? this.#jsonHead() : this.#head())
    for (const space of this.#peer.spaces) await this.#space(space)
    if (!this.#output.json) await this.#output.line('Ctrl+C ends this peer; what is saved stays.')
    const sparse = new SparseErrors()
    this.#peer.on('error', (error) => {
      const told = sparse.pass(error, performance.now())
      if (told !== undefined) void this.#output.error(told)
    })
    this.#peer.on('spaces', (spaces) => {
      for (const space of spaces) void this.#space(space)
    })
  }

  #jsonHead(): Promise<void> {
    const { id, name, addresses } = this.#peer
    const { folder } = this.#options
    return this.#output.value({ event: 'ready', peer: id, name, folder, port: this.#page.port, addresses })
  }

  async #head(): Promise<void> {
    const output = this.#output
    await output.line(showSelf(output, this.#peer))
    await output.line(`Data in ${this.#options.folder}\n`)
  }

  async #space(space: Space): Promise<void> {
    if (this.#known.has(space.id)) return
    this.#known.add(space.id)
    this.#follow(space)
    try {
      await this.#invitation(space, await space.invite())
    } catch (error) {
      // The space may have been left, or the peer closed, while the invitation was made.
      if (!isJoineryError(error, 'closed')) await this.#output.error(error)
    }
  }

  async #invitation(space: Space, invitation: string): Promise<void> {
    const { id, label } = space
    const url = `${this.#page.url}#${invitation}`
    const output = this.#output
    if (output.json) return output.value({ event: 'space', id, label, invitation, url })
    await output.line(`Space ${output.bold(output.safe(label))}: open it on this computer at`)
    await output.line(`  ${url}`)
    await output.line('Invite others to it; whoever has this invitation reads and writes for ever:')
    await output.line(`${withQr(output, invitation, this.#options.qr || output.isTerminal)}\n`)
  }

  /** Tells when a member comes or goes: to programs, and to people who watch. */
  #follow(space: Space): void {
    if (!this.#output.json && !this.#output.isTerminal) return
    const inContact = new Map<string, boolean>()
    space.status.subscribe(({ peers }) => {
      for (const { id, name, connected, transport } of peers) {
        if ((inContact.get(id) ?? false) === connected) continue
        inContact.set(id, connected)
        void this.#contact(space, { id, name, connected, transport })
      }
    })
  }

  #contact(
    space: Space,
    peer: { id: string; name: string; connected: boolean; transport: string | undefined },
  ): Promise<void> {
    const output = this.#output
    if (output.json) return output.value({ event: peer.connected ? 'came' : 'went', space: space.id, ...peer })
    const how = peer.connected ? `came, by ${peer.transport ?? 'an unknown way'}` : 'went'
    return output.line(`${output.safe(space.label)}: ${output.safe(peer.name)} ${how}`)
  }
}
