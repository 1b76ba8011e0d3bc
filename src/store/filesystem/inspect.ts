// Looks at every file of a store and says what is damaged and what follows, without altering anything: the log is recovered as it is at every opening
// (./recovery.ts), but on a disk that takes no writes.

import { isJoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { StreamName } from '../store.ts'
import type { Disk, Host } from './disk.ts'
import { absentIfMissing, readFile, readSmall } from './files.ts'
import { wholeOf } from './frame.ts'
import { Home } from './home.ts'
import type { Listed } from './manifest.ts'
import { Recovery, segmentPath } from './recovery.ts'
import { decodeHead, scanSegment, segmentHeadBytes } from './segment.ts'
import { contentOf } from './segments.ts'

/** Something that is not as it was written. */
export interface Finding {
  /** The file, from the folder on; or the document. */
  readonly where: string
  /** What is damaged. */
  readonly damage: string
  /** What follows from it, and what to do. */
  readonly follows: string
  /**
   * 'harmless': nothing acknowledged is gone · 'heals': what is gone comes back from members that have it · 'lost': something has to be done for it.
   */
  readonly state: 'harmless' | 'heals' | 'lost'
}

export interface Inspection {
  readonly findings: readonly Finding[]
  /** Small files that keep a store from opening, or that it would make anew: they can be moved away. */
  readonly broken: readonly string[]
  readonly segments: number
  readonly bytes: number
  readonly streams: readonly StreamName[]
  isDegraded(stream: StreamName): boolean
  /** The records of a stream that are whole, read now. */
  read(stream: StreamName): Uint8Array[]
  /** A value of the shelf; undefined if there is none, or it is damaged. */
  shelf(key: string): Uint8Array | undefined
  /** Where it stands. */
  shelfPath(key: string): string
  readonly shelfKeys: readonly string[]
}

const suffix = '.value'
const heals = 'The documents it concerns are marked as damaged, and whole again when a member has them.'

/** The caller holds the folder's lock. Throws 'store-newer', and the system's errors. */
export function inspectFolder(host: Host, folder: string): Inspection {
  const still: Host = { ...host, disk: stillDisk(host.disk) }
  const { homeBase, reached } = Home.expectations(host, folder)
  const options = { segmentBytes: limits.segmentBytes, homeBase, reached }
  const recovery = new Recovery(still, folder, options)
  const { index, plan } = recovery
  const shelf = inspectShelf(host, folder)
  const small = (['manifest', 'incarnation'] as const).flatMap((name) =>
    inspectSmall(host, folder, name, plan.segments.length > 0),
  )
  const log = plan.segments.flatMap((listed, i) => inspectSegment(host, folder, listed, i === plan.segments.length - 1))
  const foreign = plan.isHomeForeign ? [foreignHome] : []
  // What is wrong with the log as a whole shows in no single file.
  const cut = log.length === 0 && index.damages > 0 ? [cutLog] : []
  const pathOf = (key: string): string => shelfPath(host, folder, `${key.replaceAll('/', '_')}${suffix}`)
  return {
    findings: [
      ...small.map(({ finding }) => finding),
      ...foreign,
      ...log,
      ...cut,
      ...shelf.map(({ finding }) => finding),
    ],
    broken: [...small, ...shelf].map(({ path }) => path),
    segments: recovery.segments.length,
    bytes: recovery.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    streams: index.streams(),
    isDegraded: (stream) => index.isDegraded(stream),
    read: (stream) =>
      index.entries(stream).flatMap((entry) => {
        const { segment, offset, length, deflated } = entry
        const whole = wholeOf(readAt(host.disk, segment.path, offset, length), entry, segment.seed, host.disk.crc32)
        const bytes = whole && contentOf(host.disk, whole, deflated)
        return bytes === undefined ? [] : [bytes]
      }),
    shelf: (key) => quietly(() => readSmall(host, pathOf(key))),
    shelfPath: pathOf,
    shelfKeys: shelfFiles(host, folder).map((name) => name.slice(0, -suffix.length).replaceAll('_', '/')),
  }
}

interface Broken {
  readonly path: string
  readonly finding: Finding
}

function inspectSegment(host: Host, folder: string, listed: Listed, isLast: boolean): Finding[] {
  const { disk } = host
  const path = segmentPath(host, folder, listed.number)
  const where = `log/${path.slice(folder.length + 5)}`
  const found = (damage: string): Finding => ({ where, damage, follows: heals, state: 'heals' })
  const bytes = quietly(() => absentIfMissing(() => readFile(disk, path, 'read-own')))
  if (bytes === undefined) return [found('It is missing, or no file that a store wrote.')]
  if (bytes.length < segmentHeadBytes) return [found(`It was cut to ${bytes.length} bytes.`)]
  const { records, holes, nameless, tornAt } = scanSegment(bytes, listed.seed, isLast, disk.crc32)
  const isBad = (record: (typeof records)[number]): boolean =>
    wholeOf(bytes.subarray(record.offset, record.offset + record.length), record, listed.seed, disk.crc32) === undefined
  const findings = holes.map(({ start, end }) => found(`Bytes ${start} to ${end} cannot be read.`))
  for (const { offset, length, stream } of records.filter(isBad))
    findings.push(found(`A record of ${length} bytes at ${offset} was altered (of the stream ${stream}).`))
  if (nameless.length > 0) findings.push(found(`${nameless.length} records are of streams whose names were lost.`))
  const last = Math.max(listed.firstCursor - 1, ...records.map(({ at }) => at))
  if (listed.endCursor !== undefined && last < listed.endCursor && holes.length === 0)
    findings.push(found(`It ends ${listed.endCursor - last} records too early.`))
  if (decodeHead(bytes, path, disk.crc32) === undefined)
    findings.push({
      where,
      damage: 'Its head was altered.',
      follows: 'The manifest says the same: nothing is lost.',
      state: 'harmless',
    })
  if (tornAt !== undefined)
    findings.push({
      where,
      damage: `Its last ${bytes.length - tornAt} bytes were never finished: a crash came in between.`,
      follows: 'They were never acknowledged. The next opening cuts them off, and keeps a copy in torn/.',
      state: 'harmless',
    })
  return findings
}

const foreignHome: Finding = {
  where: 'incarnation',
  damage: 'It is the file of another store.',
  follows:
    'The next opening makes a new one, and this device goes on as another instance, so that nothing is written twice.',
  state: 'harmless',
}

const cutLog: Finding = {
  where: 'log',
  damage:
    'It reached further when the store was last closed: its end was cut off, or an older log was put in its place.',
  follows: heals,
  state: 'heals',
}

function inspectSmall(host: Host, folder: string, name: 'manifest' | 'incarnation', hasLog: boolean): Broken[] {
  const path = host.disk.join(folder, name)
  const isMissing = hasLog && host.disk.facts(path) === undefined
  if (isWhole(host, path) && !isMissing) return []
  const follows =
    name === 'manifest'
      ? 'It is made anew from the segments, which name themselves.'
      : 'It is made anew, and this device goes on as another instance, so that nothing is written twice.'
  const damage = isMissing ? 'It is missing.' : 'It was altered.'
  return [{ path, finding: { where: name, damage, follows, state: 'harmless' } }]
}

function inspectShelf(host: Host, folder: string): Broken[] {
  return shelfFiles(host, folder).flatMap((name) => {
    const path = shelfPath(host, folder, name)
    if (isWhole(host, path)) return []
    return [{ path, finding: { where: `shelf/${name}`, damage: 'It was altered.', ...fateOf(name) } }]
  })
}

/** What it means that a value of the shelf is gone. */
function fateOf(name: string): Pick<Finding, 'follows' | 'state'> {
  const until = 'The peer does not open before it is moved away (--repair)'
  if (name.startsWith('spaces_'))
    return {
      follows: `It held the key of a space. ${until}; then join the space again with an invitation.`,
      state: 'lost',
    }
  if (name.startsWith('key-pair_device'))
    return {
      follows: `It held this device's key. ${until}; then this is another device, and its edits stay.`,
      state: 'lost',
    }
  if (name.startsWith('indexes_')) return { follows: 'It is not used, and made anew.', state: 'harmless' }
  if (name.startsWith('retired_') || name.startsWith('left_'))
    return { follows: 'That it is there says all it has to say.', state: 'harmless' }
  if (name.startsWith('books_'))
    return {
      follows: `It held addresses of members. ${until}; they are learnt again from the first that is met.`,
      state: 'heals',
    }
  return { follows: `${until}; what it held is made anew.`, state: 'heals' }
}

function shelfFiles({ disk }: Host, folder: string): string[] {
  const names = absentIfMissing(() => disk.list(disk.join(folder, 'shelf'))) ?? []
  return [...names].filter((name) => name.endsWith(suffix)).sort()
}

function shelfPath({ disk }: Host, folder: string, name: string): string {
  return disk.join(disk.join(folder, 'shelf'), name)
}

function isWhole(host: Host, path: string): boolean {
  try {
    readSmall(host, path)
    return true
  } catch (error) {
    if (isJoineryError(error, 'store-damaged')) return false
    throw error
  }
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isJoineryError(error, 'store-damaged')) return undefined
    throw error
  }
}

function readAt(disk: Disk, path: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const file = disk.open(path, 'read-own')
  try {
    for (let at = 0; at < length; ) {
      const count = disk.read(file, bytes.subarray(at), offset + at)
      if (count === 0) break // It ends here, and so its checksum will not be right.
      at += count
    }
    return bytes
  } finally {
    disk.close(file)
  }
}

/** A handle that nothing stands behind. */
const nowhere = -1

/** A disk that can be read, and on which nothing that is written has any effect. */
function stillDisk(disk: Disk): Disk {
  const nothing = (): void => {}
  return {
    ...disk,
    open: (path, mode) => (mode === 'read' || mode === 'read-own' ? disk.open(path, mode) : nowhere),
    close: (file) => (file === nowhere ? undefined : disk.close(file)),
    write: (_file, bytes) => bytes.length,
    truncate: nothing,
    sync: nothing,
    syncData: async () => {},
    rename: nothing,
    link: nothing,
    remove: nothing,
    makeFolder: nothing,
    syncFolder: nothing,
  }
}
