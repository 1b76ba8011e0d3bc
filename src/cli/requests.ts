// What can be asked of a peer: by a command that opened the folder itself, or through the socket of the peer that runs on it.
// From the socket a request is foreign bytes, so it is decoded field by field.

import { JoineryError } from '../base/errors.ts'
import type { Segment } from './path.ts'

/** A space by label or id, and a document in it. */
export interface Place {
  readonly space: string
  readonly document: string
}

export type Request =
  | { readonly command: 'ls'; readonly space: string | undefined }
  | ({ readonly command: 'cat' | 'watch'; readonly path: readonly Segment[] } & Place)
  | ({ readonly command: 'set'; readonly path: readonly Segment[]; readonly value: unknown } & Place)
  | { readonly command: 'status' }
  | { readonly command: 'export' }
  | { readonly command: 'invite'; readonly space: string }
  | JoinRequest
  | { readonly command: 'meet' }
  | TakeRequest
  | BackupRequest
  | RestoreRequest
  | { readonly command: 'compact' }
  | FsckRequest
  | DoctorRequest

export interface JoinRequest {
  readonly command: 'join'
  readonly ticket: string
  readonly label: string | undefined
  /** How long to wait for a first member; 0 does not wait. */
  readonly timeoutMs: number
}

export interface TakeRequest {
  readonly command: 'take'
  /** Our own code, of the meeting that is to take the other's. */
  readonly own: string
  readonly code: string
}

export interface BackupRequest {
  readonly command: 'backup'
  /** By label or id; all if there are none. */
  readonly spaces: readonly string[]
  readonly withKeys: boolean
}

export interface RestoreRequest {
  readonly command: 'restore'
  /** An absolute path, read by whoever does the request. */
  readonly file: string
  /** To a space in it that the peer does not belong to yet. */
  readonly invitation: string | undefined
}

export interface FsckRequest {
  readonly command: 'fsck'
  readonly repair: boolean
}

export interface DoctorRequest {
  readonly command: 'doctor'
  /** How long to wait until somebody is met. */
  readonly timeoutMs: number
}

/** A path through containers: deeper than documents go. */
const pathSegments = 256

/** Reads SPACE/DOC: the first "/" divides, so a document's name may hold more of them. Errors: 'bad-option'. */
export function parsePlace(text: string): Place {
  const slash = text.indexOf('/')
  if (slash <= 0 || slash === text.length - 1) {
    throw new JoineryError('bad-option', `${JSON.stringify(text)} is not SPACE/DOC, such as Home/groceries.`)
  }
  return { space: text.slice(0, slash).normalize('NFC'), document: text.slice(slash + 1).normalize('NFC') }
}

/** VALUE on the command line: JSON if it is JSON, else the text as it stands. */
export function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Seconds of an option, up to a day. Errors: 'bad-option'. */
export function readSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= 86_400) return seconds
  throw new JoineryError('bad-option', `--timeout ${text}: give seconds, such as 15 or 0.5; 0 does not wait.`)
}

/** Reads a request that came through the socket. Errors: 'bad-message'. */
export function decodeRequest(message: unknown): Request {
  const fields = new Fields(message)
  const command = fields.text('command')
  switch (command) {
    case 'ls':
      return { command, space: fields.has('space') ? fields.text('space') : undefined }
    case 'cat':
    case 'watch':
      return { command, ...fields.place(), path: fields.path('path') }
    case 'set':
      return { command, ...fields.place(), path: fields.path('path'), value: fields.any('value') }
    case 'status':
    case 'export':
    case 'compact':
    case 'meet':
      return { command }
    case 'take':
      return { command, own: fields.text('own'), code: fields.text('code') }
    case 'backup':
      return { command, spaces: fields.texts('spaces'), withKeys: fields.flag('withKeys') }
    case 'restore':
      return {
        command,
        file: fields.text('file'),
        invitation: fields.has('invitation') ? fields.text('invitation') : undefined,
      }
    case 'fsck':
      return { command, repair: fields.flag('repair') }
    case 'doctor':
      return { command, timeoutMs: fields.count('timeoutMs') }
    case 'invite':
      return { command, space: fields.text('space') }
    case 'join':
      return {
        command,
        ticket: fields.text('ticket'),
        label: fields.has('label') ? fields.text('label') : undefined,
        timeoutMs: fields.count('timeoutMs'),
      }
    default:
      throw badMessage(`the command ${JSON.stringify(command).slice(0, 40)} is not known here`)
  }
}

/** An object from outside, asked field by field. */
class Fields {
  readonly #fields: ReadonlyMap<string, unknown>

  constructor(message: unknown) {
    if (typeof message !== 'object' || message === null || Array.isArray(message))
      throw badMessage('it is not an object')
    this.#fields = new Map(Object.entries(message))
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  any(name: string): unknown {
    if (!this.has(name)) throw badMessage(`"${name}" is missing`)
    return this.#fields.get(name)
  }

  text(name: string): string {
    const value = this.any(name)
    if (typeof value !== 'string') throw badMessage(`"${name}" is not a text`)
    return value
  }

  texts(name: string): readonly string[] {
    const value = this.any(name)
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
      throw badMessage(`"${name}" is no list of texts`)
    return value
  }

  flag(name: string): boolean {
    const value = this.any(name)
    if (typeof value !== 'boolean') throw badMessage(`"${name}" is neither true nor false`)
    return value
  }

  count(name: string): number {
    const value = this.any(name)
    if (typeof value !== 'number' || !isCount(value)) throw badMessage(`"${name}" is not a count`)
    return value
  }

  place(): Place {
    return { space: this.text('space'), document: this.text('document') }
  }

  path(name: string): readonly Segment[] {
    const value = this.any(name)
    if (!Array.isArray(value) || value.length > pathSegments || !value.every(isSegment)) {
      throw badMessage(`"${name}" is not a path`)
    }
    return value
  }
}

function isSegment(value: unknown): value is Segment {
  return typeof value === 'string' || (typeof value === 'number' && isCount(value))
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function badMessage(why: string): JoineryError {
  return new JoineryError(
    'bad-message',
    `The request cannot be understood: ${why}. Is this joinery as new as the running one?`,
  )
}
