// A disk in memory that does to a store what real ones do: a power cut tears, loses and reorders what was not synced, calls fail, bits rot, folders
// are put back from a backup. The store on it is the very code that runs on files; only the file operations beneath it are these.

import { assert } from '../base/assert.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { Disk, DiskCodec, FileFacts, FileHandle, OpenMode, Owner } from '../store/filesystem/disk.ts'
import { folderStore } from '../store/filesystem/folder-store.ts'
import type { StoreFactory } from '../store/store.ts'
import { type DiskImage, type DiskMoment, everything, momentOf, someCrashState } from './crash-states.ts'
import { crc32 } from './crc32.ts'
import {
  changeFile,
  changeFolder,
  type DiskNode,
  type FileNode,
  type FolderNode,
  newFile,
  newFolder,
  syncNode,
} from './disk-nodes.ts'

/** One call of a store to the disk. */
export interface DiskCall {
  /** 0, 1, 2 … over the life of the disk. */
  readonly index: number
  readonly name: keyof Disk
  readonly path: string
  /** Of a write. */
  readonly bytes?: Uint8Array
}

/** What happens instead: an error with a system's code (EIO, ENOSPC, EMFILE …); a write may also take only some of the bytes. */
export type DiskFault = { readonly code: string } | { readonly takes: number }

export interface SimulatedDiskOptions {
  /** Decides what a power cut leaves, and makes seeds and tokens of the stores: give another seed to a disk made of an image of this one. */
  readonly random?: Random
  /** What is on it. */
  readonly image?: DiskImage
  /** Awaited before fdatasync takes effect: a disk that takes its time, during which the power may go. */
  readonly syncing?: () => Promise<void>
  /** The platform's, where it has one: ten times as fast. */
  readonly crc32?: Disk['crc32']
  /** The platform's, where it has a synchronous one; without it snapshots are not compressed. */
  readonly codec?: DiskCodec
}

interface OpenFile {
  readonly node: FileNode
  readonly path: string
}

/**
 * A disk in memory.
 *
 * @example
 * const disk = new SimulatedDisk({ random: seededRandom(7) })
 * const open = simulatedStore(disk)
 * const store = await open('/ada')
 * await store.append([{ stream: 'a', bytes: new Uint8Array([1]) }], { durability: 'strict' })
 * disk.cutPower()
 * const again = await open('/ada')
 * console.log((await again.read('a')).records.length) // 1
 */
export class SimulatedDisk {
  readonly random: Random
  /** Asked before each call: undefined to let it happen. */
  fault: ((call: DiskCall) => DiskFault | undefined) | undefined
  readonly #platform: Pick<Disk, 'crc32' | 'codec'>
  readonly #syncing: () => Promise<void>
  #root: FolderNode
  #boot = nextBoot()
  #calls = 0
  #pids = 100
  readonly #living = new Set<number>()

  constructor(options: SimulatedDiskOptions = {}) {
    const { random = seededRandom(boots), image, syncing, crc32: sum = crc32, codec } = options
    this.random = random
    this.#syncing = syncing ?? (() => Promise.resolve())
    this.#platform = { crc32: sum, ...(codec && { codec }) }
    this.#root = image === undefined ? newFolder() : treeOf(image)
  }

