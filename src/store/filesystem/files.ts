// Small files that are whole or not there: written beside, synced, renamed, and the folder synced. Each carries a version and a checksum, so
// that a flipped bit is an error with a name and never a wrong value. And the words for what can go wrong with any file.

import { concatBytes, equalBytes, toHex, utf8 } from '../../base/bytes.ts'
import { JoineryError, messageOf } from '../../base/errors.ts'
import type { Disk, FileHandle, Host, OpenMode } from './disk.ts'

/** Version of all files of this store; 0 is a draft that later builds may refuse. */
export const formatVersion = 0

const magic = utf8('JNRY')
const headBytes = 9

//   file = 'JNRY' ‖ version u8 ‖ crc32 (of version ‖ value) u32 ‖ value
export function encodeFile(value: Uint8Array, { crc32 }: Pick<Disk, 'crc32'>): Uint8Array {
  const checked = concatBytes(Uint8Array.of(formatVersion), value)
  const sum = new Uint8Array(4)
  new DataView(sum.buffer).setUint32(0, crc32(checked))
  return concatBytes(magic, checked.subarray(0, 1), sum, value)
}

/** Throws 'store-newer' or 'store-damaged', naming the file. */
function decodeFile(bytes: Uint8Array, path: string, { crc32 }: Pick<Disk, 'crc32'>): Uint8Array {
  const version = bytes[4]
  const damaged = damagedError(path)
  if (version === undefined || bytes.length < headBytes || !equalBytes(bytes.subarray(0, 4), magic)) throw damaged
  const sum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(5)
  const value = bytes.slice(headBytes)
  if (sum !== crc32(concatBytes(Uint8Array.of(version), value))) throw damaged
  if (version > formatVersion) throw newerError(path, version)
  return value
}

/** The value of a small file, undefined if there is none. Throws 'store-damaged' also where it cannot be read: a folder, a circle, a bad sector. */
export function readSmall({ disk }: Host, path: string): Uint8Array | undefined {
  const bytes = absentIfMissing(() => readFile(disk, path, 'read'))
  return bytes === undefined ? undefined : decodeFile(bytes, path, disk)
}

/** Replaces a small file: after a crash at any moment the old value stands or the new one. */
export function writeSmall(host: Host, path: string, value: Uint8Array): void {
  const { disk } = host
  const draft = prepareSmall(host, path, value)
  try {
    disk.rename(draft, path)
  } catch (error) {
    disk.remove(draft)
    throw error
  }
  disk.syncFolder(disk.parent(path))
}

/** Writes a small file's next value beside it, to be renamed to its place. */
export function prepareSmall(host: Host, path: string, value: Uint8Array): string {
  return writeDraft(host, path, encodeFile(value, host.disk))
}

/** Makes a small file unless there is one: link(2) decides who is first. False if there was one. */
export function createSmall(host: Host, path: string, value: Uint8Array): boolean {
  return createWhole(host, path, encodeFile(value, host.disk))
}

