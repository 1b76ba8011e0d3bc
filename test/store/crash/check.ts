// What must hold after any crash. First of the store alone: it opens, keeps its name, its cursor and what it acknowledged, and goes on. Then of the
// documents in it: a causally closed set that holds everything acknowledged, byte for byte what was written; and who goes on from there never uses
// a seq twice, as everybody who saw what had been published will notice.

import { createHash } from 'node:crypto'
import { toHex } from '../../../src/base/bytes.ts'
import { isJoineryError } from '../../../src/base/errors.ts'
import { seededRandom } from '../../../src/base/random.ts'
import type { SignedRange } from '../../../src/core/range.ts'
import { containsVersion, type Version } from '../../../src/core/version.ts'
import { Replica } from '../../../src/replica/replica.ts'
import type { Store } from '../../../src/store/store.ts'
import { keys, openParts, type Parts } from './parts.ts'
import type { Promised, Seen } from './workload.ts'

/** What a store holds after a crash, in short: two states of a disk with the same content need be looked into but once. */
export interface Content {
  readonly digest: string
  readonly cursor: number
  readonly incarnation: string
  readonly degraded: boolean
}

const strict = { durability: 'strict' } as const

/** Opens what a crash left, again and again the same. */
export type Reopen = () => Promise<Store>

/** Opens the store, reads everything, goes on writing, and finds it all again. Throws what does not hold. */
export async function reopen(open: Reopen): Promise<Content> {
  const storeA = await open()
  const before = await contentOf(storeA)
  await storeA.append([{ stream: 'after/the-crash', bytes: new Uint8Array([1]) }], strict)
  await storeA.close()
  const storeB = await open()
  const { records } = await storeB.read('after/the-crash')
  if (records.length !== 1) throw new Error(`what was appended after the crash came back ${records.length} times`)
  await storeB.drop('after/the-crash')
  const after = await contentOf(storeB)
  await storeB.close()
  if (after.digest !== before.digest) throw new Error('the second opening found something else than the first')
  return before
}

async function contentOf(store: Store): Promise<Content> {
  const hash = createHash('sha1')
  let degraded = false
  for (const stream of [...(await store.streams())].sort()) {
    const loaded = await store.read(stream)
    degraded ||= loaded.degraded
    hash.update(`${stream} ${loaded.degraded} ${loaded.records.length}\n`)
    for (const record of loaded.records) hash.update(`${record.length} `).update(record)
  }
  const lease = await store.lease()
  hash.update(`${lease.instance} ${store.incarnation}`)
  await lease.release()
  return { digest: hash.digest('hex'), cursor: store.cursor(), incarnation: store.incarnation, degraded }
}

/** What the store must keep of what was promised. A write that was not synced, and came out of order, may leave a hole that looks like damage. */
export function checkStore(
  content: Content,
  promised: Pick<Promised, 'incarnation' | 'cursor'>,
  mayHaveHoles: boolean,
): void {
  if (content.degraded && !mayHaveHoles) throw new Error('something is missing, though all that was written is synced')
  if (promised.incarnation !== undefined && content.incarnation !== promised.incarnation)
    throw new Error('the store became another one')
  if (content.cursor < promised.cursor)
    throw new Error(`the log reaches to ${content.cursor}, acknowledged was ${promised.cursor}`)
}

export interface Expected {
  /** What must be held. */
  readonly versions: ReadonlyMap<string, Version>
  /** How much of what was published had been seen. */
  readonly seenCount: number
  /** The store says that something is missing. */
  readonly degraded: boolean
}

