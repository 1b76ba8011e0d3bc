// What a change follows in other documents of its space, as it stands in its meta op (core/kinds.ts): the newest ops of each that its author had in mind, by
// the names that others are told them by. Nearest only: what these build on is followed with them (COPS: Lloyd et al., SOSP 2011).
//
//   depends = version u8 (0) ‖ count varint (1-32) ‖ (document, version) …        document and version as in messages
//
// Anything else is JoineryError('bad-message'): no peer takes such a change, so all have the same.

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeVersion, encodeVersion } from '../core/version.ts'
import { type Entry, readDocument, readMany, writeDocument } from './messages.ts'

const VERSION = 0

/** Errors: 'limit'. */
export function encodeDepends(entries: readonly Entry[]): Uint8Array {
  const writer = new ByteWriter().u8(VERSION).varint(entries.length)
  for (const { document, version } of entries) {
    writeDocument(writer, document)
    encodeVersion(writer, version)
  }
  const depends = writer.finish()
  if (entries.length <= limits.links && depends.length <= limits.dependsBytes) return depends
  throw new JoineryError(
    'limit',
    `A change follows at most ${limits.links} documents, in ${limits.dependsBytes} bytes, not ${entries.length} in ${depends.length}.`,
  )
}

/** Total. Errors: 'bad-message'. */
export function decodeDepends(depends: Uint8Array): readonly Entry[] {
  const reader = new ByteReader(depends)
  const version = reader.u8()
  if (version !== VERSION)
    throw new JoineryError('bad-message', `what a change follows is said in version ${version}, unknown here`)
  const entries = readMany(reader, limits.links, () => ({
    document: readDocument(reader),
    version: decodeVersion(reader),
  }))
  reader.end()
  if (entries.length === 0) throw new JoineryError('bad-message', 'a change follows nothing')
  return entries
}
