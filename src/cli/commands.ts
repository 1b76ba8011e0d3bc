// What each command does, on an open peer: the same code for a peer that runs and for one opened by the command itself.
// Every answer is plain JSON.

import { isJoineryError, JoineryError } from '../base/errors.ts'
import type { DocHandle, Peer, Space, Status } from '../node.ts'
import { assign, rehearse } from './edit.ts'
import { find } from './path.ts'
import { plain } from './plain.ts'
import type { JoinRequest, Place, Request } from './requests.ts'

/** The answers of each command. `watch` gives one per change, the others one. */
export interface Answers {
  readonly ls: readonly SpaceAnswer[]
  readonly 'ls SPACE': readonly string[]
  readonly cat: unknown
  readonly watch: unknown
  readonly set: { readonly space: string; readonly document: string; readonly saved: true }
  readonly status: StatusAnswer
  readonly export: unknown
  readonly invite: { readonly id: string; readonly label: string; readonly invitation: string }
  readonly join: SpaceAnswer & { readonly met: boolean }
}

export interface SpaceAnswer {
  readonly id: string
  readonly label: string
  readonly documents: readonly string[]
}

export interface StatusAnswer {
  readonly peer: string
  readonly name: string
  /** False when the folder was opened for this answer alone, without a network. */
  readonly running: boolean
  readonly paused: boolean
  readonly addresses: readonly string[]
  readonly traffic: Peer['traffic']
  readonly spaces: readonly (SpaceAnswer & { readonly status: Status })[]
}

export interface Context {
  readonly signal: AbortSignal
  /** Whether the peer runs for longer than this command. */
  readonly running: boolean
}

/** Does one request. Errors: 'no-such-space', 'ambiguous-space', 'no-such-document', 'bad-path', and those of the peer. */
export async function* execute(peer: Peer, request: Request, context: Context): AsyncGenerator<unknown> {
  switch (request.command) {
    case 'ls':
      yield request.space === undefined ? peer.spaces.map(summary) : spaceOf(peer, request.space).documents
      return
    case 'cat':
      yield await withDocument(peer, request, (handle) => valueAt(handle, request.path))
      return
    case 'watch':
      yield* watch(peer, request, context.signal)
      return
    case 'set':
      yield await set(peer, request)
      return
    case 'status':
      yield status(peer, context.running)
      return
    case 'export':
      yield plain(await peer.export())
      return
    case 'invite':
      yield await invite(spaceOf(peer, request.space))
      return
    case 'join':
      yield await join(peer, request, context.signal)
      return
    default:
      request satisfies never
  }
}

type PathRequest = Extract<Request, { readonly command: 'cat' | 'watch' }>
type SetRequest = Extract<Request, { readonly command: 'set' }>

function valueAt(handle: DocHandle, path: PathRequest['path']): unknown {
  const found = find(handle.value, path)
  if (!found.found) throw new JoineryError('bad-path', found.why)
  return plain(found.value)
}

/** The value now and after each change that alters it; null where nothing stands at the path. */
async function* watch(peer: Peer, { path, ...place }: PathRequest, signal: AbortSignal): AsyncGenerator<unknown> {
  const handle = await openExisting(peer, place)
  try {
    let last: { readonly value: unknown } | undefined
    for await (const value of values(handle, signal)) {
      const found = find(value, path)
      const now = found.found ? found.value : null
      if (last !== undefined && Object.is(last.value, now)) continue // The same reference until it changes.
      last = { value: now }
      yield plain(now)
    }
  } finally {
    handle.close()
  }
}

/** The document's values: a slow reader misses none but the ones in between. Ends with the signal or throws what closed it. */
async function* values(handle: DocHandle, signal: AbortSignal): AsyncGenerator<unknown> {
  let wake = (): void => {}
  let isNew = true
  let closed: JoineryError | undefined
  const stops = [
    handle.subscribe(() => {
      isNew = true
      wake()
    }),
    handle.on('close', (reason) => {
      closed = reason ?? new JoineryError('closed', 'The peer on this folder ended.')
      wake()
    }),
  ]
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      if (closed !== undefined) throw closed
      if (!isNew) await new Promise<void>((resolve) => (wake = resolve))
      if (!isNew) continue
      isNew = false
      yield handle.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    for (const stop of stops) stop()
  }
}

/** Sets a value, durably. The document is made if it is not there; the space is not. */
async function set(peer: Peer, request: SetRequest): Promise<Answers['set']> {
  const space = spaceOf(peer, request.space)
  // A path that cannot be is told before it leaves an empty document behind.
  if (!space.documents.includes(request.document)) rehearse(request.path, request.value)
  const handle = await space.open(request.document)
  try {
    assign(handle, request.path, request.value)
    await handle.settled()
  } finally {
    handle.close()
  }
  return { space: space.id, document: handle.name, saved: true }
}

function status(peer: Peer, running: boolean): StatusAnswer {
  return {
    peer: peer.id,
    name: peer.name,
    running,
    paused: peer.paused,
    addresses: peer.addresses,
    traffic: peer.traffic,
    spaces: peer.spaces.map((space) => ({ ...summary(space), status: space.status.current })),
  }
}

async function invite(space: Space): Promise<Answers['invite']> {
  return { id: space.id, label: space.label, invitation: await space.invite() }
}

async function join(peer: Peer, request: JoinRequest, signal: AbortSignal): Promise<Answers['join']> {
  const space = await peer.join(request.ticket, request.label === undefined ? {} : { label: request.label })
  const met = request.timeoutMs > 0 && (await hasMet(space, request.timeoutMs, signal))
  await peer.flush()
  return { ...summary(space), met }
}

async function hasMet(space: Space, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await space.met({ timeoutMs, signal })
    return true
  } catch (error) {
    if (isJoineryError(error, 'timeout')) return false
    throw error
  }
}

function summary(space: Space): SpaceAnswer {
  return { id: space.id, label: space.label, documents: space.documents }
}

/** The space with this label or id. Unlike peer.space() it makes none: a slip of the finger is an error. */
function spaceOf(peer: Peer, labelOrId: string): Space {
  const [space, ...others] = peer.spaces.filter(
    ({ id, label }) => id === labelOrId || label === labelOrId.normalize('NFC'),
  )
  if (space === undefined) {
    const labels = peer.spaces.map(({ label }) => JSON.stringify(label)).join(', ')
    const hint =
      labels === '' ? 'There is none yet: "joinery serve" makes one, "joinery join" joins one.' : `There is ${labels}.`
    throw new JoineryError('no-such-space', `There is no space ${JSON.stringify(labelOrId)}. ${hint}`)
  }
  if (others.length === 0) return space
  const ids = [space, ...others].map(({ id }) => id)
  const sentence = `Several spaces are called ${JSON.stringify(labelOrId)}. Say which by its id: ${ids.join(', ')}.`
  throw new JoineryError('ambiguous-space', sentence, { details: { ids } })
}

async function openExisting(peer: Peer, { space: labelOrId, document }: Place): Promise<DocHandle> {
  const space = spaceOf(peer, labelOrId)
  if (space.documents.includes(document)) return space.open(document)
  throw new JoineryError(
    'no-such-document',
    `The space ${JSON.stringify(space.label)} has no document ${JSON.stringify(document)}.`,
  )
}

async function withDocument<T>(peer: Peer, place: Place, use: (handle: DocHandle) => T): Promise<T> {
  const handle = await openExisting(peer, place)
  try {
    return use(handle)
  } finally {
    handle.close()
  }
}
