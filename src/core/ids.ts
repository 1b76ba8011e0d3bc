// Who did it: actors, and dots, the names of single ops. FORMAT §1 fixes the bytes.
//
//   actor = kind u8 ‖ 36 bytes
//   kind 0  self-certifying: SHA-256 of its one change (32) ‖ 4 zero bytes; never continued, needs no signature
//   kind 1  a member's: Ed25519 public key (32) ‖ instance u32be

import { assert } from '../base/assert.ts'
import { type Brand, branded } from '../base/brand.ts'
import { type ByteReader, type ByteWriter, fromHex, toHex } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'

/** A writer, as lower-case hex of its bytes: 37 in earnest, 1-64 in tests. */
export type ActorId = Brand<string, 'ActorId'>

/**
 * One continuation of an actor: the actor itself; or, of an actor whose history was forked, another continuation than the one heard of first:
 * actor '.' end '.' the first 8 bytes of the chain's hash after its first `end` ops, in hex. Whoever holds that continuation finds it so (forks.ts).
 */
export type BranchId = ActorId | Brand<string, 'ForkedBranch'>

/** The name of one op: the seq-th of its actor in a document. */
export interface Dot {
  readonly actor: ActorId
  readonly seq: number
}

/** Whose an actor is. */
export type Owner =
  | { readonly kind: 0 }
  | { readonly kind: 1; readonly publicKey: Uint8Array; readonly instance: number }
  | { readonly kind: 'test' }

/** The first bytes of a chain's hash, which tell the branches of an actor apart. */
export const tagBytes = 8
const actorLength = 37
const actorMax = 64

/** Kind 0 and 36 zero bytes: who the chain is computed with that a self-certifying actor is named after. */
export const nobody: ActorId = branded<ActorId>('00'.repeat(actorLength))

export function actorId(bytes: Uint8Array): ActorId {
  if (bytes.length < 1 || bytes.length > actorMax)
    throw new JoineryError('bad-message', `an actor has 1-${actorMax} bytes, not ${bytes.length}`)
  return branded<ActorId>(toHex(bytes))
}

export function actorBytes(id: ActorId): Uint8Array {
  return fromHex(id)
}

/** The actor of a device's key and an instance number that one living writer holds (Invariant 11: the store leases it). */
export function memberActor(publicKey: Uint8Array, instance: number): ActorId {
  assert(publicKey.length === 32, `a public key has 32 bytes, not ${publicKey.length}`)
  assert(Number.isInteger(instance) && instance >= 0 && instance <= 0xffffffff, `instance ${instance} is not a u32`)
  const bytes = new Uint8Array(actorLength)
  bytes[0] = 1
  bytes.set(publicKey, 1)
  new DataView(bytes.buffer).setUint32(33, instance)
  return actorId(bytes)
}

/** The self-certifying actor of a change with this hash. */
export function selfActor(hash: Uint8Array): ActorId {
  assert(hash.length === 32, `a hash has 32 bytes, not ${hash.length}`)
  const bytes = new Uint8Array(actorLength)
  bytes.set(hash, 1)
  return actorId(bytes)
}

export function ownerOf(actor: ActorId): Owner {
  const bytes = actorBytes(actor)
  if (bytes.length !== actorLength) return { kind: 'test' }
  if (isSelfCertifying(actor)) return { kind: 0 }
  if (bytes[0] === 1)
    return { kind: 1, publicKey: bytes.slice(1, 33), instance: new DataView(bytes.buffer).getUint32(33) }
  return { kind: 'test' }
}

/** The same of all actors of one owner: a member's instances are of one device, and all self-certifying ones are nobody's. */
export function ownerKey(actor: ActorId): string {
  if (actor.length !== 2 * actorLength) return actor
  return isSelfCertifying(actor) ? 'init' : actor.slice(0, -8)
}

/** Whether it is named after its only change, as owner of kind 0. */
export function isSelfCertifying(actor: ActorId): boolean {
  return actor.length === 2 * actorLength && actor.startsWith('00')
}

/** Whether it is of the device with that public key, in hex, as whatever instance. */
export function isOwn(branch: BranchId, keyHex: string): boolean {
  const actor = actorOf(branch)
  return actor.length === 2 * actorLength && actor.startsWith('01') && actor.startsWith(keyHex, 2)
}

/** Ties compare bytes: hex order is byte order, a shorter actor that is a prefix comes first. */
export function compareActors(a: ActorId, b: ActorId): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** Names a continuation by what its chain is after `end` ops. */
export function forkedBranch(actor: ActorId, end: number, tag: Uint8Array): BranchId {
  return branded<BranchId & Brand<string, 'ForkedBranch'>>(`${actor}.${end}.${toHex(tag)}`)
}

/** Whose continuation it is. */
export function actorOf(branch: BranchId): ActorId {
  const point = branch.indexOf('.')
  return branded<ActorId>(point < 0 ? branch : branch.slice(0, point))
}

/** Where a forked one is told from others; undefined of a plain actor. */
export function forkPoint(branch: BranchId): { readonly end: number; readonly tag: Uint8Array } | undefined {
  const [, end, tag] = branch.split('.')
  return end === undefined || tag === undefined ? undefined : { end: Number(end), tag: fromHex(tag) }
}

export function compareDots(a: Dot, b: Dot): number {
  return compareActors(a.actor, b.actor) || a.seq - b.seq
}

export function encodeActor(writer: ByteWriter, actor: ActorId): void {
  writer.bytes(actorBytes(actor))
}

export function decodeActor(reader: ByteReader): ActorId {
  return actorId(reader.bytes(actorMax))
}
