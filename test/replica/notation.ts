// Replicas by short names, for tests that read as a story: a and b, what each does, and who hears of it.

import { actorId } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { Version } from '../../src/core/version.ts'
import { applyPatches } from '../../src/crdt/apply-patches.ts'
import type { PatchEvent } from '../../src/crdt/patch.ts'
import { type Origin, type Received, Replica } from '../../src/replica/replica.ts'

export const docTag = new Uint8Array(32).fill(7)

// biome-ignore lint/suspicious/noExplicitAny: the documents of tests have no type.
export type Draft = any

/** One peer's copy, with a mirror that only sees patches (Invariant 7), and all it made. */
export class Side {
  readonly replica: Replica
  readonly name: string
  readonly made: SignedRange[] = []
  mirror: unknown

  constructor(name: string, now = () => 0) {
    this.name = name
    this.replica = new Replica({ docTag, actor: actorId(new TextEncoder().encode(name)), now })
    this.replica.listening = true
    this.mirror = this.replica.value
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  get value(): any {
    return this.replica.value
  }

  do(fn: (d: Draft) => unknown): SignedRange[] {
    const { received } = this.replica.change(fn)
    this.made.push(...received.held)
    this.#follow(received)
    return [...received.held]
  }

  init(value: object): this {
    const received = this.replica.init(value)
    this.made.push(...received.held)
    this.#follow(received)
    return this
  }

  take(ranges: readonly SignedRange[], origin: Origin = 'gossip'): Received {
    const received = this.replica.receive(ranges, { origin })
    this.#follow(received)
    return received
  }

  #follow({ events }: Received): void {
    this.mirror = events.reduce((value: unknown, { patches }: PatchEvent) => applyPatches(value, patches), this.mirror)
  }
}

/** Everything each side holds goes to every other. */
export function meet(...sides: readonly Side[]): void {
  for (const target of sides)
    for (const source of sides) {
      if (source === target) continue
      const { ranges } = source.replica.outward.rangesSince(heldAt(source, target), source.replica.version, 1e9, 'any')
      target.take(ranges, 'sync')
    }
}

/** What one side says that it holds, by the names of another whom it asks for the rest. */
export function heldAt(source: Side, target: Side): Version {
  const theirs = target.replica.outward.understood(source.replica.outward.stated(source.replica.version))
  return source.replica.outward.understood(target.replica.outward.statedTo(theirs))
}

/** Two sides, 'a' < 'b', that begin with the same value, do one thing each without hearing of the other, and meet. */
export function concurrently(
  init: object | ((d: Draft) => unknown),
  onA: (d: Draft) => unknown,
  onB: (d: Draft) => unknown,
): { a: Side; b: Side; value: Draft } {
  const a = new Side('a')
  const b = new Side('b')
  if (typeof init === 'function') a.do(init as (d: Draft) => unknown)
  else a.init(init)
  meet(a, b)
  a.do(onA)
  b.do(onB)
  meet(a, b)
  return { a, b, value: a.value }
}
