// What the run inside the container reports to the test outside, a line each.

export interface HealReport {
  readonly name: string
  /** It held everything in time. */
  readonly reached: boolean
  /** From the heal until it did. */
  readonly ms: number
  /** What it lacked at the heal, as one uncompressed delta. */
  readonly lackedBytes: number
  readonly syncReceived: number
  readonly syncSent: number
  readonly gossipReceived: number
  readonly gossipSent: number
  /** While the network was cut, within the half. */
  readonly apartGossipReceived: number
  readonly apartGossipSent: number
  readonly apartSyncReceived: number
  readonly oneHolds: boolean
  readonly twoHolds: boolean
  readonly shared: string
  readonly items: readonly string[]
}

export type PartitionReport =
  | { readonly step: 'started'; readonly ms: number }
  | { readonly step: 'met'; readonly ms: number }
  | { readonly step: 'typed apart'; readonly ms: number; readonly halvesAgree: boolean; readonly apartMs: number }
  | {
      readonly step: 'healed'
      readonly ms: number
      readonly heals: readonly HealReport[]
      readonly words: readonly string[]
    }
  | { readonly step: 'all in contact'; readonly ms: number; readonly afterHealMs: number }
  | {
      readonly step: 'browsers alone'
      readonly ms: number
      readonly edits: number
      readonly roundTripsMs: readonly number[]
    }
  | {
      readonly step: 'restarted'
      readonly ms: number
      readonly caughtUp: boolean
      readonly caughtUpMs: number
      readonly keptWhatItHad: boolean
    }
  | { readonly step: 'met again'; readonly ms: number }
  | {
      readonly step: 'healed again'
      readonly ms: number
      readonly apartMs: number
      readonly back: readonly { readonly name: string; readonly reached: boolean; readonly ms: number }[]
      readonly sharedEqual: boolean
    }

export type Step<Name extends PartitionReport['step']> = Extract<PartitionReport, { readonly step: Name }>
