// What a test asks of a peer that edits one document, the pad: the same commands in a Node process and in a page. Arguments and results are JSON.

import { ByteWriter } from '../../src/base/bytes.ts'
import type { ActorId } from '../../src/core/ids.ts'
import { encodeRange } from '../../src/core/range.ts'
import { text } from '../../src/crdt/constructors.ts'
import type { Text } from '../../src/crdt/types.ts'
import type { DocHandle, Meeting, Peer, PeerOptions, PeerStatus, Space } from '../../src/peer/api.ts'
import type { Document } from '../../src/peer/document.ts'

export type Pad = { one: Text; two: Text; shared: Text; items: string[] }
export type PadValue = { one: string; two: string; shared: string; items: readonly string[] }
/** [position, deleted, inserted] */
export type TextPatch = readonly [number, number, string]
export type VersionEntries = readonly (readonly [string, number])[]

/** What a pad is waited to hold: of `shared` the words, of the list the items, in any order. */
export interface Wanted {
  readonly one?: string
  readonly two?: string
  readonly words?: readonly string[]
  readonly items?: readonly string[]
  readonly timeoutMs: number
}

export interface Reached {
  readonly reached: boolean
  readonly traffic: Peer['traffic']
}

export type PadCommands = ReturnType<typeof padCommands>
export type PadCommand = keyof PadCommands

/** Calls a command of a pad elsewhere. */
export type CallPad = <C extends PadCommand>(
  command: C,
  argument: Parameters<PadCommands[C]>[0],
) => Promise<Awaited<ReturnType<PadCommands[C]>>>

const PAD = 'pad'
const STEP_MS = 20

