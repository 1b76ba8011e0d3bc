// What the page says of all replicas together, and the words for edits. Pure.

import type { Status } from '../../src/peer/api.ts'
import type { Sentence } from '../notes/words.ts'
import type { Edits, Entry, Inside } from './inside.ts'
import type { Name } from './world.ts'

/** So much fits into a card. */
const PENDING_MAX = 3

/** Who shows the same, each group in order of the row. */
export function groupsOf(insides: ReadonlyMap<Name, Inside>): readonly (readonly Name[])[] {
  const running = [...insides].filter(([, { contents }]) => contents !== undefined)
  return [...Map.groupBy(running, ([, { contents }]) => JSON.stringify(contents)).values()].map((group) =>
    group.map(([name]) => name),
  )
}

export function alikeWords(insides: ReadonlyMap<Name, Inside>): { readonly isAlike: boolean; readonly text: string } {
  const groups = groupsOf(insides)
  if (groups.length === 0) return { isAlike: true, text: 'Nobody runs' }
  if (groups.length === 1) {
    const off = insides.size - (groups[0]?.length ?? 0)
    return { isAlike: true, text: off === 0 ? 'All alike' : 'All that run are alike' }
  }
  return { isAlike: false, text: `Not alike: ${groups.map((group) => list(group)).join(' | ')}` }
}

/** What a replica says of itself, in one line. */
export function says({ state, status }: Inside): Sentence {
  if (state === 'down') return { tone: 'quiet', text: 'Off' }
  if (status === undefined) return { tone: 'busy', text: 'Reading its disk …' }
  if (!status.saved) return { tone: 'busy', text: 'Saving …' }
  const near = status.peers.filter(({ connected }) => connected).length
  if (near === 0) return { tone: 'quiet', text: 'Saved here. Nobody is in contact.' }
  if (status.upToDate)
    return { tone: 'good', text: `Saved, and up to date with ${near} ${near === 1 ? 'other' : 'others'}.` }
  return { tone: 'busy', text: 'Saved here. Not up to date yet.' }
}

/** What is pending, as the peer itself says it, and whose disks hold all that it wrote. */
export function pendingLines(name: Name, inside: Inside): string[] {
  const { status, version } = inside
  if (status === undefined) return []
  const pending = status.pending
    .filter(({ reason }) => reason !== 'alone')
    .map(({ reason, message, doing }) => (reason === 'ops' || reason === 'saving' ? `${message} ${doing}` : message))
  const hasWritten = version.some(({ by }) => by === name)
  const lines = [...pending.slice(0, PENDING_MAX), ...(hasWritten ? [storedWords(status)] : [])]
  return lines.length === 0 ? ['Nothing.'] : lines
}

function storedWords({ peers }: Status): string {
  const holders = peers.filter(({ stored }) => stored).map((peer) => `${peer.name}’s`)
  if (holders.length === 0) return 'Its edits are on no other disk yet.'
  return `Its edits are on ${list(holders.sort())} disk${holders.length > 1 ? 's' : ''}, too.`
}

/** Of each writer the most edits that any replica holds. */
export function mostHeld(insides: ReadonlyMap<Name, Inside>): ReadonlyMap<Name, number> {
  const most = new Map<Name, number>()
  for (const { version } of insides.values())
    for (const { by, held } of version) most.set(by, Math.max(held, most.get(by) ?? 0))
  return most
}

/** 'Ada 3–9': the third to the ninth of Ada's edits. */
export function editsWords({ by, from, end }: Edits): string {
  return end - from === 1 ? `${by} ${end}` : `${by} ${from + 1}–${end}`
}

export function entryWords({ held, durable }: Entry): string {
  return durable < held ? `${held}, of which ${durable} are on disk` : `${held}`
}

/** 'Ada, Bo and Cy' */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
