// What commands answer, as plain JSON, and how a space and a status are told.

import { JoineryError } from '../base/errors.ts'
import type { Compacted, FolderReport, Peer, RepairReport, Restored, Space, Status } from '../node.ts'

/** The answers of each command. `watch` gives one per change, the others one. */
export interface Answers {
  readonly ls: readonly SpaceAnswer[]
  readonly 'ls SPACE': readonly string[]
  readonly cat: unknown
  readonly watch: unknown
  readonly set: { readonly space: string; readonly document: string; readonly saved: true }
  readonly status: StatusAnswer
  readonly export: unknown
  readonly invite: { readonly id: string; readonly label: string; readonly invitation: string }
  readonly join: SpaceAnswer & { readonly met: boolean }
  readonly meet: { readonly code: string }
  readonly take: Began | { readonly spaces: readonly SpaceAnswer[]; readonly agreed: boolean }
  readonly backup: BackupAnswer
  readonly restore: Began | Restored
  readonly compact: Began | Compacted
  readonly doctor: Began | StatusAnswer
  readonly fsck: Began | FolderReport | RepairReport
}

/** Said at once by what may take long, so that whoever asked knows that it is being done. */
export interface Began {
  readonly began: true
}

/** A bundle, piece by piece in base64, and what was in it. */
export type BackupAnswer =
  | { readonly piece: string }
  /** `isWhole` is false where documents are damaged here, and so not whole in the bundle. */
  | { readonly spaces: readonly SpaceAnswer[]; readonly isWhole: boolean }

export interface SpaceAnswer {
  readonly id: string
  readonly label: string
  readonly documents: readonly string[]
}

export interface StatusAnswer {
  readonly peer: string
  readonly name: string
  /** False when the folder was opened for this answer alone, without a network. */
  readonly running: boolean
  readonly paused: boolean
  readonly addresses: readonly string[]
  readonly traffic: Peer['traffic']
  readonly spaces: readonly (SpaceAnswer & { readonly status: Status })[]
}

export interface Context {
  readonly folder: string
  readonly signal: AbortSignal
  /** Whether the peer runs for longer than this command. */
  readonly running: boolean
}

export function summary(space: Space): SpaceAnswer {
  return { id: space.id, label: space.label, documents: space.documents }
}

export function status(peer: Peer, running: boolean): StatusAnswer {
  return {
    peer: peer.id,
    name: peer.name,
    running,
    paused: peer.paused,
    addresses: peer.addresses,
    traffic: peer.traffic,
    spaces: peer.spaces.map((space) => ({ ...summary(space), status: space.status.current })),
  }
}

/** The space with this label or id. Unlike peer.space() it makes none: a slip of the finger is an error. */
export function spaceOf(peer: Peer, labelOrId: string): Space {
  const [space, ...others] = peer.spaces.filter(
    ({ id, label }) => id === labelOrId || label === labelOrId.normalize('NFC'),
  )
  if (space === undefined) {
    const labels = peer.spaces.map(({ label }) => JSON.stringify(label)).join(', ')
    const hint =
      labels === '' ? 'There is none yet: "joinery serve" makes one, "joinery join" joins one.' : `There is ${labels}.`
    throw new JoineryError('no-such-space', `There is no space ${JSON.stringify(labelOrId)}. ${hint}`)
  }
  if (others.length === 0) return space
  const ids = [space, ...others].map(({ id }) => id)
  const sentence = `Several spaces are called ${JSON.stringify(labelOrId)}. Say which by its id: ${ids.join(', ')}.`
  throw new JoineryError('ambiguous-space', sentence, { details: { ids } })
}
