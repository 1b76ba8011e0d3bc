// The disk as Node gives it: the one file of the store that knows `node:`.

import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { crc32, deflateRaw, inflateRawSync } from 'node:zlib'
import type { Disk, FileFacts, OpenMode, Owner } from './disk.ts'
import { absentIfMissing, codeOf } from './files.ts'

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants
// Windows has no such flag, and hardly a link.
const noFollow = fs.constants.O_NOFOLLOW ?? 0
// A pipe in the place of a file would have us wait for ever for somebody to write into it; of a file it asks nothing.
const noWait = fs.constants.O_NONBLOCK ?? 0
const flags: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY | noWait,
  write: O_RDWR | noWait,
  'read-own': O_RDONLY | noFollow | noWait,
  'write-own': O_RDWR | noFollow | noWait,
  create: O_RDWR | O_CREAT | O_EXCL,
}

export const nodeDisk: Disk = {
  resolve: (path) => resolve(path),
  join,
  parent: dirname,

  facts: (path) => absentIfMissing(() => factsAt(path)),
  stamp: (path) => {
    const stat = fs.statSync(path, { throwIfNoEntry: false })
    return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`
  },
  folderFacts: (path) => {
    const { ino, birthtimeNs, ctimeNs } = fs.statSync(path, { bigint: true })
    // A system that does not know says zero, or the time of the last change.
    const born = birthtimeNs > 0 && birthtimeNs !== ctimeNs ? { born: String(birthtimeNs) } : {}
    return { path: fs.realpathSync(path), inode: String(ino), ...born }
  },
  list: (folder) => fs.readdirSync(folder),

  open: (path, mode) => fs.openSync(path, flags[mode], 0o600),
  close: fs.closeSync,
  sizeBytes: (file) => fs.fstatSync(file).size,
  read: (file, bytes, offset) => fs.readSync(file, bytes, 0, bytes.length, offset),
  write: (file, bytes, offset) => fs.writeSync(file, bytes, 0, bytes.length, offset),
  truncate: fs.ftruncateSync,
  sync: fs.fsyncSync,
  syncData: promisify(fs.fdatasync),

  rename: fs.renameSync,
  link: fs.linkSync,
  remove: (path) => fs.rmSync(path, { force: true }),
  makeFolder: (path) => fs.mkdirSync(path, { mode: 0o700 }),
  syncFolder,

  codec: {
    deflate: promisify<Uint8Array, Uint8Array>(deflateRaw),
    inflate: (bytes, maxBytes) => new Uint8Array(inflateRawSync(bytes, { maxOutputLength: maxBytes })),
  },

  crc32,

  self: () => ({ pid: process.pid, boot: bootId(), start: startOf(process.pid) }),
  isAlive,
}

/** Of a link that leads nowhere, or in a circle: it is something, and can be moved out of the way. */
function factsAt(path: string): FileFacts {
  try {
    return factsOf(fs.statSync(path))
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(codeOf(error)) && fs.lstatSync(path).isSymbolicLink())
      return { type: 'other', sizeBytes: 0 }
    throw error
  }
}

function factsOf(stat: fs.Stats): FileFacts {
  const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other'
  return { type, sizeBytes: stat.size }
}

/** Windows cannot sync a folder and need not. */
function syncFolder(path: string): void {
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

function isAlive(owner: Owner): boolean {
  if (owner.pid === 0 || owner.boot !== bootId()) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return startOf(owner.pid) === owner.start
}

/** When a process began, in ticks since boot; '-' where the system does not tell, 'dead' for one that only waits to be buried. */
function startOf(pid: number): string {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return '-'
  // The second field is the program's name in parentheses and may hold anything; the state is the third field, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? '-')
}

function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? '-'
}

function readProc(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'latin1')
  } catch {
    // Not Linux, or hidden: then a living process id alone tells.
    return undefined
  }
}
