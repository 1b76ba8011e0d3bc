// What the files of a store stand on: a handful of file operations, in one interface, so that the very same code runs on a real disk
// (./node-disk.ts) and on one that tears, forgets and fails on purpose (joinery/testing). Nothing else in this folder knows a platform.
//
// Synchronous but for fdatasync, the one that takes its time: so the order of the calls is the order on disk. What fails throws an Error with the
// system's `code` (ENOENT, ENOSPC, EIO …).

import type { Random } from '../../base/random.ts'

/** An open file. */
export type FileHandle = number

export type OpenMode =
  /** An existing file, to be read or written; links are followed. */
  | 'read'
  | 'write'
  /** The same, of a file that is no link: ELOOP if it is one. */
  | 'read-own'
  | 'write-own'
  /** A new file for its owner alone (0600): EEXIST if there is one. */
  | 'create'

export interface FileFacts {
  readonly type: 'file' | 'folder' | 'other'
  readonly sizeBytes: number
}

/** Where a folder really is: another place, another number or another time of birth means a copy. */
export interface FolderFacts {
  readonly path: string
  readonly inode: string
  /** Numbers of what was removed are given again, times are not. Undefined where the system does not tell. */
  readonly born?: string
}

/** A process, so that a lock of a dead one can be told from a living one's, and a reused process id is not taken for its former owner. */
export interface Owner {
  readonly pid: number
  /** The system's boot, and the process's start. */
  readonly boot: string
  readonly start: string
}

/** RFC 1951. */
export interface DiskCodec {
  deflate(bytes: Uint8Array): Promise<Uint8Array>
  /** Throws for what was not deflated, or becomes more than `maxBytes`. */
  inflate(bytes: Uint8Array, maxBytes: number): Uint8Array
}

export interface Disk {
  /** The absolute path of what a user names. */
  resolve(path: string): string
  /** A path below a folder. */
  join(folder: string, name: string): string
  /** The folder that a path lies in; of the topmost, itself. */
  parent(path: string): string

  /** Undefined where nothing is. Follows links; one that leads nowhere is of another type. */
  facts(path: string): FileFacts | undefined
  /** Another one once another file stands there, or this one was written to; undefined where nothing is. Costs a part of what reading a small file does. */
  stamp(path: string): string | undefined
  folderFacts(path: string): FolderFacts
  list(folder: string): readonly string[]

  open(path: string, mode: OpenMode): FileHandle
  close(file: FileHandle): void
  sizeBytes(file: FileHandle): number
  /** Reads at an offset into `bytes`; returns how many there were. */
  read(file: FileHandle, bytes: Uint8Array, offset: number): number
  /** Writes at an offset; the system may take less than it is given, and returns how much. */
  write(file: FileHandle, bytes: Uint8Array, offset: number): number
  truncate(file: FileHandle, sizeBytes: number): void
  /** fsync: contents and size are on the platter. The name is only once `syncFolder` returned. */
  sync(file: FileHandle): void
  /** fdatasync. */
  syncData(file: FileHandle): Promise<void>

  /** Replaces what stands at `to`. */
  rename(from: string, to: string): void
  /** A second name; EEXIST where something stands at `to`: of several who try, one wins. */
  link(from: string, to: string): void
  /** Removes a file; nothing happens where there is none. */
  remove(path: string): void
  /** A folder for its owner alone (0700). */
  makeFolder(path: string): void
  /** fsync of a folder: the names in it are on the platter. */
  syncFolder(path: string): void

  /** Compression, where the platform has it: for snapshots at rest. */
  readonly codec?: DiskCodec

  /** CRC-32 as of zip and PNG, going on from `sum`. */
  crc32(bytes: Uint8Array, sum?: number): number

  /** This process. */
  self(): Owner
  isAlive(owner: Owner): boolean
}

/** All that the code of this folder is handed. */
export interface Host {
  readonly disk: Disk
  readonly random: Random
}
