// What nodes of a BroadcastChannel network say to one another. Whatever else a page of this origin posts under the same name is no message of ours.

import { limits } from '../base/limits.ts'
import type { NodeId } from './network.ts'

/** In the hall, where all hear all. */
export type HallMessage =
  /** I am new here, or back. */
  | { readonly type: 'here'; readonly from: NodeId }
  /** So am I here: the answer to it. */
  | { readonly type: 'present'; readonly from: NodeId }
  /** Come to the channel of us two. Each node numbers its dials upward. */
  | { readonly type: 'dial'; readonly from: NodeId; readonly to: NodeId; readonly dial: number }
  /** I will not. */
  | { readonly type: 'decline'; readonly from: NodeId; readonly to: NodeId }

/** Between two, on a channel of their own. A stream has the number that its opener gave it; `ours` says whether the sender is its opener. */
export type PairMessage =
  | { readonly type: 'bye' | 'ask' | 'answer' }
  /** Both are there. The dial of the one who says so that this answers as well, where both dialled at once; 0 for none. */
  | { readonly type: 'accept'; readonly dial: number }
  | { readonly type: 'topics'; readonly topics: readonly string[] }
  | { readonly type: 'gossip'; readonly topic: string; readonly bytes: Uint8Array }
  | { readonly type: 'open'; readonly stream: number; readonly protocol: string }
  | { readonly type: 'opened' | 'refused'; readonly stream: number }
  | { readonly type: 'data'; readonly stream: number; readonly ours: boolean; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly stream: number; readonly ours: boolean; readonly reason: string | undefined }

/** The message of a pair, with its sender: both ends hear the channel's name alone. */
export type FromPair = PairMessage & { readonly from: NodeId }

export function readHall(data: unknown): HallMessage | undefined {
  const { type, from, to, dial } = fieldsOf(data)
  if (!isText(from)) return undefined
  switch (type) {
    case 'here':
    case 'present':
      return { type, from }
    case 'dial':
      return isText(to) && isNumber(dial) ? { type, from, to, dial } : undefined
    case 'decline':
      return isText(to) ? { type, from, to } : undefined
    default:
      return undefined
  }
}

export function readPair(data: unknown): FromPair | undefined {
  const { type, from, stream, ours, bytes, topic, topics, protocol, reason, dial } = fieldsOf(data)
  if (!isText(from)) return undefined
  switch (type) {
    case 'accept':
      return isNumber(dial) ? { type, from, dial } : undefined
    case 'bye':
    case 'ask':
    case 'answer':
      return { type, from }
    case 'topics':
      return isTopics(topics) ? { type, from, topics } : undefined
    case 'gossip':
      return isText(topic) && bytes instanceof Uint8Array ? { type, from, topic, bytes } : undefined
    case 'open':
      return isNumber(stream) && isText(protocol) ? { type, from, stream, protocol } : undefined
    case 'opened':
    case 'refused':
      return isNumber(stream) ? { type, from, stream } : undefined
    case 'data':
      if (!isNumber(stream) || typeof ours !== 'boolean' || !(bytes instanceof Uint8Array)) return undefined
      return { type, from, stream, ours, bytes }
    case 'end':
      if (!isNumber(stream) || typeof ours !== 'boolean') return undefined
      return { type, from, stream, ours, reason: isText(reason) ? reason : undefined }
    default:
      return undefined
  }
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? { ...data } : {}
}

const textMax = 512

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= textMax
}

function isTopics(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= limits.spaces && value.every(isText)
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
