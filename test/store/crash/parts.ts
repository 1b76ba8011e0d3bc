// The parts of a peer that write and load, without its network: the real Documents, Writer, Replica and Device over any store. Whoever has them
// writes own edits and receives others', and finds all of it again.

import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { type Device, openDevice } from '../../../src/auth/device.ts'
import { makeSpace, type SpaceKeys, spaceKeys } from '../../../src/auth/keys.ts'
import { ByteWriter, fromHex, toHex } from '../../../src/base/bytes.ts'
import { type Random, seededRandom } from '../../../src/base/random.ts'
import { BufferPool } from '../../../src/core/buffer-pool.ts'
import { type ActorId, memberActor } from '../../../src/core/ids.ts'
import type { SignedRange } from '../../../src/core/range.ts'
import { Awake } from '../../../src/peer/awake.ts'
import type { Document } from '../../../src/peer/document.ts'
import { Documents } from '../../../src/peer/documents.ts'
import { Writer } from '../../../src/peer/writer.ts'
import type { Lease, Store } from '../../../src/store/store.ts'
import { ManualClock } from '../../../src/testing/manual-clock.ts'

/** Keys that are the same in each run, so that a seed makes the same bytes. */
export function keyFile(seed: number): Uint8Array {
  const { bytes, publicKey } = keysOf(seed)
  return new ByteWriter().bytes(bytes).bytes(publicKey).finish()
}

function keysOf(seed: number): {
  readonly bytes: Uint8Array
  readonly secret: KeyObject
  readonly publicKey: Uint8Array
} {
  const bytes = fromHex(`302e020100300506032b657004220420${toHex(seededRandom(seed).bytes(32))}`)
  const secret = createPrivateKey({ key: Buffer.from(bytes), format: 'der', type: 'pkcs8' })
  const open = createPublicKey(secret).export({ format: 'jwk' }).x ?? ''
  return { bytes, secret, publicKey: new Uint8Array(Buffer.from(open, 'base64url')) }
}

/** The same keys, as a browser's store keeps them. */
export async function keyPair(seed: number): Promise<CryptoKeyPair> {
  const { bytes, publicKey } = keysOf(seed)
  const [privateKey, open] = await Promise.all([
    crypto.subtle.importKey('pkcs8', Uint8Array.from(bytes), 'Ed25519', false, ['sign']),
    crypto.subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', true, ['verify']),
  ])
  return { privateKey, publicKey: open }
}

export const keys: SpaceKeys = spaceKeys(makeSpace(new Uint8Array(32).fill(7), seededRandom(7)))

export interface PartsOptions {
  readonly store: Store
  /** Signs within the turn, so that a seed makes the same order of things; else the store's own key does. */
  readonly device?: Device
  readonly random: Random
  /** What documents that are awake may take. */
  readonly awakeBytes?: number
  /** What of this device may leave from now on. */
  readonly onPublished?: (document: Document, own: readonly SignedRange[]) => void
  /** What is known of a document may be something else by now. */
  readonly onTouched?: (document: Document) => void
}

export interface Parts {
  readonly awake: Awake
  readonly actor: ActorId
  readonly device: Device
  readonly documents: Documents
  readonly writer: Writer
  /** By which a store without room is tried anew. */
  readonly clock: ManualClock
  readonly lease: Lease
  /** What went wrong that no call was told of. */
  readonly failures: unknown[]
  edit(
    name: string,
    fn: (draft: { text: { insert(index: number, text: string): void }; counts: Record<string, number> }) => void,
  ): void
  receive(name: string, ranges: readonly SignedRange[]): void
  /** Takes what others appended to the same store. */
  catchUp(): Promise<boolean>
}

/** The device that a key file holds, whose signatures wait for nothing. */
export function deviceOf(seed: number): Device {
  const { secret, publicKey } = keysOf(seed)
  return {
    publicKey,
    keyHex: toHex(publicKey),
    sign: async (message) => new Uint8Array(sign(null, message, secret)),
  }
}

/** Opens them, with all that the store holds. */
export async function openParts({ store, random, onPublished, onTouched, ...options }: PartsOptions): Promise<Parts> {
  const device = options.device ?? (await openDevice(store))
  const lease = await store.lease()
  const actor = memberActor(device.publicKey, lease.instance)
  const clock = new ManualClock()
  const failures: unknown[] = []
  const writer = new Writer({
    store,
    device,
    clock,
    onDurable: (document, own) => onPublished?.(document, own),
    onError: (error) => failures.push(error),
  })
  let cursor = store.cursor()
  let reading = Promise.resolve()
  const readTail = async (): Promise<void> => {
    const tail = await store.tail(cursor)
    cursor = tail.cursor
    for (const [stream, own] of Map.groupBy(tail.records, (record) => record.stream))
      documents.take(
        stream,
        own.map(({ bytes }) => bytes),
      )
  }
  // One reading after another, as the peer does.
  const catchUp = async (): Promise<boolean> => {
    let isRead = true
    reading = reading.then(readTail).catch((error: unknown) => {
      isRead = false
      failures.push(error)
    })
    await reading
    return isRead
  }
  const awake = new Awake(clock, options.awakeBytes)
  const [pool, trace] = [new BufferPool(), (): void => {}]
  const context = { actor, awake, catchUp, clock, leading: true, pool, random, store, trace, writer }
  const failed = (cause: unknown): void => void failures.push(cause)
  const documents = new Documents({
    context,
    keys,
    label: 'crash',
    touched: (document) => onTouched?.(document),
    removed: () => {},
    altered: () => {},
    moved: () => {},
    isMet: () => true,
    forked: () => {},
    failed,
  })
  await documents.load(await store.streams())
  return {
    actor,
    awake,
    device,
    documents,
    writer,
    clock,
    lease,
    failures,
    catchUp,
    edit(name, fn) {
      const document = documents.open(name)
      document.change(fn as (draft: never) => void)
      writer.add(document, keys.spaceId, { actor })
    },
    receive(name, ranges) {
      const document = documents.open(name)
      const { held } = document.receive(ranges, 'sync')
      writer.add(document, keys.spaceId, { received: held })
    },
  }
}
