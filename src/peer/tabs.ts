// Tabs of one browser share a store, and one of them carries the connection. It tells the others whom it is in contact with, so that each can show
// an honest status. What is told is worth something only as far as the teller has seen what the hearer wrote: each report bears the log's cursor.

import type { Off } from '../base/emitter.ts'
import type { PeerStatus } from './api.ts'

/** A way to all other tabs: a BroadcastChannel. Messages may be lost. */
export interface TabChannel {
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): Off
  close(): void
}

/** What the tab with the connection says of one space. */
export interface TabReport {
  readonly space: string
  readonly peers: readonly PeerStatus[]
  readonly lastAgreedAt: number | undefined
  /** How far in the store's log the teller had read. */
  readonly cursor: number
}

export interface TabsOptions {
  readonly channel: TabChannel
  readonly leading: () => boolean
  /** Reports of all spaces, when somebody asks. */
  readonly reports: () => readonly TabReport[]
  readonly heard: (report: TabReport) => void
  /** Another tab shows itself in a space, or heard of somebody who does. */
  readonly heardBeat: (idHex: string, beat: Uint8Array) => void
  /** A space was left in another tab. */
  readonly left: (idHex: string) => void
}

export class Tabs {
  readonly #options: TabsOptions
  readonly #off: Off

  constructor(options: TabsOptions) {
    this.#options = options
    this.#off = options.channel.onMessage((message) => this.#take(message))
    options.channel.post({ type: 'ask' })
  }

  tell(report: TabReport): void {
    if (this.#options.leading()) this.#options.channel.post({ type: 'report', report })
  }

  /** Presence: what this tab shows, or, of the one with the connection, what it heard. */
  tellBeat(idHex: string, beat: Uint8Array): void {
    this.#options.channel.post({ type: 'beat', idHex, beat })
  }

  /** This tab has left a space. */
  tellLeft(idHex: string): void {
    this.#options.channel.post({ type: 'left', idHex })
  }

  close(): void {
    this.#off()
    this.#options.channel.close()
  }

  // Tabs are of one origin, and of one build but for the moment of an update: what does not read as ours is passed over.
  #take(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('type' in message)) return
    if (message.type === 'ask') for (const report of this.#options.reports()) this.tell(report)
    if (message.type === 'left' && 'idHex' in message && typeof message.idHex === 'string')
      this.#options.left(message.idHex)
    if (message.type === 'beat' && 'idHex' in message && typeof message.idHex === 'string')
      if ('beat' in message && message.beat instanceof Uint8Array) this.#options.heardBeat(message.idHex, message.beat)
    if (message.type === 'report' && 'report' in message && isReport(message.report) && !this.#options.leading())
      this.#options.heard(message.report)
  }
}

function isReport(value: unknown): value is TabReport {
  return (
    typeof value === 'object' &&
    value !== null &&
    'space' in value &&
    'peers' in value &&
    Array.isArray(value.peers) &&
    'cursor' in value &&
    typeof value.cursor === 'number'
  )
}

/** The members as another tab reported them: agreed and stored only if it had read all that this tab wrote. */
export function peersAsReported(report: TabReport, seenAll: boolean): readonly PeerStatus[] {
  if (seenAll) return report.peers
  const why = 'Your latest edits are on their way through another tab of this browser.'
  return report.peers.map((peer) =>
    peer.connected ? { ...peer, agreed: false, stored: false, why } : { ...peer, stored: false },
  )
}
