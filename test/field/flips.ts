// Two peers that write to one another while bits turn over between them, one at a time: each must be noticed, and both must be whole and in contact again
// within two seconds.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { text } from '../../src/crdt/constructors.ts'
import type { Text } from '../../src/crdt/types.ts'
import type { NetworkFactory } from '../../src/net/network.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { openLoopbackPeer } from '../e2e/loopback-peer.ts'
import { type Flipped, Flipper } from './flip.ts'
import { aboveChannel, behindProxy } from './flipping-wires.ts'

export type Where = 'in TCP payload' | 'in decrypted frames'

export interface FlipRun {
  readonly where: Where
  readonly flips: readonly HealedFlip[]
}

export interface HealedFlip extends Flipped {
  /** From the flip until both showed the same, each other's last edits included, and both called themselves up to date; null if that was not in time. */
  readonly healedMs: number | null
  /** How many connections ended because of it. */
  readonly disconnected: number
}

type Pad = { typed: Text; left: string; right: string; large: string }

interface Side {
  readonly name: 'left' | 'right'
  readonly peer: Peer
  readonly space: Space
  readonly pad: DocHandle<Pad>
}

/** What is hit, in turn: either side of the proxy; our streams, most of all those that promise. */
const places: Readonly<Record<Where, readonly string[]>> = {
  'in TCP payload': ['who dialled', 'was dialled'],
  'in decrypted frames': [...twice('sync', 'sync', 'meshsub', 'sync', 'meshsub'), 'pulse'],
}
const networks: Readonly<Record<Where, (flipper: Flipper) => NetworkFactory>> = {
  'in TCP payload': behindProxy,
  'in decrypted frames': aboveChannel,
}

/** A flip that is not healed in this time is not waited for. */
const PATIENCE_MS = 30_000
const TYPING_MS = 4
// So that frames of all sizes are hit, and pulls as well as gossip.
const LARGE_EVERY = 8
const LARGE_CHARS = 60_000

/** Flips so many bits, one after the other is healed. */
export async function flipBits(where: Where, count: number, seed: number): Promise<FlipRun> {
  const random = seededRandom(seed)
  const flipper = new Flipper(random)
  const folder = mkdtempSync(join(tmpdir(), 'joinery-flips-'))
  let disconnected = 0
  const counted =
    (make: NetworkFactory): NetworkFactory =>
    async (context) => {
      const network = await make(context)
      network.on('disconnect', () => disconnected++)
      return network
    }
  const sides: Side[] = []
  try {
    let ticket: string | undefined
    for (const name of ['left', 'right'] as const) {
      const network = counted(networks[where](flipper))
      const peer = await openLoopbackPeer({ path: join(folder, name), name, network })
      const space: Space = ticket === undefined ? await peer.space('Flips') : await peer.join(ticket)
      ticket ??= await space.invite()
      const pad = await space.open<Pad>('pad', { init: { typed: text(), left: '', right: '', large: '' } })
      sides.push({ name, peer, space, pad })
    }
    await Promise.all(sides.map(({ space }) => space.met({ timeoutMs: 20_000 })))
    const flips: HealedFlip[] = []
    for (let i = 0; i < count; i++) {
      const within = places[where][i % places[where].length] ?? ''
      const flipped = await typeUntil(flipper.arm(within), sides, random)
      const before = disconnected
      const healedMs = await heal(sides, `${i}`, flipped.at)
      flips.push({ ...flipped, healedMs, disconnected: disconnected - before })
      if (healedMs === null) break
    }
    return { where, flips }
  } finally {
    await Promise.all(sides.map(({ peer }) => peer.close()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Both type until something passed that could be hit. */
async function typeUntil(hit: Promise<Flipped>, sides: readonly Side[], random: Random): Promise<Flipped> {
  let flipped: Flipped | undefined
  void hit.then((one) => {
    flipped = one
  })
  while (flipped === undefined) {
    for (const { pad } of sides) {
      if (random.unit() < 1 / LARGE_EVERY)
        pad.change((d) => void (d.large = String(random.unit()).repeat(LARGE_CHARS / 20)))
      else pad.change((d) => d.typed.append('x'))
    }
    await pause(TYPING_MS)
  }
  return flipped
}

/** Each side writes a last word; then nothing but what the peers do of their own accord can heal. */
async function heal(sides: readonly Side[], word: string, since: number): Promise<number | null> {
  for (const { name, pad } of sides) pad.change((d) => void (d[name] = word))
  while (!isWhole(sides, word)) {
    if (performance.now() - since > PATIENCE_MS) return null
    await pause(10)
  }
  return Math.round(performance.now() - since)
}

function isWhole(sides: readonly Side[], word: string): boolean {
  const [left, right] = sides.map(({ pad }) => pad.value)
  if (left === undefined || right === undefined) throw new Error('there are two sides')
  if (left.right !== word || right.left !== word) return false
  return sides.every(({ space }) => space.status.current.upToDate) && JSON.stringify(left) === JSON.stringify(right)
}

function twice<T>(...items: readonly T[]): readonly T[] {
  return [...items, ...items]
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
