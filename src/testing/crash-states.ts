// What a power cut may leave of a disk. Everything that was not synced may be there, or not, in any combination: writes of one file, names in one
// folder, in any order. And of one write a part may be there, cut at any byte: with the file ending there, with zeros behind, or with zeros before.
// Left out: bytes of other files in what was never written (ext4 in data=writeback), and damage to what was synced, which is bit rot.

import type { Random } from '../base/random.ts'
import { applied, type DiskNode, type FileChange, type FolderChange, type FolderNode } from './disk-nodes.ts'

/** What a disk holds: its files by their path, and its folders. */
export interface DiskImage {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly folders: readonly string[]
}

interface Unsynced {
  readonly node: DiskNode
  readonly change: FileChange | FolderChange
}

/** A disk at one moment: what is durable, and what is not. */
export interface DiskMoment {
  readonly root: FolderNode
  readonly durable: ReadonlyMap<DiskNode, Uint8Array | ReadonlyMap<string, DiskNode>>
  /** In the order in which it was done. */
  readonly unsynced: readonly Unsynced[]
}

/** How a write is torn: `at` bytes of it are there, and the file ends; or zeros follow; or the zeros stand before, in place of the first bytes. */
interface Tear {
  readonly change: FileChange
  readonly at: number
  readonly how: 'short' | 'zeros-behind' | 'zeros-before'
}

/** Combinations of what may be lost are all tried up to so many, else sampled. */
const combinationsMax = 512

export function momentOf(root: FolderNode): DiskMoment {
  const durable = new Map<DiskNode, Uint8Array | ReadonlyMap<string, DiskNode>>()
  const unsynced: Unsynced[] = []
  const visit = (node: DiskNode): void => {
    if (durable.has(node)) return
    durable.set(node, node.durable)
    for (const change of node.pending) unsynced.push({ node, change })
    if (node.type === 'file') return
    for (const child of node.durable.values()) visit(child)
    for (const change of node.pending) for (const [, child] of change) if (child !== undefined) visit(child)
  }
  visit(root)
  return { root, durable, unsynced }
}

export interface CrashStateOptions {
  /** Decides which combinations are tried where there are too many. */
  readonly random: Random
  /** Gives each state with this chance only: a sample. */
  readonly chance?: number
}

/**
 * All that may be found after a power cut at that moment; some of it more than once.
 *
 * @example
 * const disk = new SimulatedDisk()
 * const store = await simulatedStore(disk)('/ada')
 * await store.append([{ stream: 'a', bytes: new Uint8Array(9) }], { durability: 'relaxed' })
 * for (const image of crashStates(disk.moment(), { random: seededRandom(1), chance: 0.1 })) {
 *   const again = await simulatedStore(new SimulatedDisk({ image }))('/ada')
 *   console.log((await again.read('a')).records.length) // 0 or 1
 * }
 */
export function* crashStates(moment: DiskMoment, { random, chance = 1 }: CrashStateOptions): Generator<DiskImage> {
  const { unsynced } = moment
  const isTaken = (): boolean => chance === 1 || random.unit() < chance
  for (const kept of combinations(unsynced, random)) if (isTaken()) yield imageOf(moment, kept)
  for (const [i, { node, change }] of unsynced.entries()) {
    if (node.type !== 'file' || !isWrite(change)) continue
    const others = unsynced.filter((_, j) => j !== i)
    const around = [others, unsynced.slice(0, i), others.filter((other) => other.node !== node), []]
    const distinct = around.filter((kept, j) => around.findIndex((other) => isSame(other, kept)) === j)
    for (const kept of distinct)
      for (const tear of tears(change)) if (isTaken()) yield imageOf(moment, [...kept, { node, change }], tear)
  }
}

/** One of them, by chance. */
export function someCrashState(moment: DiskMoment, random: Random): DiskImage {
  const kept = moment.unsynced.filter(() => random.unit() < 0.5)
  const writes = kept.flatMap(({ node, change }) => (node.type === 'file' && isWrite(change) ? [change] : []))
  const torn = writes[Math.floor(random.unit() * writes.length * 2)]
  const all = torn === undefined ? [] : [...tears(torn)]
  return imageOf(moment, kept, all[Math.floor(random.unit() * all.length)])
}

/** All that processes see: what a kill leaves, and what a backup copies. */
export function everything(moment: DiskMoment): DiskImage {
  return imageOf(moment, moment.unsynced)
}

function* combinations(all: readonly Unsynced[], random: Random): Generator<readonly Unsynced[]> {
  if (2 ** all.length <= combinationsMax) {
    for (let bits = 0; bits < 2 ** all.length; bits++) yield all.filter((_, i) => bits & (1 << i))
    return
  }
  for (let i = 0; i <= all.length; i++) yield all.slice(0, i)
  for (const one of all) {
    yield [one]
    yield all.filter((other) => other !== one)
  }
  for (let i = 0; i < combinationsMax; i++) yield all.filter(() => random.unit() < 0.5)
}

function* tears(change: FileChange & { type: 'write' }): Generator<Tear> {
  for (let at = 1; at < change.bytes.length; at++)
    for (const how of ['short', 'zeros-behind', 'zeros-before'] as const) yield { change, at, how }
}

function imageOf({ root, durable }: DiskMoment, kept: readonly Unsynced[], tear?: Tear): DiskImage {
  const changes = Map.groupBy(kept, ({ node }) => node)
  const files = new Map<string, Uint8Array>()
  const folders: string[] = []
  const visit = (node: DiskNode, path: string): void => {
    const base = durable.get(node)
    const own = changes.get(node) ?? []
    if (base instanceof Uint8Array) files.set(path, contentOf(base, own, tear))
    else {
      folders.push(path)
      for (const [name, child] of namesOf(base, own)) visit(child, path === '/' ? `/${name}` : `${path}/${name}`)
    }
  }
  visit(root, '/')
  return { files, folders }
}

function contentOf(base: Uint8Array, kept: readonly Unsynced[], tear: Tear | undefined): Uint8Array {
  let bytes = base
  // In the order in which they were made: of two that overlap the later one stands.
  for (const { change } of kept) {
    if (isNames(change)) continue
    bytes = applied(bytes, change === tear?.change ? tornChange(change, tear) : change)
  }
  return bytes
}

function tornChange(change: FileChange, { at, how }: Tear): FileChange {
  if (change.type !== 'write') return change
  const bytes = how === 'short' ? change.bytes.slice(0, at) : change.bytes.slice()
  if (how === 'zeros-behind') bytes.fill(0, at)
  if (how === 'zeros-before') bytes.fill(0, 0, at)
  return { ...change, bytes }
}

function namesOf(
  base: ReadonlyMap<string, DiskNode> | undefined,
  kept: readonly Unsynced[],
): ReadonlyMap<string, DiskNode> {
  const names = new Map(base)
  for (const { change } of kept) {
    if (!isNames(change)) continue
    for (const [name, node] of change) {
      if (node === undefined) names.delete(name)
      else names.set(name, node)
    }
  }
  return names
}

function isNames(change: FileChange | FolderChange): change is FolderChange {
  return Array.isArray(change)
}

function isWrite(change: FileChange | FolderChange): change is FileChange & { type: 'write' } {
  return !isNames(change) && change.type === 'write'
}

function isSame(a: readonly Unsynced[], b: readonly Unsynced[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