/** Opens the documents of a store and goes on with them. Throws what does not hold. */
export async function goOn(
  open: Reopen,
  { seen, ada }: { readonly seen: readonly Seen[]; readonly ada: Parts },
  { versions, seenCount, degraded }: Expected,
): Promise<void> {
  const published: { name: string; range: SignedRange }[] = []
  const store = await open()
  const parts = await openParts({
    store,
    random: seededRandom(5),
    onPublished: ({ id }, own) => published.push(...own.map((range) => ({ name: id.name, range }))),
  })
  for (const [name, version] of versions) checkHeld(parts, name, version)
  checkBytes(parts, ada)
  for (const { id } of ada.documents.all.filter(({ id }) => id.name !== ''))
    parts.edit(id.name, (draft) => {
      draft.counts ??= {}
      draft.counts.after = 1
    })
  await parts.writer.flush()
  checkFailures(parts, degraded)
  const witness = new Witness(ada)
  for (const { name, range } of [...seen.slice(0, seenCount), ...published]) witness.receive(name, range)
  witness.tell(parts)
  await parts.writer.flush()
  witness.hear(parts)
  const end = new Map(parts.documents.all.map(({ id, replica }) => [id.name, replica.version]))
  await store.close()
  const again = await openParts({ store: await open(), random: seededRandom(6) })
  for (const [name, version] of end) checkHeld(again, name, version)
}

/** Nothing went wrong; but where the store says that something is missing, a document may have lost its name, and says so. */
function checkFailures({ failures }: Parts, degraded: boolean): void {
  const [failure] = failures.filter((failure) => !(degraded && isJoineryError(failure, 'store-damaged')))
  if (failure !== undefined) throw failure
}

function checkHeld(parts: Parts, name: string, version: Version): void {
  const document = parts.documents.open(name)
  document.replica.check()
  if (!containsVersion(document.replica.version, version))
    throw new Error(`"${name}" lost what was acknowledged: ${show(version)} was, ${show(document.replica.version)} is`)
}

/** What is held is what was written: the chain's hash says so of all up to it. */
export function checkBytes(parts: Parts, ada: Parts): void {
  for (const { id, replica } of parts.documents.all) {
    const reference = ada.documents.open(id.name).replica
    for (const [actor, seq] of replica.version) {
      const [is, was] = [replica.outward.tip(actor, seq), reference.outward.tip(actor, seq)]
      if (is === undefined || was === undefined || Buffer.compare(is.hash, was.hash) !== 0)
        throw new Error(`"${id.name}" holds ${actor.slice(2, 10)}:${seq}, which nobody wrote`)
    }
  }
}

/** A peer that saw everything that had been published before the crash, and meets who comes back from it. */
export class Witness {
  readonly #replicas: ReadonlyMap<string, Replica>

  constructor(ada: Parts) {
    this.#replicas = new Map(
      ada.documents.all.map(({ id, tag, replica }) => [
        id.name,
        new Replica({ docTag: tag, actor: replica.actor, now: () => 0, random: seededRandom(8) }),
      ]),
    )
  }

  receive(name: string, range: SignedRange): void {
    const replica = this.#replicas.get(name)
    const refused = replica?.receive([range], { origin: 'sync' }).refused ?? []
    if (refused.length > 0) throw new Error(`a peer refuses "${name}": ${refused[0]?.error.message}`)
  }

  /** Tells what the other lacks. */
  tell(parts: Parts): void {
    for (const [name, replica] of this.#replicas) {
      const mine = parts.documents.open(name)
      const { ranges } = replica.outward.rangesSince(mine.replica.version, replica.version, 1e9)
      const { held, refused } = mine.receive(ranges, 'sync')
      if (refused.length > 0) throw new Error(`"${name}" refuses a peer: ${refused[0]?.error.message}`)
      parts.writer.add(mine, keys.spaceId, { received: held })
    }
  }

  /** Hears what it lacks itself: then both hold the same. */
  hear(parts: Parts): void {
    for (const [name, replica] of this.#replicas) {
      const mine = parts.documents.open(name)
      for (const range of mine.replica.outward.rangesSince(replica.version, mine.durable, 1e9).ranges)
        this.receive(name, range)
      const [his, own] = [replica, mine.replica].map((side) => toHex(side.outward.digest(side.version)))
      if (his !== own)
        throw new Error(`"${name}" differs from a peer's: ${show(mine.replica.version)} ${show(replica.version)}`)
    }
  }
}

function show(version: Version): string {
  return `{${[...version].map(([actor, seq]) => `${actor.slice(2, 8)}…${actor.slice(-2)}:${seq}`).join(' ')}}`
}
