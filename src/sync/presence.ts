// A beat of presence: what one window (a tab, a process) of a member shows of itself in the documents it has open, all of it each time, so that one that
// is lost is made good by the next. It is never stored. Signed by the device, since gossip is handed on, and numbered, since gossip repeats and reorders.
//
//   beat   = device 32, window 8, number varint, made at varint (ms since 1970), name string, count varint, (document, JSON string) …, signature 64
//   signed = 'joinery/presence/0' ‖ spaceId 32 ‖ all of the beat before its signature
//
// No documents: the window is left.

import { ByteReader, ByteWriter, concatBytes, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type DocName, readDocument, readMany, writeDocument } from './messages.ts'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface Beat {
  readonly device: Uint8Array
  /** Random, made anew for each life of a tab or process. */
  readonly window: Uint8Array
  readonly number: number
  readonly madeAt: number
  readonly name: string
  readonly states: readonly { readonly document: DocName; readonly json: string }[]
}

export interface SignedBeat {
  readonly beat: Beat
  /** What was signed, but for the space. */
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

export const windowBytes = 8
const SIGNATURE_BYTES = 64

export function encodeBeat(beat: Beat): Uint8Array {
  const writer = new ByteWriter(256).raw(beat.device).raw(beat.window).varint(beat.number).varint(beat.madeAt)
  writer.string(beat.name).varint(beat.states.length)
  for (const { document, json } of beat.states) {
    writeDocument(writer, document)
    writer.string(json)
  }
  return writer.finish()
}

/** What the device signs of an encoded beat. */
export function signedBytes(spaceId: Uint8Array, body: Uint8Array): Uint8Array {
  return concatBytes(utf8('joinery/presence/0'), spaceId, body)
}

/** Total: any bytes give a beat or JoineryError('bad-message'). Whether its signature is good is another question. */
export function decodeBeat(bytes: Uint8Array): SignedBeat {
  const cut = bytes.length - SIGNATURE_BYTES
  if (cut < 0)
    throw new JoineryError('bad-message', `a beat has ${SIGNATURE_BYTES} bytes at least, not ${bytes.length}`)
  const body = bytes.slice(0, cut)
  const reader = new ByteReader(body)
  const beat: Beat = {
    device: reader.raw(32).slice(),
    window: reader.raw(windowBytes).slice(),
    number: reader.varint(),
    madeAt: reader.varint(),
    name: reader.string(limits.labelBytes),
    states: readMany(reader, limits.presenceDocuments, () => ({
      document: readDocument(reader),
      json: reader.string(limits.presenceBytes),
    })),
  }
  reader.end()
  return { beat, body, signature: bytes.slice(cut) }
}

/** The state that a text says, for ever as it is. Errors: 'bad-message' where it is no JSON. */
export function readJson(text: string): Json {
  try {
    return freeze(JSON.parse(text))
  } catch (cause) {
    throw new JoineryError('bad-message', 'a state of presence is not JSON', { cause })
  }
}

/** A state as text. Errors: 'bad-value' where JSON cannot say it, 'limit' where it is large. */
export function writeJson(state: unknown): string {
  const json = stringify(state)
  const sizeBytes = utf8(json).length
  if (sizeBytes <= limits.presenceBytes) return json
  throw new JoineryError(
    'limit',
    `A state of presence has at most ${limits.presenceBytes} bytes as JSON, not ${sizeBytes}. What is larger belongs in the document.`,
  )
}

function stringify(state: unknown): string {
  try {
    const json: unknown = JSON.stringify(state)
    if (typeof json === 'string') return json
  } catch (cause) {
    throw new JoineryError('bad-value', 'A state of presence is what JSON can say; this is not.', { cause })
  }
  throw new JoineryError('bad-value', `A state of presence is what JSON can say, not a ${typeof state}.`)
}

// As deep as a state's few bytes can nest.
function freeze(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}
