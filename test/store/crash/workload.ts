// A workload on a simulated disk, and all that may become of it. Ada writes and receives, the real Writer and Documents under her; Bo writes on what
// she published. At every call of her store to the disk, and at every acknowledgement, the moment is kept: what the disk held, and what was promised.

import { type Random, seededRandom } from '../../../src/base/random.ts'
import type { SignedRange } from '../../../src/core/range.ts'
import type { Version } from '../../../src/core/version.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import type { Store, StoreFactory } from '../../../src/store/store.ts'
import type { DiskImage, DiskMoment } from '../../../src/testing/crash-states.ts'
import { type DiskCall, SimulatedDisk, simulatedStore } from '../../../src/testing/simulated-disk.ts'
import { keyFile, openParts, type Parts } from './parts.ts'
import { platform } from './platform.ts'

export interface WorkloadOptions {
  readonly seed: number
  /** Edits, own and received. */
  readonly edits: number
  readonly segmentBytes: number
  /** How often everything is compacted, as a share of the steps. */
  readonly compacting?: number
  /** Opens the store; a faulty one, to prove that faults are found. */
  readonly open?: (disk: SimulatedDisk, scene: Scene) => StoreFactory
  /** Publishes before it is durable: a fault. */
  readonly hasty?: boolean
}

/** What a fault may want to know of the moment. */
export interface Scene {
  isCompacting: boolean
}

/** The store of a workload, or a faulty one. */
export function opener(disk: SimulatedDisk, { open, segmentBytes }: WorkloadOptions, scene: Scene): StoreFactory {
  return open?.(disk, scene) ?? simulatedStore(disk, { segmentBytes })
}

/** Opens what is left on a disk. */
export function reopenerOf(image: DiskImage, options: WorkloadOptions): () => Promise<Store> {
  const disk = new SimulatedDisk({ random: seededRandom(99), image, ...platform })
  const open = opener(disk, options, { isCompacting: false })
  return () => open(path)
}

/** What anybody outside has seen, in order. */
export interface Seen {
  readonly name: string
  readonly range: SignedRange
}

/** What was promised at a moment. */
export interface Promised {
  /** Held by the documents, and synced. */
  readonly strict: ReadonlyMap<string, Version>
  /** Held by the documents, and handed to the system: a kill must not lose it. */
  readonly relaxed: ReadonlyMap<string, Version>
  /** How many of `seen` had been seen. */
  readonly seen: number
  /** How far the synced log reached, and the store's name; undefined before it was first open. */
  readonly cursor: number
  readonly incarnation: string | undefined
}

export interface Moment {
  readonly disk: DiskMoment
  readonly promised: Promised
  /** The call that was not made any more; undefined at an acknowledgement. */
  readonly call: DiskCall | undefined
}

export interface Recording {
  readonly moments: readonly Moment[]
  readonly seen: readonly Seen[]
  readonly disk: SimulatedDisk
  readonly store: Store
  /** Ada as she is in the end: what every actor wrote. */
  readonly ada: Parts
  readonly compactions: number
  readonly own: number
  readonly received: number
}

export const path = '/ada'
const names = ['note', 'list/one', 'plan']
/** The calls that alter a disk. */
export const altering = [
  'open',
  'write',
  'truncate',
  'sync',
  'syncData',
  'rename',
  'link',
  'remove',
  'makeFolder',
  'syncFolder',
]

