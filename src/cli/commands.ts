// What each command does, on an open peer: the same code for a peer that runs and for one opened by the command itself.
// Every answer is plain JSON.

import { isJoineryError, JoineryError } from '../base/errors.ts'
import type { DocHandle, Peer, Space } from '../node.ts'
import { type Answers, type Context, spaceOf, status, summary } from './answers.ts'
import { backup, compact, doctor, fsck, restore } from './care.ts'
import { assign, rehearse } from './edit.ts'
import { meet, take } from './meet.ts'
import { find } from './path.ts'
import { plain } from './plain.ts'
import type { JoinRequest, Place, Request } from './requests.ts'

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
    case 'meet':
      yield* meet(peer, context.signal)
      return
    case 'take':
      yield* take(peer, request, context.signal)
      return
    case 'backup':
      yield* backup(peer, request)
      return
    case 'restore':
      yield* restore(peer, request, context.signal)
      return
    case 'compact':
      yield* compact(peer)
      return
    case 'fsck':
      yield* fsck(peer, request, context.folder)
      return
    case 'doctor':
      yield* doctor(peer, request, context)
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
