// Who this folder is: its incarnation, and which instance numbers of its actor may be used. A copied or restored folder holds the same
// device key, and two writers under one actor would fork it; so whatever looks like a copy, or may have lost what was written last, goes on
// under a number nobody used (DESIGN §4). Left out: a snapshot of a whole machine, which looks the same from inside.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { toHex, utf8 } from '../../base/bytes.ts'
import { isJoineryError } from '../../base/errors.ts'
import { systemRandom } from '../../base/random.ts'
import { readSmall, writeSmall } from './files.ts'

interface Facts {
  readonly incarnation: string
  /** Where the folder was when this was written: another place means a copy. */
  readonly path: string
  readonly inode: string
  /** Instance numbers below this one are in doubt. */
  readonly firstInstance: number
  /** Instance numbers below this one were used. */
  readonly usedInstances: number
  /** Places in the log known to be damaged: a new one is a new doubt. */
  readonly damages: number
}

export class Home {
  readonly #path: string
  #facts: Facts

  /** `hasData` tells a new folder from one that lost its incarnation file. */
  constructor(folder: string, damages: number, hasData: boolean) {
    this.#path = join(folder, 'incarnation')
    const here = { path: fs.realpathSync(folder), inode: String(fs.statSync(folder, { bigint: true }).ino), damages }
    const kept = readFacts(this.#path)
    this.#facts = kept === undefined ? newFacts(here, hasData) : settled(kept, here)
    if (JSON.stringify(this.#facts) !== JSON.stringify(kept)) this.#write()
  }

  /** Throws 'store-newer' if a newer joinery wrote this folder's incarnation file. */
  static refuseNewer(folder: string): void {
    readFacts(join(folder, 'incarnation'))
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

  #write(): void {
    writeSmall(this.#path, utf8(JSON.stringify(this.#facts)))
  }
}

function newFacts(here: Pick<Facts, 'path' | 'inode' | 'damages'>, hasData: boolean): Facts {
  const first = hasData ? byLot() : 0
  return { incarnation: newIncarnation(), ...here, firstInstance: first, usedInstances: first }
}

function settled(kept: Facts, here: Pick<Facts, 'path' | 'inode' | 'damages'>): Facts {
  const isMoved = kept.path !== here.path || kept.inode !== here.inode
  const isDoubtful = isMoved || here.damages > kept.damages
  return {
    incarnation: isMoved ? newIncarnation() : kept.incarnation,
    ...here,
    ...instances(kept, isMoved, isDoubtful),
  }
}

/** Of one folder there may be many copies, each of which would count on to the same number: a copy draws its own by lot. */
function instances(kept: Facts, isMoved: boolean, isDoubtful: boolean): Pick<Facts, 'firstInstance' | 'usedInstances'> {
  if (isMoved) {
    const first = byLot()
    return { firstInstance: first, usedInstances: first }
  }
  return { firstInstance: isDoubtful ? kept.usedInstances : kept.firstInstance, usedInstances: kept.usedInstances }
}

/** A number from the upper half, which counting never reaches, for who cannot know which were used. */
function byLot(): number {
  return 2 ** 31 + Math.floor(systemRandom.unit() * 2 ** 30)
}

function newIncarnation(): string {
  return toHex(systemRandom.bytes(16))
}

function readFacts(path: string): Facts | undefined {
  try {
    const bytes = readSmall(path)
    return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as Facts)
  } catch (error) {
    if (isJoineryError(error, 'store-damaged')) return undefined
    throw error
  }
}
