// Address records: where a member can be reached, signed by its device, so that members can pass them on to one another.
//
//   record = device key 32 ‖ node id string ‖ name string ‖ made at (ms since 1970) varint ‖ count varint ‖ address string … ‖ signature 64

import { type ByteReader, ByteWriter, concatBytes, utf8 } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { Device } from './device.ts'
import { ed25519Signing, type Signing } from './signing.ts'

export interface AddressRecord {
  readonly device: Uint8Array
  readonly node: string
  readonly name: string
  /** The author's wall clock: of two records of one device the later one stands. */
  readonly madeAt: number
  readonly addresses: readonly string[]
  readonly signature: Uint8Array
}

const ADDRESS_BYTES = 512

export async function signRecord(
  device: Device,
  spaceId: Uint8Array,
  record: Omit<AddressRecord, 'device' | 'signature'>,
): Promise<AddressRecord> {
  const unsigned = { ...record, addresses: record.addresses.slice(0, limits.bookAddresses), device: device.publicKey }
  return { ...unsigned, signature: await device.sign(signedBytes(spaceId, unsigned)) }
}

export function verifyRecord(
  spaceId: Uint8Array,
  record: AddressRecord,
  { verify }: Pick<Signing, 'verify'> = ed25519Signing,
): Promise<boolean> {
  return verify(record.device, record.signature, signedBytes(spaceId, record))
}

export function writeRecord(writer: ByteWriter, record: AddressRecord): void {
  writer.raw(bodyBytes(record)).raw(record.signature)
}

export function readRecord(reader: ByteReader): AddressRecord {
  const device = reader.raw(32).slice()
  const node = reader.string(ADDRESS_BYTES)
  const name = reader.string(limits.labelBytes)
  const madeAt = reader.varint()
  const count = reader.varint(limits.bookAddresses)
  const addresses = Array.from({ length: count }, () => reader.string(ADDRESS_BYTES))
  return { device, node, name, madeAt, addresses, signature: reader.raw(64).slice() }
}

function bodyBytes(record: Omit<AddressRecord, 'signature'>): Uint8Array {
  const writer = new ByteWriter()
    .raw(record.device)
    .string(record.node)
    .string(record.name)
    .varint(record.madeAt)
    .varint(record.addresses.length)
  for (const address of record.addresses) writer.string(address)
  return writer.finish()
}

function signedBytes(spaceId: Uint8Array, record: Omit<AddressRecord, 'signature'>): Uint8Array {
  return concatBytes(utf8('joinery/address/0'), spaceId, bodyBytes(record))
}
