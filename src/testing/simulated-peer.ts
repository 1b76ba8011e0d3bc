// One peer of a simulated world through all its lives: what outlives a crash (its disk, its promises, its node's name), and the real peer that runs now.

import type { Sealer } from '../auth/seal.ts'
import type { Signing } from '../auth/signing.ts'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { JoineryError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { type MemoryHub, memoryNetwork } from '../net/memory.ts'
import type { Document } from '../peer/document.ts'
import { openPeerOn, type PeerImpl } from '../peer/peer.ts'
import { SpaceImpl } from '../peer/space.ts'
import type { JournalRecord } from '../store/journal.ts'
import { memoryDisk, memoryStore } from '../store/memory.ts'
import type { StoreFactory } from '../store/store.ts'
import type { DiskImage } from './crash-states.ts'
import { Dice } from './dice.ts'
import { Ledger, noted } from './ledger.ts'
import { PeerClock } from './peer-clock.ts'
import { simulatedSealer, simulatedSigning } from './simulated-crypto.ts'
import { SimulatedDisk, simulatedStore } from './simulated-disk.ts'
import { withFlippedBit } from './simulated-weather.ts'

/** What a peer tells the world of itself. */
export interface PeerWatch {
  /** A timer ran, or its store was called. */
  event(kind: 'timers' | 'stores'): void
  /** It reported an error that no call could be told of. */
  failed(peer: SimulatedPeer, error: JoineryError): void
  /** Something was thrown that nobody caught. */
  threw(peer: SimulatedPeer, error: unknown): void
  /** It opened what others had sealed. */
  opened(peer: SimulatedPeer, plain: Uint8Array, isGossip: boolean): void
  /** It is about to store these. */
  appending(peer: SimulatedPeer, records: readonly JournalRecord[]): void
}

export interface SimulatedPeerOptions {
  readonly name: string
  readonly seed: number
  readonly inFiles: boolean
  readonly clockOffsetMs: number
  readonly clock: Clock
  readonly hub: MemoryHub
  readonly realSignatures: boolean
  /** How long its disk takes for the next sync. Default: up to 6 ms, by chance. */
  readonly syncMs?: () => number
  /** Whether it is told when it can go on, as a tab is that was frozen; a laptop finds out. Default: if it does not rest in files. */
  readonly isToldOfWake?: boolean
  readonly watch: PeerWatch
  readonly trace: Trace | undefined
}

const PATH = '/peer'
const SYNC_MAX_MS = 6

interface Backup {
  readonly image: DiskImage
  readonly ledger: Ledger
}

export class SimulatedPeer {
  readonly name: string
  readonly inFiles: boolean
  ledger = new Ledger()
  /** The clock of the life that runs now. */
  clock: PeerClock
  state: 'down' | 'opening' | 'up' = 'down'
  /** When it came to be up or down, by the world's clock. */
  since = 0
  peer: PeerImpl | undefined
  /** The device's id, once it was opened. */
  id: string | undefined
  /** Every actor it ever wrote as. */
  readonly actors = new Set<string>()
  /** Bits that are still to be flipped in what it opens. */
  flips: { frames: number; readonly dice: Dice } | undefined
  /** Others of whom it may believe more than is so, since their disks lost what they had said they have: as long as it has not met them anew … */
  readonly mayThinkAgreed = new Set<SimulatedPeer>()
  /** … or has not taken back their receipts. */
  readonly mayThinkStored = new Set<SimulatedPeer>()
  #life = 0
  /** The beginnings of all signatures that it made or found good. */
  readonly #verified = new Set<string>()
  #backup: Backup | undefined
  readonly #options: SimulatedPeerOptions
  readonly #dice: Dice
  readonly #signing: Signing
  readonly #files: SimulatedDisk | undefined
  readonly #memory: ReturnType<typeof memoryDisk> | undefined

  constructor(options: SimulatedPeerOptions) {
    this.#options = options
    this.name = options.name
    this.inFiles = options.inFiles
    this.#dice = new Dice(options.seed)
    this.clock = this.#newClock(options.clockOffsetMs)
    const { syncMs = () => this.#dice.below(SYNC_MAX_MS) } = options
    const syncing = (): Promise<void> => new Promise((resolve) => void options.clock.after(syncMs(), resolve))
    const random = new Dice(this.#dice.seed())
    this.#signing = simulatedSigning(new Dice(this.#dice.seed()), (signature) => this.#verified.add(shortOf(signature)))
    if (options.inFiles) this.#files = new SimulatedDisk({ random, syncing })
    else this.#memory = memoryDisk({ random, sync: syncing })
  }

  /** Its space, while it runs. */
  get space(): SpaceImpl | undefined {
    const [space] = this.state === 'up' ? (this.peer?.spaces ?? []) : []
    return space instanceof SpaceImpl ? space : undefined
  }

  /** Its documents as they are here, those that hold something that others may have. */
  get documents(): readonly Document[] {
    return [...(this.space?.documentsByKey.values() ?? [])].filter(({ outward }) => outward.size > 0)
  }

  /** Since when it hears what is said, without a break. */
  get awakeSince(): number {
    return Math.max(this.since, this.clock.thawedAt)
  }

  get isOn(): boolean {
    return this.state === 'up' && !this.clock.frozen
  }

  /** Whether it was shown that this signature is good, in this life or before; what nobody signs need not be. */
  hasVerified(signature: Uint8Array): boolean {
    return this.#options.realSignatures || signature.length === 0 || this.#verified.has(shortOf(signature))
  }

  /** Begins a life with what the disk kept. */
  async open(): Promise<void> {
    const { hub, watch, name, trace, realSignatures, isToldOfWake = !this.inFiles } = this.#options
    const life = ++this.#life
    const isMine = (): boolean => this.#life === life
    this.state = 'opening'
    const { clock } = this
    const peer = await openPeerOn(
      {
        path: PATH,
        store: noted(this.#store(), {
          ledger: () => this.ledger,
          called: () => watch.event('stores'),
          appending: (records) => watch.appending(this, records),
        }),
        network: memoryNetwork(hub, { id: name }),
        awaitNetwork: true,
        ...(isToldOfWake && { onWake: (listener: () => void) => clock.onThaw(listener) }),
        onThrow: (error) => isMine() && watch.threw(this, error),
        ...(!realSignatures && { signing: this.#signing, sealer: this.#sealer() }),
      },
      { clock, random: new Dice(this.#dice.seed()), name, ...(trace !== undefined && { trace }) },
    )
    if (!isMine()) return
    peer.on('error', (error) => isMine() && watch.failed(this, error))
    this.peer = peer as PeerImpl
    this.id = peer.id
    this.state = 'up'
    this.since = this.#options.clock.now()
  }

  /** Ends a life without a word. */
  crash(how: 'process' | 'power'): void {
    this.#life++
    this.state = 'down'
    this.since = this.#options.clock.now()
    this.clock.stop()
    this.clock = this.#newClock(this.clock.wallOffsetMs)
    this.#memory?.crash(PATH, how)
    if (how === 'power') {
      this.#files?.cutPower()
      this.ledger.lose()
    } else this.#files?.kill()
    this.#options.hub.drop(this.name, how)
  }

  /** Copies the folder as it is now. Nothing in memory can be copied. */
  backUp(): void {
    if (this.#files !== undefined) this.#backup = { image: this.#files.image(), ledger: this.ledger.copy() }
  }

  /** Sets the folder back; false if there is no copy of it. */
  setBack(): boolean {
    if (this.#files === undefined || this.#backup === undefined) return false
    this.#files.cutPower(this.#backup.image)
    this.ledger = this.#backup.ledger.copy()
    return true
  }

  #newClock(offsetMs: number): PeerClock {
    return new PeerClock(this.#options.clock, offsetMs, () => this.#options.watch.event('timers'))
  }

  #store(): StoreFactory {
    if (this.#memory !== undefined) return memoryStore(this.#memory)
    return simulatedStore(this.#files as SimulatedDisk, { segmentBytes: 4096 })
  }

  #sealer(): Sealer {
    return {
      seal: simulatedSealer.seal,
      open: (key, nonce, sealed, associated) => {
        let plain = simulatedSealer.open(key, nonce, sealed, associated)
        if (this.flips !== undefined && this.flips.frames > 0 && plain.length > 0) {
          this.flips.frames--
          plain = withFlippedBit(plain, this.flips.dice)
        }
        this.#options.watch.opened(this, plain, associated.length > 0)
        return plain
      },
    }
  }
}

function shortOf(signature: Uint8Array): string {
  return toHex(signature.subarray(0, 8))
}