export async function record(options: WorkloadOptions): Promise<Recording> {
  const random = seededRandom(options.seed)
  const disk = new SimulatedDisk({ random: seededRandom(options.seed + 1), ...platform })
  const moments: Moment[] = []
  const seen: Seen[] = []
  let promised: Promised = { strict: new Map(), relaxed: new Map(), seen: 0, cursor: 0, incarnation: undefined }
  const note = (call?: DiskCall): void => void moments.push({ disk: disk.moment(), promised, call })
  disk.fault = (call) => {
    if (altering.includes(call.name)) note(call)
    return undefined
  }
  const scene = { isCompacting: false }
  const store = await opener(disk, options, scene)(path)
  await store.set('key-pair/device', keyFile(1))
  promised = { ...promised, incarnation: store.incarnation }
  note()

  const held = (): ReadonlyMap<string, Version> =>
    new Map(ada.documents.all.map(({ id, durable }) => [id.name, durable]))
  const publish = (name: string, ranges: readonly SignedRange[]): void => {
    for (const range of ranges) seen.push({ name, range })
    promised = { ...promised, seen: seen.length }
  }
  let isStrict = false
  const watched = watchAppends(store, {
    begun: () => undefined,
    acknowledged: (durability) => {
      isStrict = durability === 'strict'
    },
  })
  const ada = await openParts({
    store: watched,
    random,
    onPublished: ({ id }, own) => {
      publish(id.name, own)
      acknowledge()
    },
  })
  /** What the store acknowledged; called when it did. */
  const acknowledge = (): void => {
    const relaxed = held()
    promised = { ...promised, relaxed, ...(isStrict ? { strict: relaxed, cursor: store.cursor() } : {}) }
    note()
  }

  const bo = await openParts({
    store: await memoryStore()('bo'),
    random,
    onPublished: ({ id }, own) => publish(id.name, own),
  })
  const counts = { own: 0, received: 0, compactions: 0 }
  let told = 0
  while (counts.own + counts.received < options.edits) {
    const name = names[Math.floor(random.unit() * names.length)] ?? ''
    const chance = random.unit() * (0.9 + Math.max(0.1, options.compacting ?? 0))
    if (chance < 0.5) {
      ada.edit(name, edit(random))
      counts.own++
      if (options.hasty) publish(name, unsignedOf(ada, name))
    } else if (chance < 0.9) {
      if (random.unit() < 0.5) told = tell(bo, seen, told)
      bo.edit(name, edit(random))
      await bo.writer.flush()
      hear(ada, bo, name)
      counts.received++
    } else if (chance < 0.9 + (options.compacting ?? 0.04)) {
      await ada.writer.flush()
      scene.isCompacting = true
      await ada.documents.compactAll()
      scene.isCompacting = false
      counts.compactions++
      note()
    }
    if (random.unit() < 0.6) await ada.writer.flush()
  }
  await ada.writer.flush()
  note()
  if (ada.failures.length > 0) throw ada.failures[0]
  return { moments, disk, store, seen, ada, ...counts }
}

export function edit(random: Random): Parameters<Parts['edit']>[1] {
  const at = random.unit()
  const word = `${Math.floor(random.unit() * 1e6).toString(36)} `
  return (draft) => {
    draft.counts ??= {}
    if (at < 0.5) draft.counts[word.trim()] = Math.floor(at * 1000)
    else draft.counts.last = word.length
  }
}

/** Bo reads what he had not yet read of what was published. */
export function tell(bo: Parts, seen: readonly Seen[], from: number): number {
  for (const { name, range } of seen.slice(from)) bo.receive(name, [range])
  return seen.length
}

/** Ada receives all that Bo has of a document. */
export function hear(ada: Parts, bo: Parts, name: string): void {
  const [mine, his] = [ada.documents.open(name), bo.documents.open(name)]
  const { ranges } = his.replica.outward.rangesSince(mine.replica.version, his.replica.version, 1e6)
  ada.receive(name, ranges)
}

export function unsignedOf(ada: Parts, name: string): readonly SignedRange[] {
  const tip = ada.documents.open(name).replica.outward.unsigned(ada.actor)
  return tip === undefined ? [] : [{ ...tip, actor: ada.actor, signature: new Uint8Array(0) }]
}

/** The same store, which tells of each append when it begins, and when it is acknowledged how it was asked for, with what was said at its beginning. */
export function watchAppends<T>(
  store: Store,
  watch: { readonly begun: () => T; readonly acknowledged: (durability: 'strict' | 'relaxed', begun: T) => void },
): Store {
  return new Proxy(store, {
    get(target, key) {
      if (key === 'append')
        return async (...args: Parameters<Store['append']>) => {
          const begun = watch.begun()
          await target.append(...args)
          watch.acknowledged(args[1].durability, begun)
        }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
