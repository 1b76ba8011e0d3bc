// Small files that are whole or not there: written beside, synced, renamed, and the folder synced. Each carries a version and a checksum, so
// that a flipped bit is an error with a name and never a wrong value. And the words for what can go wrong with any file.

import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { concatBytes, equalBytes, toHex, utf8 } from '../../base/bytes.ts'
import { JoineryError, messageOf } from '../../base/errors.ts'
import { systemRandom } from '../../base/random.ts'

/** Version of all files of this store; 0 is a draft that later builds may refuse. */
export const formatVersion = 0

const magic = utf8('JNRY')
const headBytes = 9

//   file = 'JNRY' ‖ version u8 ‖ crc32 (of version ‖ value) u32 ‖ value
export function encodeFile(value: Uint8Array): Uint8Array {
  const checked = concatBytes(Uint8Array.of(formatVersion), value)
  const sum = new Uint8Array(4)
  new DataView(sum.buffer).setUint32(0, crc32(checked))
  return concatBytes(magic, checked.subarray(0, 1), sum, value)
}

/** Throws 'store-newer' or 'store-damaged', naming the file. */
export function decodeFile(bytes: Uint8Array, path: string): Uint8Array {
  const version = bytes[4]
  const damaged = new JoineryError(
    'store-damaged',
    `The file ${path} is damaged: restore it from a backup or delete it.`,
  )
  if (version === undefined || bytes.length < headBytes || !equalBytes(bytes.subarray(0, 4), magic)) throw damaged
  const sum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(5)
  const value = new Uint8Array(bytes.subarray(headBytes)) // A copy, and no Buffer: files come as Buffers.
  if (sum !== crc32(concatBytes(Uint8Array.of(version), value))) throw damaged
  if (version > formatVersion) throw newerError(path, version)
  return value
}

/** The value of a small file, undefined if there is none. */
export function readSmall(path: string): Uint8Array | undefined {
  const bytes = absentIfMissing(() => fs.readFileSync(path))
  return bytes === undefined ? undefined : decodeFile(bytes, path)
}

/** Replaces a small file: after a crash at any moment the old value stands or the new one. */
export function writeSmall(path: string, value: Uint8Array): void {
  const draft = writeDraft(path, encodeFile(value))
  try {
    fs.renameSync(draft, path)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** Makes a small file unless there is one: link(2) decides who is first. False if there was one. */
export function createSmall(path: string, value: Uint8Array): boolean {
  return createWhole(path, encodeFile(value))
}

/** Makes a file with these bytes, all of them or none, unless there is one. */
export function createWhole(path: string, bytes: Uint8Array): boolean {
  const draft = writeDraft(path, bytes)
  try {
    fs.linkSync(draft, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    fs.rmSync(draft, { force: true })
  }
  syncFolder(dirname(path))
  return true
}

export function removeFile(path: string): void {
  fs.rmSync(path, { force: true })
  syncFolder(dirname(path))
}

/** Drafts that a crash left behind; the caller holds the folder's lock. */
export function removeDrafts(folder: string): void {
  for (const name of fs.readdirSync(folder)) if (name.endsWith('.draft')) fs.rmSync(join(folder, name), { force: true })
}

/**
 * Makes a folder that only its owner can enter, and those above it. Written out, since mkdir's `recursive` never returns where a folder says
 * that a name cannot be made in it (seen in /proc).
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    fs.mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && isFolder(path)) return // Somebody was quicker.
    throw error
  }
  syncFolder(dirname(path))
}

function isFolder(path: string): boolean {
  return absentIfMissing(() => fs.statSync(path))?.isDirectory() ?? false
}

/** A file's name is durable only when its folder is. Windows cannot sync a folder and need not. */
export function syncFolder(path: string): void {
  let fd: number | undefined
  try {
    fd = fs.openSync(path, 'r')
    fs.fsyncSync(fd)
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL'].includes(codeOf(error))) throw error
  } finally {
    if (fd !== undefined) fs.closeSync(fd)
  }
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

function writeDraft(path: string, bytes: Uint8Array): string {
  const draft = `${path}.${toHex(systemRandom.bytes(6))}.draft`
  const fd = fs.openSync(draft, 'wx', 0o600)
  try {
    writeAll(fd, bytes)
    fs.fsyncSync(fd)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
  return draft
}

/** Writes all of it: the system may take less than it is given. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at)
}