  /** The disk as one more process sees it. After `kill` or `cutPower` all its calls fail. */
  process(): Disk {
    const pid = ++this.#pids
    this.#living.add(pid)
    return processOn({
      owner: { pid, boot: this.#boot, start: String(pid) },
      isAlive: (owner) => owner.boot === this.#boot && this.#living.has(owner.pid),
      root: () => this.#root,
      platform: this.#platform,
      syncing: this.#syncing,
      ask: (name, path, bytes) => this.#ask({ index: this.#calls++, name, path, ...(bytes && { bytes }) }),
    })
  }

  /** Ends all processes, as SIGKILL does: what they had written stays. */
  kill(): void {
    this.#living.clear()
  }

  /** Ends all processes and loses, tears and reorders what was not synced, by chance or as told. */
  cutPower(image: DiskImage = someCrashState(this.moment(), this.random)): void {
    this.kill()
    this.#boot = nextBoot()
    this.#root = treeOf(image)
  }

  /** What is durable now and what is not: `crashStates` tells all that a power cut may leave of it. */
  moment(): DiskMoment {
    return momentOf(this.#root)
  }

  /** A backup of all that processes see; `cutPower(backup)` restores it. */
  image(): DiskImage {
    return everything(this.moment())
  }

  /** Bit rot: alters the bytes of a file, and ends all processes, as `kill` does. Undefined removes it. */
  rot(path: string, alter: (bytes: Uint8Array) => Uint8Array | undefined): void {
    const { files, folders } = this.image()
    const bytes = files.get(path)
    assert(bytes !== undefined, `there is no file ${path} on this disk`)
    const altered = alter(bytes.slice())
    const all = new Map(files)
    if (altered === undefined) all.delete(path)
    else all.set(path, altered)
    this.cutPower({ files: all, folders })
  }

  #ask(call: DiskCall): DiskFault | undefined {
    return this.fault?.(call)
  }
}

export interface SimulatedStoreOptions {
  /** Size at which the next segment is begun: small, so that segments come and go. */
  readonly segmentBytes?: number
}

/** Opens stores in folders of a simulated disk, each in a process of its own. */
export function simulatedStore(disk: SimulatedDisk, options: SimulatedStoreOptions = {}): StoreFactory {
  return (path) => {
    const host = { disk: disk.process(), random: disk.random }
    return folderStore(host, options)(path)
  }
}

interface Machine {
  readonly owner: Owner
  readonly isAlive: (owner: Owner) => boolean
  readonly root: () => FolderNode
  readonly platform: Pick<Disk, 'crc32' | 'codec'>
  readonly syncing: () => Promise<void>
  readonly ask: (name: keyof Disk, path: string, bytes?: Uint8Array) => DiskFault | undefined
}

function processOn({ owner, isAlive, root, platform, syncing, ask }: Machine): Disk {
  const files = new Map<FileHandle, OpenFile>()
  let nextFile = 3

  /** Throws what the call is to fail with; a short write tells how much it may take. */
  const call = (name: keyof Disk, path: string, bytes?: Uint8Array): number => {
    if (!isAlive(owner)) throw failure('EIO', `${name} by a process that is no more`)
    const fault = ask(name, path, bytes)
    if (fault !== undefined && 'code' in fault) throw failure(fault.code, `${name} ${path}`)
    return fault?.takes ?? bytes?.length ?? 0
  }
  const opened = (file: FileHandle): OpenFile => {
    const found = files.get(file)
    if (found === undefined) throw failure('EBADF', `file ${file}`)
    return found
  }
  const find = (path: string): DiskNode | undefined => {
    let node: DiskNode | undefined = root()
    for (const name of namesOf(path)) {
      if (node === undefined) return undefined
      if (node.type === 'file') throw failure('ENOTDIR', path)
      node = node.names.get(name)
    }
    return node
  }
  const folderOf = (path: string): FolderNode => {
    const node = find(path)
    if (node === undefined) throw failure('ENOENT', path)
    if (node.type === 'file') throw failure('ENOTDIR', path)
    return node
  }
  const lastOf = (path: string): string => namesOf(path).at(-1) ?? ''

  const open = (path: string, mode: OpenMode): FileHandle => {
    call('open', path)
    let node = find(path)
    if (mode === 'create') {
      if (node !== undefined) throw failure('EEXIST', path)
      node = newFile()
      changeFolder(folderOf(parentOf(path)), [[lastOf(path), node]])
    }
    if (node === undefined) throw failure('ENOENT', path)
    if (node.type === 'folder') throw failure('EISDIR', path)
    files.set(nextFile, { node, path })
    return nextFile++
  }

  const write = (file: FileHandle, bytes: Uint8Array, offset: number): number => {
    const { node, path } = opened(file)
    const taken = call('write', path, bytes)
    if (taken > 0) changeFile(node, { type: 'write', offset, bytes: bytes.slice(0, taken) })
    return taken
  }

  /** A failed sync leaves what was written in doubt for ever; one that its process did not live to see, only until somebody else's. */
  const sync = (name: 'sync' | 'syncData', file: FileHandle): void => {
    const { node, path } = opened(file)
    try {
      call(name, path)
    } catch (error) {
      if (isAlive(owner)) node.isDoubtful = true
      throw error
    }
    syncNode(node)
  }

  const rename = (from: string, to: string): void => {
    call('rename', to)
    const [source, target] = [folderOf(parentOf(from)), folderOf(parentOf(to))]
    const node = source.names.get(lastOf(from))
    if (node === undefined) throw failure('ENOENT', from)
    const standing = target.names.get(lastOf(to))
    if (standing?.type === 'folder') throw failure('EISDIR', to)
    const [gone, come] = [[lastOf(from), undefined] as const, [lastOf(to), node] as const]
    if (source === target) changeFolder(source, [gone, come])
    else {
      changeFolder(target, [come])
      changeFolder(source, [gone])
    }
  }

  return {
    resolve: (path) => `/${namesOf(path).join('/')}`,
    join: (folder, name) => (folder === '/' ? `/${name}` : `${folder}/${name}`),
    parent: parentOf,
    facts: (path) => {
      call('facts', path)
      return factsOf(find(path))
    },
    stamp: (path) => {
      call('stamp', path)
      const node = find(path)
      return node && stampOf(node)
    },
    folderFacts: (path) => ({ path, inode: path }),
    list: (path) => {
      call('list', path)
      return [...folderOf(path).names.keys()].sort()
    },
    open,
    close: (file) => {
      opened(file)
      files.delete(file)
    },
    sizeBytes: (file) => opened(file).node.content.length,
    read: (file, bytes, offset) => {
      const { node, path } = opened(file)
      call('read', path)
      const found = node.content.subarray(offset, offset + bytes.length)
      bytes.set(found)
      return found.length
    },
    write,
    truncate: (file, sizeBytes) => {
      const { node, path } = opened(file)
      call('truncate', path)
      changeFile(node, { type: 'truncate', sizeBytes })
    },
    sync: (file) => sync('sync', file),
    syncData: async (file) => {
      await syncing()
      sync('syncData', file)
    },
    rename,
    link: (from, to) => {
      call('link', to)
      const node = find(from)
      if (node === undefined) throw failure('ENOENT', from)
      if (find(to) !== undefined) throw failure('EEXIST', to)
      changeFolder(folderOf(parentOf(to)), [[lastOf(to), node]])
    },
    remove: (path) => {
      call('remove', path)
      const node = find(path)
      if (node === undefined) return
      if (node.type === 'folder') throw failure('EISDIR', path)
      changeFolder(folderOf(parentOf(path)), [[lastOf(path), undefined]])
    },
    makeFolder: (path) => {
      call('makeFolder', path)
      if (find(path) !== undefined) throw failure('EEXIST', path)
      changeFolder(folderOf(parentOf(path)), [[lastOf(path), newFolder()]])
    },
    syncFolder: (path) => {
      call('syncFolder', path)
      syncNode(folderOf(path))
    },
    ...platform,
    self: () => owner,
    isAlive,
  }
}

function factsOf(node: DiskNode | undefined): FileFacts | undefined {
  return node && { type: node.type, sizeBytes: node.type === 'file' ? node.content.length : 0 }
}

/** Numbers of what stood somewhere: what is written to has other content, in another array. */
const stamps = new WeakMap<object, string>()
let stampsGiven = 0

function stampOf(node: DiskNode): string {
  const key = node.type === 'file' ? node.content : node
  const stamp = stamps.get(key) ?? String(stampsGiven++)
  stamps.set(key, stamp)
  return stamp
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

function parentOf(path: string): string {
  return `/${namesOf(path).slice(0, -1).join('/')}`
}

/** A tree in which everything is durable. */
function treeOf({ files, folders }: DiskImage): FolderNode {
  const nodes = new Map<string, FolderNode>([['/', newFolder()]])
  const folderAt = (path: string): FolderNode => {
    const found = nodes.get(path)
    if (found !== undefined) return found
    const made = newFolder()
    nodes.set(path, made)
    folderAt(parentOf(path)).names.set(namesOf(path).at(-1) ?? '', made)
    return made
  }
  for (const path of folders) folderAt(path)
  for (const [path, bytes] of files) folderAt(parentOf(path)).names.set(namesOf(path).at(-1) ?? '', newFile(bytes))
  for (const node of nodes.values()) syncNode(node)
  return folderAt('/')
}

let boots = 0

/** No two machines, and no two starts of one, are taken for the same. */
function nextBoot(): string {
  return String(++boots).padStart(10, '0')
}

function failure(code: string, words: string): Error {
  return Object.assign(new Error(`${code}: ${words}`), { code })
}
