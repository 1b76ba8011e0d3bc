// What the page says: statuses, times and errors as sentences for people. Pure.

import type { PeerStatus, Status } from 'joinery'

export type Tone = 'good' | 'busy' | 'quiet' | 'bad'

export interface Sentence {
  readonly tone: Tone
  readonly text: string
}

/** Which tab of this browser has the network. */
export type Carrier = 'this' | 'other' | 'unknown'

interface Where {
  readonly paused: boolean
  readonly carrier: Carrier
}

/** The state of a space in one line. */
export function statusLine(status: Status, where: Where): Sentence {
  const reasons = new Set(status.pending.map((pending) => pending.reason))
  const bad = status.pending.find(({ reason }) => reason === 'damaged' || reason === 'storage')
  if (bad) return { tone: 'bad', text: bad.message }
  if (!status.saved) return { tone: 'busy', text: 'Saving …' }
  if (where.paused || reasons.has('paused'))
    return { tone: 'busy', text: 'Paused. Your edits are saved here and go out when you resume.' }
  const near = status.peers.filter((peer) => peer.connected).length
  if (near === 0) return { tone: 'quiet', text: `Saved here. ${nobody[where.carrier]}` }
  if (status.upToDate) return { tone: 'good', text: `Saved, and up to date with ${count(near, 'peer')}.` }
  return { tone: 'busy', text: `Saved here. ${status.pending[0]?.message ?? 'Exchanging news with the others …'}` }
}

const nobody: Readonly<Record<Carrier, string>> = {
  this: 'No other member is in contact.',
  other: 'Another tab of this browser carries the connection.',
  unknown: 'Connecting …',
}

/** How a member is reached: 'Direct, by WebRTC'. */
export function contact(peer: PeerStatus, nowMs: number): string {
  if (!peer.connected)
    return peer.lastSeenAt === undefined ? 'Not in contact' : `Not in contact, last seen ${ago(peer.lastSeenAt, nowMs)}`
  const way = peer.transport === undefined ? '' : (ways[peer.transport] ?? peer.transport)
  if (peer.direct) return way === '' ? 'Direct' : `Direct, by ${way}`
  return way === '' || peer.transport === 'relay' ? 'By way of another peer' : `By way of another peer, by ${way}`
}

const ways: Readonly<Record<string, string>> = {
  memory: 'memory',
  relay: 'relay',
  tcp: 'TCP',
  webrtc: 'WebRTC',
  'webrtc-direct': 'WebRTC',
  websocket: 'WebSocket',
  websockets: 'WebSocket',
}

/** Who else has a document open: 'Here now: Ada, Ben and 2 more'. Each name once, in whatever many windows. */
export function hereNow(names: readonly string[]): string {
  const each = [...new Set(names)].sort((a, b) => a.localeCompare(b))
  if (each.length === 0) return ''
  const shown = each.length > 4 ? each.slice(0, 3) : each
  const more = each.length - shown.length
  return `Here now: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Whether a member holds the same as this peer, or why not. */
export function agreement(peer: PeerStatus): Sentence {
  if (peer.agreed && peer.connected) return { tone: 'good', text: 'Up to date' }
  if (!peer.connected)
    return { tone: 'quiet', text: peer.agreed ? 'Up to date when last met' : 'May not have the latest' }
  return { tone: 'busy', text: peer.why ?? 'Not up to date yet' }
}

export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - thenMs) / 1000)
  if (seconds < 45) return 'just now'
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  if (seconds < 45 * 60) return words.format(-Math.max(1, Math.round(seconds / 60)), 'minute')
  if (seconds < 22 * 3600) return words.format(-Math.max(1, Math.round(seconds / 3600)), 'hour')
  return words.format(-Math.max(1, Math.round(seconds / 86_400)), 'day')
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}

/** What a browser is called until its user gives it a name: 'Firefox on Linux'. */
export function browserName(userAgent: string): string {
  const find = (names: readonly string[], other: string) => names.find((name) => userAgent.includes(name)) ?? other
  const browser = find(['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari'], 'Browser')
  const system = find(['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'CrOS', 'Linux'], 'a computer')
  return `${{ Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser} on ${{ 'Mac OS': 'macOS', CrOS: 'ChromeOS' }[system] ?? system}`
}

/** Two letters for a round badge. */
export function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  const [first = '?', second] = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  const letters = second === undefined ? [...first].slice(0, 2) : [[...first][0], [...second][0]]
  return letters.join('').toUpperCase()
}

/** The same small number for the same text: colours by name. */
export function hue(text: string): number {
  let sum = 0
  for (const char of text) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 997
  return sum % 6
}

/** The invitation within what was pasted: a link, a bare one, or one amid other words. */
export function ticketIn(text: string): string {
  const plain = text.includes('%') ? decoded(text) : text
  return /joinery:[\w-]*/.exec(plain)?.[0] ?? plain.trim()
}

/** Whether a code for meeting by hand came along with what was pasted. */
export function hasCode(text: string): boolean {
  return text.includes('joinery-meet:')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // Not percent-encoded after all.
  }
}

/** The sentence in any thrown value. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