/** Makes a file with these bytes, all of them or none, unless there is one. */
export function createWhole(host: Host, path: string, bytes: Uint8Array): boolean {
  const { disk } = host
  const draft = writeDraft(host, path, bytes)
  try {
    disk.link(draft, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    disk.remove(draft)
  }
  disk.syncFolder(disk.parent(path))
  return true
}

export function removeFile(disk: Disk, path: string): void {
  disk.remove(path)
  disk.syncFolder(disk.parent(path))
}

/** Drafts that a crash left behind, but those of the lock, which may be somebody's who is trying now. The caller holds it. */
export function removeDrafts(disk: Disk, folder: string): void {
  for (const name of disk.list(folder))
    if (name.endsWith('.draft') && !/^(lock|after-.*)\./.test(name)) disk.remove(disk.join(folder, name))
}

/**
 * Makes a folder that only its owner can enter, and those above it. Written out, since mkdir's `recursive` never returns where a folder says
 * that a name cannot be made in it (seen in /proc).
 */
export function makeFolder(disk: Disk, path: string): void {
  if (isFolder(disk, path)) return
  const parent = disk.parent(path)
  if (parent !== path) makeFolder(disk, parent)
  try {
    disk.makeFolder(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && isFolder(disk, path)) return // Somebody was quicker.
    throw error
  }
  disk.syncFolder(parent)
}

function isFolder(disk: Disk, path: string): boolean {
  return disk.facts(path)?.type === 'folder'
}

/** All bytes of a file. Throws 'store-damaged' where something stands there that no store made, or the disk cannot read it. */
export function readFile(
  disk: Disk,
  path: string,
  mode: OpenMode & `read${string}`,
  maxBytes = Number.MAX_SAFE_INTEGER,
): Uint8Array {
  try {
    const file = disk.open(path, mode)
    try {
      return readOpen(disk, file, maxBytes)
    } finally {
      disk.close(file)
    }
  } catch (error) {
    if (['EISDIR', 'ELOOP', 'EIO', 'ENXIO'].includes(codeOf(error))) throw damagedError(path, error)
    throw error
  }
}

function readOpen(disk: Disk, file: FileHandle, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(maxBytes, disk.sizeBytes(file)))
  let at = 0
  while (at < bytes.length) {
    const count = disk.read(file, bytes.subarray(at), at)
    if (count === 0) return bytes.slice(0, at) // It was cut meanwhile.
    at += count
  }
  return bytes
}

/** What `read` gives, or undefined where there is no such file. */
export function absentIfMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
}

export function newerError(path: string, version: number): JoineryError {
  const words = `${path} has format ${version}, written by a newer joinery (this one knows ${formatVersion}): update joinery.`
  return new JoineryError('store-newer', words, { details: { version } })
}

const denials = [
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'EEXIST',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'EINVAL',
  'ERR_INVALID_ARG_VALUE',
]

/** A system's error as one of ours, with what to do. */
export function storeError(cause: unknown, folder: string): JoineryError {
  if (cause instanceof JoineryError) return cause
  const reason = messageOf(cause)
  if (isFull(cause)) {
    const words = `No room left on the device of ${folder}: free some, and try again. Nothing was lost. (${reason})`
    return new JoineryError('store-full', words, { cause })
  }
  if (denials.includes(codeOf(cause))) {
    const words = `The folder ${folder} cannot be used: choose a folder you may read and write. (${reason})`
    return new JoineryError('store-denied', words, { cause })
  }
  return new JoineryError(
    'store-failed',
    `The store in ${folder} failed: check the disk and open it again. (${reason})`,
    {
      cause,
    },
  )
}

/** What reached the disk is not known any more, so nothing is written to it from now on. */
export function syncError(folder: string, cause: unknown): JoineryError {
  const words = `The disk under ${folder} failed, nothing more is taken: check it and open the store again. (${messageOf(cause)})`
  return new JoineryError('store-failed', words, { cause })
}

function damagedError(path: string, cause?: unknown): JoineryError {
  const words = `The file ${path} is damaged: restore it from a backup or delete it.`
  return new JoineryError('store-damaged', words, cause === undefined ? {} : { cause })
}

function writeDraft({ disk, random }: Host, path: string, bytes: Uint8Array): string {
  const draft = `${path}.${toHex(random.bytes(6))}.draft`
  const file = disk.open(draft, 'create')
  try {
    writeAll(disk, file, bytes, 0)
    disk.sync(file)
  } catch (error) {
    disk.remove(draft)
    throw error
  } finally {
    disk.close(file)
  }
  return draft
}

/** Writes all of it at an offset: the system may take less than it is given. */
export function writeAll(disk: Disk, file: FileHandle, bytes: Uint8Array, offset: number): void {
  // One call for all but the rarest writes.
  for (let at = 0; at < bytes.length; ) at += disk.write(file, at === 0 ? bytes : bytes.subarray(at), offset + at)
}