export function padCommands(openPeer: (options: PeerOptions) => Promise<Peer>, trace?: PeerOptions['trace']) {
  let peer: Peer
  let space: Space
  let pad: DocHandle<Pad>
  let meeting: Meeting

  const openPad = async (): Promise<void> => {
    pad = await space.open<Pad>(PAD, { init: { one: text(), two: text(), shared: text(), items: [] } })
  }
  const value = (): PadValue => pad.value as PadValue
  /** Runs `step` for each item in turn, spread evenly over a time: as many as are due at once, each as a change of its own. */
  const spread = async <T>(items: readonly T[], durationMs: number, step: (item: T) => void): Promise<void> => {
    const startedAt = performance.now()
    let done = 0
    while (done < items.length) {
      const due = Math.ceil(((performance.now() - startedAt) / durationMs) * items.length)
      for (; done < Math.min(due, items.length); done++) step(items[done] as T)
      await pause(STEP_MS)
    }
    await pad.settled()
  }

  return {
    async open(options: { readonly path: string; readonly name: string }) {
      peer = await openPeer({ ...options, ...(trace === undefined ? {} : { trace }) })
      return { id: peer.id, addresses: peer.addresses }
    },

    /** The space with this label, made if there is none; answers with an invitation. */
    async make({ label }: { readonly label: string }) {
      space = await peer.space(label)
      await openPad()
      return space.invite()
    },

    async join({ ticket }: { readonly ticket: string }) {
      space = await peer.join(ticket)
      await openPad()
    },

    /** Begins a meeting by hand: our code. */
    async meet(_: object) {
      meeting = await peer.meet()
      return meeting.code
    },

    /** Takes the other's code; how many spaces the two share. */
    async take({ code }: { readonly code: string }) {
      return (await meeting.take(code)).length
    },

    contacts(_: object): readonly PeerStatus[] {
      return space.status.current.peers
    },

    /** Waits until these members are in contact, directly where asked. */
    async waitForContacts(wanted: {
      readonly names: readonly string[]
      readonly direct: boolean
      readonly timeoutMs: number
    }) {
      const isHere = (name: string): boolean =>
        space.status.current.peers.some(
          (other) => other.name === name && other.connected && (other.direct || !wanted.direct),
        )
      return poll(() => wanted.names.every(isHere), wanted.timeoutMs)
    },

    value: (_: object): PadValue => value(),

    /** Types a history of patches into a text. */
    async type({
      field,
      patches,
      durationMs,
    }: {
      readonly field: 'one' | 'two'
      readonly patches: readonly TextPatch[]
      readonly durationMs: number
    }) {
      await spread(patches, durationMs, ([at, deleted, inserted]) =>
        pad.change((d) => {
          if (deleted > 0) d[field].delete(at, deleted)
          if (inserted !== '') d[field].insert(at, inserted)
        }),
      )
    },

    /** Puts words into the shared text, whole, with a space after each, at places where a word may begin. `places` are numbers in [0, 1). */
    async words({
      words,
      places,
      durationMs,
    }: {
      readonly words: readonly string[]
      readonly places: readonly number[]
      readonly durationMs: number
    }) {
      await spread([...words.entries()], durationMs, ([index, word]) => {
        const begins = wordBegins(value().shared)
        const at = begins[Math.floor((places[index] ?? 0) * begins.length)] ?? 0
        pad.change((d) => d.shared.insert(at, `${word} `))
      })
    },

    /** Edits the list: items go in at seeded places, and every fifth of them goes out again. */
    async edit({
      items,
      places,
      durationMs,
    }: {
      readonly items: readonly string[]
      readonly places: readonly number[]
      readonly durationMs: number
    }) {
      await spread([...items.entries()], durationMs, ([index, item]) =>
        pad.change((d) => {
          d.items.splice(Math.floor((places[index] ?? 0) * (d.items.length + 1)), 0, item)
          if (index % 5 === 4) d.items.splice(d.items.indexOf(items[index - 2] ?? ''), 1)
        }),
      )
    },

    /** Appends to the shared text, durably. */
    async append({ word }: { readonly word: string }) {
      pad.change((d) => d.shared.append(`${word} `))
      await pad.settled()
    },

    async waitFor(wanted: Wanted): Promise<Reached> {
      const reached = await poll(
        () => holds(value(), wanted),
        wanted.timeoutMs,
        (look) => pad.subscribe(look),
      )
      return { reached, traffic: peer.traffic }
    },

    traffic: (_: object) => peer.traffic,

    /** What this peer holds durably of the pad, and may send. */
    version: (_: object): VersionEntries => [...document(space).outward],

    /** The size of what this peer has and somebody with that version lacks, as one uncompressed delta. */
    deltaBytes({ version }: { readonly version: VersionEntries }): number {
      const { replica, outward } = document(space)
      const { ranges } = replica.outward.rangesSince(
        new Map(version as [ActorId, number][]),
        outward,
        Number.POSITIVE_INFINITY,
      )
      const writer = new ByteWriter()
      for (const range of ranges) encodeRange(writer, range)
      return writer.finish().length
    },

    async settle(_: object) {
      await pad.settled()
    },

    async close(_: object) {
      await peer.close()
    },
  }
}

/** Places in a text where a word may begin: its start, and after each space. */
function wordBegins(words: string): readonly number[] {
  const begins = [0]
  for (let at = words.indexOf(' '); at >= 0; at = words.indexOf(' ', at + 1)) begins.push(at + 1)
  return begins
}

function holds(value: PadValue, wanted: Wanted): boolean {
  return (
    (wanted.one === undefined || value.one === wanted.one) &&
    (wanted.two === undefined || value.two === wanted.two) &&
    (wanted.words === undefined || sameItems(value.shared.split(' ').slice(0, -1), wanted.words)) &&
    (wanted.items === undefined || sameItems(value.items, wanted.items))
  )
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.toSorted().join('\n') === b.toSorted().join('\n')
}

/** The document behind the pad: what a test measures is not for applications. */
function document(space: Space): Document {
  const { documentsByKey } = space as unknown as { readonly documentsByKey: ReadonlyMap<string, Document> }
  const found = [...documentsByKey.values()].find(({ id }) => id.name === PAD)
  if (found === undefined) throw new Error('the pad is not open')
  return found
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** Looks again whenever told to, and now and then; answers whether it came true in time. */
async function poll(
  isTrue: () => boolean,
  timeoutMs: number,
  listen?: (look: () => void) => () => void,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  let wake = (): void => {}
  const off = listen?.(() => wake())
  while (!isTrue() && performance.now() < deadline)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STEP_MS)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  off?.()
  return isTrue()
}
