// What keeps data safe and small, on an open peer: bundles written and merged, journals compacted, and how the peer is doing.

import { createReadStream } from 'node:fs'
import { JoineryError, messageOf } from '../base/errors.ts'
import type { Peer } from '../node.ts'
import { type Answers, type Context, spaceOf, status, summary } from './answers.ts'
import type { BackupRequest, DoctorRequest, FsckRequest, RestoreRequest } from './requests.ts'

/** The bundle in pieces, and what is in it. Errors: 'no-such-space', 'ambiguous-space', and those of the store. */
export async function* backup(peer: Peer, request: BackupRequest): AsyncGenerator<Answers['backup']> {
  const spaces = request.spaces.length === 0 ? peer.spaces : request.spaces.map((name) => spaceOf(peer, name))
  for await (const piece of peer.backup({ spaces, withKeys: request.withKeys }))
    yield { piece: Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64') }
  const isDamaged = spaces.some(({ status }) => status.current.pending.some(({ reason }) => reason === 'damaged'))
  yield { spaces: spaces.map(summary), isWhole: !isDamaged }
}

/** Errors: 'bad-option' (no such file), 'bad-ticket', and those of peer.restore. */
export async function* restore(
  peer: Peer,
  { file, invitation }: RestoreRequest,
  signal: AbortSignal,
): AsyncGenerator<Answers['restore']> {
  yield { began: true }
  if (invitation !== undefined) await peer.join(invitation)
  yield await peer.restore(bytesOf(file, signal))
}

async function* bytesOf(file: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { signal })
  } catch (cause) {
    throw new JoineryError('bad-option', `The bundle ${file} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

export async function* compact(peer: Peer): AsyncGenerator<Answers['compact']> {
  yield { began: true }
  yield await peer.compact()
}

/** What is in the folder of this very peer. Errors: 'store-locked' (it cannot be repaired while we run on it), and those of checkFolder. */
export async function* fsck(peer: Peer, { repair }: FsckRequest, folder: string): AsyncGenerator<Answers['fsck']> {
  if (repair)
    throw new JoineryError(
      'store-locked',
      'A peer runs on this folder: end it, and repair then. Without --repair the folder is checked beside it.',
    )
  yield { began: true }
  await peer.flush()
  const { checkFolder } = await import('../node.ts')
  yield await checkFolder(folder, { lock: 'held' })
}

/** The status, once every space has somebody in contact, or the time is over. */
export async function* doctor(
  peer: Peer,
  { timeoutMs }: DoctorRequest,
  { signal, running }: Context,
): AsyncGenerator<Answers['doctor']> {
  yield { began: true }
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  await Promise.all(peer.spaces.map((space) => contact(space, inTime)))
  yield status(peer, running)
}

type Space = Peer['spaces'][number]

/** Resolves once all in contact hold the same, or one did since a time; or with the signal. */
export function contact({ status }: Space, signal: AbortSignal, sinceMs = Number.POSITIVE_INFINITY): Promise<void> {
  return new Promise((resolve) => {
    const isDone = (): boolean => signal.aborted || status.current.upToDate || hasAgreed(status.current, sinceMs)
    if (isDone()) return resolve()
    const off = status.subscribe(() => isDone() && end())
    const end = (): void => {
      off()
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end)
  })
}

export function hasAgreed({ lastAgreedAt }: Space['status']['current'], sinceMs: number): boolean {
  return lastAgreedAt !== undefined && lastAgreedAt >= sinceMs
}
