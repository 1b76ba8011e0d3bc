// Tickets: an invitation as text. In version 0 it is the key to the space for ever, for reading and writing.
//
//   'joinery:' base64url( version u8 (0) ‖ genesis 50 ‖ secret 32 ‖ label string ‖ addresses (compact-addresses.ts) ‖ checksum 4 )
//
// The checksum (first bytes of SHA-256 of all before it) tells a mistyped ticket from a good one. Addresses are for first contact only.

import { sha256 } from '@noble/hashes/sha2.js'
import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { ByteReader, ByteWriter, concatBytes, equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { readAddresses, writeAddresses } from './compact-addresses.ts'
import { checkGenesis, type SpaceSecret } from './keys.ts'

export interface Ticket extends SpaceSecret {
  /** What the inviter calls the space: a suggestion. */
  readonly label: string
  readonly addresses: readonly string[]
}

const PREFIX = 'joinery:'

export function encodeTicket(ticket: Ticket): string {
  const writer = new ByteWriter().u8(0).raw(ticket.genesis).raw(ticket.secret).string(ticket.label)
  writeAddresses(writer, ticket.addresses.slice(0, limits.ticketAddresses))
  const body = writer.finish()
  return PREFIX + bytesToString(concatBytes(body, checksum(body)), 'base64url')
}

/** Reads a ticket, alone or as the fragment of a page's address. Errors: 'bad-ticket', 'ticket-newer'. */
export function decodeTicket(text: string): Ticket {
  const bytes = ticketBytes(text)
  if (bytes[0] !== 0)
    throw new JoineryError(
      'ticket-newer',
      `This invitation is of version ${bytes[0]}; this joinery knows version 0. Update joinery and try again.`,
    )
  const body = bytes.subarray(0, -4)
  if (!equalBytes(checksum(body), bytes.subarray(-4))) throw damaged('its checksum does not fit')
  try {
    return readTicket(new ByteReader(body))
  } catch (cause) {
    throw damaged('it does not read as one', cause)
  }
}

function ticketBytes(text: string): Uint8Array {
  const from = typeof text === 'string' ? text.indexOf(PREFIX) : -1 // Programs without types hand in anything.
  if (from < 0)
    throw new JoineryError(
      'bad-ticket',
      'This is not an invitation: invitations start with "joinery:". Copy the whole of it and try again.',
    )
  if (text.length > from + 2 * limits.ticketBytes) throw damaged(`it is longer than ${limits.ticketBytes} bytes`)
  const encoded = text.slice(from + PREFIX.length).trim()
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) throw damaged('it holds characters that no invitation has')
  try {
    const bytes = fromString(encoded, 'base64url')
    if (bytes.length > 4 && bytes.length <= limits.ticketBytes) return bytes
  } catch (cause) {
    throw damaged('it does not read as one', cause)
  }
  throw damaged('its length is wrong')
}

function readTicket(reader: ByteReader): Ticket {
  reader.u8()
  const genesis = reader.raw(50).slice()
  checkGenesis(genesis)
  const secret = reader.raw(32).slice()
  const label = reader.string(limits.labelBytes)
  const addresses = readAddresses(reader, { count: limits.ticketAddresses, textBytes: limits.ticketBytes })
  reader.end()
  return { genesis, secret, label, addresses }
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, 4)
}

function damaged(why: string, cause?: unknown): JoineryError {
  return new JoineryError(
    'bad-ticket',
    `This invitation is damaged: ${why}. Ask for it again, and copy the whole of it.`,
    { cause },
  )
}
