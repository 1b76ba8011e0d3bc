// Who does a request: the peer that runs on the folder, asked over its socket; only when none runs, this process opens the folder.

import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import type { Peer } from '../node.ts'
import type { Answers } from './answers.ts'
import { ask, connectToPeer, type Handler, listenForCommands } from './command-socket.ts'
import { execute } from './commands.ts'
import { decodeRequest, type FsckRequest, type Request } from './requests.ts'

export interface Where {
  readonly folder: string
  readonly signal: AbortSignal
}

/** Another command may hold the folder for a moment, or `serve` may just be starting: so long we try again. */
const lockedMs = 10_000
const retryMs = 100
/** A running peer answers within this time, or it is stopped. */
const answerMs = 30_000

/** Does a request and yields its answers. Errors: those of `execute`, `ask` and `openPeer`. */
async function* perform(request: Request, where: Where): AsyncGenerator<unknown> {
  if (request.command === 'fsck' && !(await isRunning(where.folder))) {
    yield await look(request, where.folder)
    return
  }
  const peer = await peerFor(request, where)
  if (peer.type === 'running') {
    const waitMs = request.command === 'join' ? request.timeoutMs : 0
    yield* ask(peer.socket, request, { signal: where.signal, firstAnswerMs: answerMs + waitMs })
    return
  }
  try {
    yield* execute(peer.peer, request, { ...where, running: false })
  } finally {
    await peer.close()
  }
}

/** The same with the answers' type: what comes through the socket was made by the same code (the request holds its version). */
export function answers<Name extends keyof Answers>(request: Request, where: Where): AsyncGenerator<Answers[Name]> {
  return perform(request, where) as AsyncGenerator<Answers[Name]>
}

/** The one request that opens no peer: what it looks at may be what keeps one from opening. */
async function look({ repair }: FsckRequest, folder: string): Promise<Answers['fsck']> {
  await expectData(folder)
  const { checkFolder, repairFolder } = await import('../node.ts')
  return repair ? repairFolder(folder) : checkFolder(folder)
}

async function isRunning(folder: string): Promise<boolean> {
  const socket = await connectToPeer(folder)
  socket?.destroy()
  return socket !== undefined
}

/** What a running peer does with requests from its socket. */
export function handlerFor(peer: Peer, folder: string): Handler {
  return (request, signal) => execute(peer, decodeRequest(request), { folder, signal, running: true })
}

type Found =
  | { readonly type: 'running'; readonly socket: NonNullable<Awaited<ReturnType<typeof connectToPeer>>> }
  | { readonly type: 'opened'; readonly peer: Peer; readonly close: () => Promise<void> }

async function peerFor(request: Request, { folder, signal }: Where): Promise<Found> {
  const deadline = AbortSignal.timeout(lockedMs)
  for (;;) {
    const socket = await connectToPeer(folder)
    if (socket !== undefined) return { type: 'running', socket }
    try {
      return await openFolder(request, folder)
    } catch (error) {
      if (!isJoineryError(error, 'store-locked') || deadline.aborted) throw error
      await delay(retryMs, undefined, { signal })
    }
  }
}

/** Opens the folder for one command: with a network only where the command is about others. */
async function openFolder(request: Request, folder: string): Promise<Found> {
  if (request.command !== 'join' && request.command !== 'restore') await expectData(folder)
  const { openPeer } = await import('../node.ts')
  if (!isAboutOthers(request)) {
    const peer = await openPeer({ path: folder, network: 'none' })
    return { type: 'opened', peer, close: () => peer.close() }
  }
  // This may last, so that other commands find this peer as they would find `serve`.
  const peer = await openPeer({ path: folder })
  const server = await listenForCommands(folder, handlerFor(peer, folder)).catch(async (error) => {
    await peer.close()
    throw error
  })
  const close = async (): Promise<void> => {
    await server.close()
    await peer.close()
  }
  return { type: 'opened', peer, close }
}

function isAboutOthers({ command }: Request): boolean {
  return command === 'join' || command === 'watch' || command === 'invite' || command === 'meet' || command === 'doctor'
}

/** A command that reads or edits makes no folder: a slip in --path is an error. */
async function expectData(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR')
      throw new JoineryError('store-denied', `${folder} is a file. Name a folder with --path.`)
    return undefined // The store says what is wrong with it.
  })
  if (names?.length !== 0) return
  const sentence = `There is no data in ${folder}. "joinery serve" makes some, "joinery join" fetches some, --path names another folder.`
  throw new JoineryError('no-such-space', sentence)
}
