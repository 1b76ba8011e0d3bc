// `joinery fsck`: every file of a folder and every document in it looked at, and what can be mended mended. It is the one place that knows both
// how a store lies in files and what its records mean.

import { mkdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { spaceKeys } from './auth/keys.ts'
import { systemClock } from './base/clock.ts'
import { isJoineryError, messageOf } from './base/errors.ts'
import { systemRandom } from './base/random.ts'
import { inspectDocument } from './peer/inspect.ts'
import { openPeerOn } from './peer/peer.ts'
import type { Platform } from './peer/platform.ts'
import { decodeSpaceRecord, type SpaceRecord, spacesPrefix } from './peer/shelf.ts'
import type { Host } from './store/filesystem/disk.ts'
import { storeError } from './store/filesystem/files.ts'
import { type Finding, type Inspection, inspectFolder } from './store/filesystem/inspect.ts'
import { takeLock } from './store/filesystem/lock.ts'
import { nodeDisk } from './store/filesystem/node-disk.ts'
import { filesystemStore } from './store/filesystem.ts'

export type { Finding } from './store/filesystem/inspect.ts'

export interface FolderReport {
  /** Nothing is damaged; what is harmless may be listed all the same. */
  readonly isWhole: boolean
  readonly findings: readonly Finding[]
  readonly segments: number
  readonly bytes: number
  readonly spaces: number
  readonly documents: number
  readonly edits: number
}

export interface RepairReport extends FolderReport {
  /** What was found before. */
  readonly before: readonly Finding[]
  /** Copies of what was moved away. */
  readonly kept: readonly string[]
}

const host: Host = { disk: nodeDisk, random: systemRandom }

/** A peer that talks to nobody. */
const alone: Platform = {
  path: '',
  store: filesystemStore(),
  network: () => Promise.reject(new Error('a folder is repaired without a network')),
  awaitNetwork: false,
  onThrow: () => {}, // Nobody listens.
}

/**
 * Reads all that is in a peer's folder, every file and every document, and alters nothing. Who runs the peer on it says so with `lock: 'held'`; else
 * nobody may. Errors: 'store-locked' (a peer runs on it), 'store-denied', 'store-newer', 'store-older'.
 *
 * @example
 * const report = await checkFolder('./data').catch((error) => console.log(error.message))
 * for (const { where, damage, follows } of report?.findings ?? []) console.log(where, damage, follows)
 */
export async function checkFolder(
  path: string,
  { lock = 'take' }: { readonly lock?: 'take' | 'held' } = {},
): Promise<FolderReport> {
  const folder = nodeDisk.resolve(path)
  try {
    return await (lock === 'take' ? checkLocked(folder) : checkOwn(folder))
  } catch (error) {
    throw storeError(error, folder)
  }
}

async function checkLocked(folder: string): Promise<FolderReport> {
  const lock = takeLock(host, folder)
  try {
    return await report(inspectFolder(host, folder))
  } finally {
    lock.release()
  }
}

/** Beside our own peer's writing: all is read at one moment. */
function checkOwn(folder: string): Promise<FolderReport> {
  const inspection = inspectFolder(host, folder)
  const records = new Map(inspection.streams.map((stream) => [stream, inspection.read(stream)]))
  return report({ ...inspection, read: (stream) => records.get(stream) ?? [] })
}

/**
 * Mends what can be mended without others: moves damaged small files away, lets the store cut off what a crash left, and writes whole documents anew.
 * What is gone stays gone until a member, or a backup, brings it back. Errors: those of checkFolder and openPeer.
 *
 * @example
 * const report = await repairFolder('./data').catch((error) => console.log(error.message))
 * console.log(report?.kept) // copies of what was moved away
 */
export async function repairFolder(path: string): Promise<RepairReport> {
  const folder = nodeDisk.resolve(path)
  const before = await checkFolder(folder)
  const kept = await moveAway(folder, brokenFiles(folder))
  // The store notes its doubts first: what it lost, it must not write again under the same name (Invariant 11).
  const peer = await openPeerOn(alone, { path: folder, network: 'none' })
  try {
    await peer.compact()
  } finally {
    await peer.close()
  }
  return { ...(await checkFolder(folder)), before: before.findings, kept }
}

function brokenFiles(folder: string): readonly string[] {
  const lock = takeLock(host, folder)
  try {
    const inspection = inspectFolder(host, folder)
    return [...inspection.broken, ...readSpaces(inspection).broken.map((key) => inspection.shelfPath(key))].filter(
      (file) => nodeDisk.facts(file) !== undefined,
    )
  } finally {
    lock.release()
  }
}

async function moveAway(folder: string, files: readonly string[]): Promise<string[]> {
  if (files.length === 0) return []
  const keep = join(folder, 'removed', new Date(systemClock.now()).toISOString().replaceAll(':', '-'))
  await mkdir(keep, { recursive: true, mode: 0o700 })
  const kept: string[] = []
  for (const file of files) {
    const to = join(keep, basename(file))
    await rename(file, to)
    kept.push(to)
  }
  nodeDisk.syncFolder(keep)
  for (const name of new Set(files.map((file) => nodeDisk.parent(file)))) nodeDisk.syncFolder(name)
  return kept
}

async function report(inspection: Inspection): Promise<FolderReport> {
  const spaces = readSpaces(inspection)
  const findings = [...inspection.findings, ...spaces.findings]
  let documents = 0
  let edits = 0
  for (const stream of inspection.streams) {
    const space = spaces.byId.get(stream.slice(0, stream.indexOf('/')))
    const found = space === undefined ? keyless(stream) : await inspectStream(inspection, stream, space)
    findings.push(...found.findings)
    documents++
    edits += found.edits
  }
  const { segments, bytes } = inspection
  const isWhole = findings.every(({ state }) => state === 'harmless')
  return { isWhole, findings, segments, bytes, spaces: spaces.byId.size, documents, edits }
}

interface Spaces {
  readonly byId: ReadonlyMap<string, SpaceRecord>
  readonly findings: readonly Finding[]
  /** Keys of the shelf under which no record of that space stands. */
  readonly broken: readonly string[]
}

function readSpaces(inspection: Inspection): Spaces {
  const byId = new Map<string, SpaceRecord>()
  const findings: Finding[] = []
  const broken: string[] = []
  for (const key of inspection.shelfKeys.filter((one) => one.startsWith(spacesPrefix))) {
    const bytes = inspection.shelf(key)
    if (bytes === undefined) continue // Its file is damaged, and listed.
    try {
      byId.set(key.slice(spacesPrefix.length), decodeSpaceRecord(bytes, key))
    } catch (error) {
      if (!isJoineryError(error, 'store-damaged')) throw error
      broken.push(key)
      findings.push({
        where: key,
        damage: messageOf(error),
        follows:
          'The peer does not open before it is moved away (--repair); then join the space again with an invitation.',
        state: 'lost',
      })
    }
  }
  return { byId, findings, broken }
}

interface Found {
  readonly edits: number
  readonly findings: readonly Finding[]
}

function keyless(stream: string): Found {
  const finding: Finding = {
    where: `stream ${stream}`,
    damage: 'It is of a space whose key is not here.',
    follows: 'It stays, and is read again once the space is joined with an invitation.',
    state: 'lost',
  }
  return { edits: 0, findings: [finding] }
}

async function inspectStream(inspection: Inspection, stream: string, { secret, label }: SpaceRecord): Promise<Found> {
  const { name, edits, damages } = await inspectDocument(stream, inspection.read(stream), spaceKeys(secret))
  const where =
    name === undefined
      ? `a document of "${label}"`
      : name === ''
        ? `the directory of "${label}"`
        : `"${name}" of "${label}"`
  const follows = 'It is used as far as it can be read, and whole again when a member, or a backup, has the rest.'
  const marked = inspection.isDegraded(stream) ? ['Part of it may be missing.'] : []
  return { edits, findings: [...marked, ...damages].map((damage) => ({ where, damage, follows, state: 'heals' })) }
}
