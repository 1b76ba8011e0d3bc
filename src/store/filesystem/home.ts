// Who this folder is: its incarnation, and which instance numbers of its actor may be used. A copied or restored folder holds the same
// device key, and two writers under one actor would fork it; so whatever looks like a copy, or may have lost what was written last, goes on
// under a number nobody used (DESIGN §4). Left out: a snapshot of a whole machine, which looks the same from inside.

import { toHex, utf8 } from '../../base/bytes.ts'
import { isJoineryError } from '../../base/errors.ts'
import type { Random } from '../../base/random.ts'
import type { Cursor } from '../store.ts'
import type { Host } from './disk.ts'
import { readSmall, writeSmall } from './files.ts'

interface Facts {
  readonly incarnation: string
  /** Where the folder was when this was written: another place means a copy. */
  readonly path: string
  readonly inode: string
  /** Undefined where the system does not tell, and in early drafts. */
  readonly born?: string
  /** Instance numbers below this one are in doubt. */
  readonly firstInstance: number
  /** Instance numbers below this one were used. */
  readonly usedInstances: number
  /** Places in the log known to be damaged: a new one is a new doubt. */
  readonly damages: number
  /** What the seeds of this store's segments come from; undefined in early drafts. */
  readonly base?: number
  /** How far the log reached when the store was last closed; undefined in early drafts. */
  readonly reached?: Cursor
}

/** What the log tells of itself. */
export interface LogFacts {
  readonly damages: number
  readonly base: number
  /** It holds something: that tells a new folder from one that lost its incarnation file. */
  readonly hasData: boolean
  /** The incarnation file is another store's. */
  readonly isHomeForeign: boolean
  /** How far it reaches now. */
  readonly cursor: Cursor
  /** Whether the last owner of the lock died with it. */
  readonly succeeds: boolean
}

export class Home {
  readonly #host: Host
  readonly #path: string
  #facts: Facts

  constructor(host: Host, folder: string, log: LogFacts) {
    const { damages, base, hasData, isHomeForeign } = log
    this.#host = host
    this.#path = host.disk.join(folder, 'incarnation')
    const here = { ...host.disk.folderFacts(folder), damages, base }
    const kept = isHomeForeign ? undefined : readFacts(host, this.#path)
    this.#facts =
      kept === undefined ? newFacts(host.random, here, hasData) : settled(host.random, kept, here, isRobbed(kept, log))
    if (JSON.stringify(this.#facts) !== JSON.stringify(kept)) this.#write()
  }

  /** What the log is to be held against, read before anything is altered. Throws 'store-newer'. */
  static expectations(host: Host, folder: string): { readonly homeBase: number | undefined; readonly reached: Cursor } {
    const kept = readFacts(host, host.disk.join(folder, 'incarnation'))
    return { homeBase: kept?.base, reached: kept?.reached ?? 0 }
  }

  get incarnation(): string {
    return this.#facts.incarnation
  }

  get firstInstance(): number {
    return this.#facts.firstInstance
  }

  /** Notes, durably, that an instance number is used. */
  use(instance: number): void {
    if (instance < this.#facts.usedInstances) return
    this.#facts = { ...this.#facts, usedInstances: instance + 1 }
    this.#write()
  }

  /** All numbers used so far are in doubt. */
  doubt(): void {
    this.#facts = { ...this.#facts, firstInstance: this.#facts.usedInstances }
    this.#write()
  }

  /** Notes, durably, how far the log reaches: where it reaches less at the next opening, something was lost. */
  rest(reached: Cursor): void {
    if (reached === this.#facts.reached) return
    this.#facts = { ...this.#facts, reached }
    this.#write()
  }

  #write(): void {
    writeSmall(this.#host, this.#path, utf8(JSON.stringify(this.#facts)))
  }
}

type Here = Pick<Facts, 'path' | 'inode' | 'born' | 'damages' | 'base'>

function newFacts(random: Random, here: Here, hasData: boolean): Facts {
  const first = hasData ? byLot(random) : 0
  return { incarnation: newIncarnation(random), ...here, firstInstance: first, usedInstances: first }
}

/**
 * The log went on after it was last closed, and yet nobody died with the lock: it was taken from its owner, who may be writing still, or may have let
 * out what is not here.
 */
function isRobbed(kept: Facts, { cursor, succeeds }: LogFacts): boolean {
  return !succeeds && (kept.reached ?? 0) !== cursor
}

function settled(random: Random, kept: Facts, here: Here, robbed: boolean): Facts {
  const isMoved = kept.path !== here.path || kept.inode !== here.inode || isReborn(kept, here)
  if (isMoved) return newFacts(random, here, true)
  const isDoubtful = robbed || here.damages > kept.damages
  return { ...kept, ...here, firstInstance: isDoubtful ? kept.usedInstances : kept.firstInstance }
}

function isReborn(kept: Facts, here: Here): boolean {
  return kept.born !== undefined && here.born !== undefined && kept.born !== here.born
}

/**
 * A number from the upper half, which counting never reaches, for who cannot know which were used: of one folder there may be many copies, each
 * of which would count on to the same number.
 */
function byLot(random: Random): number {
  return 2 ** 31 + Math.floor(random.unit() * 2 ** 30)
}

function newIncarnation(random: Random): string {
  return toHex(random.bytes(16))
}

function readFacts(host: Host, path: string): Facts | undefined {
  try {
    const bytes = readSmall(host, path)
    return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as Facts)
  } catch (error) {
    if (isJoineryError(error, 'store-damaged')) return undefined
    throw error
  }
}
