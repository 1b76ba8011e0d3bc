// Addresses as few bytes, so that a ticket fits a QR code. Multiaddr texts of the common kinds are packed; whatever would not come back letter for
// letter travels as text. The node's id, which each address of a node ends in, is written once.
//
//   addresses = group count, group …
//   group     = id kind u8 (0 none, 1 text string, 2 base58 bytes), id, address count, address …
//   address   = kind u8, then
//   0 text      = string
//   1 tcp       = ip4 4, port u16         /ip4/…/tcp/…
//   2 ws        = ip4 4, port u16         /ip4/…/tcp/…/ws
//   3 webrtc    = ip4 4, port u16, certificate hash bytes      /ip4/…/udp/…/webrtc-direct/certhash/u…

import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'

export interface AddressLimits {
  readonly count: number
  readonly textBytes: number
}

export function writeAddresses(writer: ByteWriter, addresses: readonly string[]): void {
  const groups = Map.groupBy(addresses.map(divide), ({ id }) => id ?? '')
  writer.varint(groups.size)
  for (const [id, members] of groups) {
    writeId(writer, id)
    writer.varint(members.length)
    for (const { rest } of members) writer.raw(packed(rest))
  }
}

/** Errors: 'bad-message'. */
export function readAddresses(reader: ByteReader, limits: AddressLimits): string[] {
  const addresses: string[] = []
  for (let groups = reader.varint(limits.count); groups > 0; groups--) {
    const id = readId(reader, limits)
    const count = reader.varint(limits.count - addresses.length)
    for (let i = 0; i < count; i++) addresses.push(unpacked(reader, limits) + (id === '' ? '' : `/p2p/${id}`))
  }
  return addresses
}

function divide(address: string): { rest: string; id: string | undefined } {
  const match = /^(.*)\/p2p\/([^/]+)$/.exec(address)
  return match === null ? { rest: address, id: undefined } : { rest: match[1] ?? '', id: match[2] }
}

function writeId(writer: ByteWriter, id: string): void {
  const bytes = id === '' ? undefined : base58(id)
  if (id === '') writer.u8(0)
  else if (bytes === undefined) writer.u8(1).string(id)
  else writer.u8(2).bytes(bytes)
}

function readId(reader: ByteReader, limits: AddressLimits): string {
  const kind = reader.u8()
  if (kind === 0) return ''
  if (kind === 1) return reader.string(limits.textBytes)
  if (kind === 2) return bytesToString(reader.bytes(64), 'base58btc')
  throw new JoineryError('bad-message', `a node id of kind ${kind} is unknown here`)
}

function base58(id: string): Uint8Array | undefined {
  if (!/^[1-9A-HJ-NP-Za-km-z]{8,64}$/.test(id)) return undefined
  const bytes = fromString(id, 'base58btc')
  return bytes.length <= 64 && bytesToString(bytes, 'base58btc') === id ? bytes : undefined
}

function packed(text: string): Uint8Array {
  const bytes = pack(text)
  // Packed only if it comes back letter for letter.
  if (bytes !== undefined && unpacked(new ByteReader(bytes), { count: 1, textBytes: 0 }) === text) return bytes
  return new ByteWriter(text.length + 4).u8(0).string(text).finish()
}

function pack(text: string): Uint8Array | undefined {
  const match =
    /^\/ip4\/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(tcp|udp)\/(\d{1,5})(\/ws|\/webrtc-direct\/certhash\/u([\w-]{1,128}))?$/.exec(
      text,
    )
  if (match === null) return undefined
  const octets = match.slice(1, 5).map(Number)
  const port = Number(match[6])
  if (octets.some((octet) => octet > 255) || port > 0xffff) return undefined
  const hash = match[8]
  const kind = hash !== undefined ? 3 : match[7] === '/ws' ? 2 : 1
  const writer = new ByteWriter(64).u8(kind)
  for (const octet of octets) writer.u8(octet)
  writer.u8(port >> 8).u8(port & 0xff)
  if (hash === undefined) return writer.finish()
  const bytes = unbase64(hash)
  return bytes === undefined ? undefined : writer.bytes(bytes).finish()
}

function unbase64(text: string): Uint8Array | undefined {
  try {
    return fromString(text, 'base64url')
  } catch {
    // Not base64url after all: such an address travels as text.
    return undefined
  }
}

function unpacked(reader: ByteReader, limits: AddressLimits): string {
  const kind = reader.u8()
  if (kind === 0) return reader.string(limits.textBytes)
  if (kind > 3) throw new JoineryError('bad-message', `an address of kind ${kind} is unknown here`)
  const host = `/ip4/${[...reader.raw(4)].join('.')}`
  const port = reader.u8() * 256 + reader.u8()
  if (kind === 1) return `${host}/tcp/${port}`
  if (kind === 2) return `${host}/tcp/${port}/ws`
  return `${host}/udp/${port}/webrtc-direct/certhash/u${bytesToString(reader.bytes(128), 'base64url')}`
}
