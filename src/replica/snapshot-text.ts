// UTF-16 units as UTF-8, which is half as long and inflates to what a text decoder takes at once. Units that stand alone have no UTF-8: each is
// written as U+FFFD, and said before.
//
//   units = count varint, (gap varint, unit - 0xd800 varint)*, UTF-8 to the end        nothing at all for no units
//
// Units are taken as one string whatever texts they are of: a pair may be two halves of two texts.

import { ByteWriter, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { ColumnReader } from './snapshot-columns.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const surrogateMin = 0xd800
const lowMin = 0xdc00
const surrogateMax = 0xdfff
const replacement = 0xfffd

export function encodeUnits(text: string): Uint8Array {
  if (text === '') return new Uint8Array(0)
  const writer = new ByteWriter(text.length + 16)
  if (text.isWellFormed()) return writer.varint(0).raw(utf8(text)).finish()
  const lone = loneUnits(text)
  writer.varint(lone.length)
  let last = 0
  for (const at of lone) {
    writer.varint(at - last).varint(text.charCodeAt(at) - surrogateMin)
    last = at
  }
  return writer.raw(utf8(text)).finish()
}

/** The units as a string, lone ones too. */
export function decodeUnits(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  const reader = new ColumnReader(bytes)
  const count = reader.varint(reader.left)
  const lone: number[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    at += reader.varint(bytes.length)
    lone.push(at, surrogateMin + reader.varint(surrogateMax - surrogateMin))
  }
  const text = decodeUtf8(reader.rest())
  return count === 0 ? text : withLone(text, lone)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new JoineryError('bad-message', 'the units of a snapshot are not UTF-8', { cause })
  }
}

function withLone(text: string, lone: readonly number[]): string {
  const parts: string[] = []
  let from = 0
  for (let i = 0; i < lone.length; i += 2) {
    const at = lone[i] as number
    if (at < from || text.charCodeAt(at) !== replacement)
      throw new JoineryError('bad-message', `the unit at ${at} is no lone one`)
    parts.push(text.slice(from, at), String.fromCharCode(lone[i + 1] as number))
    from = at + 1
  }
  parts.push(text.slice(from))
  return parts.join('')
}

function loneUnits(text: string): number[] {
  const out: number[] = []
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < surrogateMin || unit > surrogateMax) continue
    const next = text.charCodeAt(i + 1)
    if (unit < lowMin && next >= lowMin && next <= surrogateMax) i++
    else out.push(i)
  }
  return out
}
