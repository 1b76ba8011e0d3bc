// Names of documents and labels of spaces: what is one, and what to say when it is not.

import { utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

// Control characters would be invisible in lists, and zero divides a name from its generation.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const control = /[\u0000-\u001f\u007f-\u009f]/

/** The name in NFC, so that one word typed on two systems is one document. Errors: 'bad-name'. */
export function documentName(name: unknown): string {
  const bad = (why: string): JoineryError =>
    new JoineryError('bad-name', `${JSON.stringify(name)} is not a document name: ${why}.`)
  if (typeof name !== 'string') throw bad('a name is a string')
  if (name === '') throw bad('a name has at least one character')
  if (!name.isWellFormed()) throw bad('it holds half of a surrogate pair')
  if (control.test(name)) throw bad('control characters are not allowed')
  const normal = name.normalize('NFC')
  if (utf8(normal).length > limits.documentNameBytes)
    throw bad(`it is longer than ${limits.documentNameBytes} bytes of UTF-8`)
  return normal
}

export function isDocumentName(name: string): boolean {
  try {
    return documentName(name) === name
  } catch {
    return false
  }
}

/** Errors: 'bad-label'. */
export function spaceLabel(label: unknown): string {
  const bad = (why: string): JoineryError =>
    new JoineryError('bad-label', `${JSON.stringify(label)} is not a label for a space: ${why}.`)
  if (typeof label !== 'string') throw bad('a label is a string')
  if (label.trim() === '') throw bad('a label has at least one visible character')
  if (!label.isWellFormed()) throw bad('it holds half of a surrogate pair')
  if (/[/:]/.test(label)) throw bad('"/" and ":" are not allowed, since they divide paths and ids')
  if (control.test(label)) throw bad('control characters are not allowed')
  const normal = label.normalize('NFC')
  if (utf8(normal).length > limits.labelBytes) throw bad(`it is longer than ${limits.labelBytes} bytes of UTF-8`)
  return normal
}
