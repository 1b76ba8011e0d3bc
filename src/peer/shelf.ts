// What the shelf keeps of a space, beside its documents' streams.
//
//   spaces/<id>   version u8 (0) ‖ genesis 50 ‖ secret 32 ‖ label string ‖ last agreed (ms since 1970, 0 for never) varint ‖
//                 count varint ‖ address string …     where the invitation said that members are
//   books/<id>    the address book (book.ts)
//   indexes/<id>  what must be known of each document before it is read (doc-index.ts), deflated
//   wants/<id>    what is missing of edits that others build on (wants.ts)
//   left/<id>     the space was left: what it has on disk may go (sweep.ts). Where its key is only missing, nothing does
//   retired/<n>   the actor instance n wrote in a space that was left: never to be used again (Invariant 11)

import { type SpaceSecret, spaceIdOf } from '../auth/keys.ts'
import { ByteReader, ByteWriter, toHex } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { readMany } from '../sync/messages.ts'

export interface SpaceRecord {
  readonly secret: SpaceSecret
  readonly label: string
  readonly lastAgreedAt: number | undefined
  /** First-contact addresses, from invitations: kept, since the first contact may be days away. */
  readonly hints: readonly string[]
}

/** Addresses of invitations that are kept of one space. */
export const HINTS_MAX = 16

export const spacesPrefix = 'spaces/'

export function spaceKey(idHex: string): string {
  return spacesPrefix + idHex
}

export function bookKey(idHex: string): string {
  return `books/${idHex}`
}

export function indexKey(idHex: string): string {
  return `indexes/${idHex}`
}

export function wantsKey(idHex: string): string {
  return `wants/${idHex}`
}

export const leftPrefix = 'left/'

export function leftKey(idHex: string): string {
  return leftPrefix + idHex
}

export const retiredPrefix = 'retired/'

export function retiredKey(instance: number): string {
  return retiredPrefix + instance
}

export function encodeSpaceRecord({ secret, label, lastAgreedAt, hints }: SpaceRecord): Uint8Array {
  const writer = new ByteWriter().u8(0).raw(secret.genesis).raw(secret.secret).string(label)
  writer.varint(lastAgreedAt ?? 0).varint(hints.length)
  for (const address of hints) writer.string(address)
  return writer.finish()
}

/** What stands under `key`. Errors: 'store-newer', 'store-damaged', as where it is the record of another space. */
export function decodeSpaceRecord(bytes: Uint8Array, key: string): SpaceRecord {
  const reader = new ByteReader(bytes)
  try {
    const version = reader.u8()
    if (version !== 0) throw newer(version)
    const secret = { genesis: reader.raw(50).slice(), secret: reader.raw(32).slice() }
    const label = reader.string(limits.labelBytes)
    const agreedAt = reader.varint()
    if (spaceKey(toHex(spaceIdOf(secret.genesis))) !== key)
      throw new JoineryError('bad-message', 'the key of another space stands in its place')
    const hints = readMany(reader, HINTS_MAX, () => reader.string(limits.ticketBytes))
    return { secret, label, lastAgreedAt: agreedAt === 0 ? undefined : agreedAt, hints }
  } catch (cause) {
    if (cause instanceof JoineryError && cause.code === 'store-newer') throw cause
    throw new JoineryError(
      'store-damaged',
      'What the store keeps of a space is damaged. Join the space again with an invitation.',
      { cause },
    )
  }
}

function newer(version: number): JoineryError {
  return new JoineryError(
    'store-newer',
    `A space record of version ${version} was written by a newer joinery. Update joinery to open it.`,
  )
}
