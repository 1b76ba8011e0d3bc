// Who has heard what, in a crowd within one process: each writer goes on when everybody has heard its last word.

export interface Told {
  /** Words heard by somebody who did not say them. */
  readonly deliveries: number
  readonly ms: number
  /** Of the process, on all its threads: it does not tell how busy the machine was with others. */
  readonly cpuMs: number
}

/** Counts words heard. A word is a writer's number: 1, 2, 3 … */
export class Ledger {
  readonly #peers: number
  /** By writer, the last number that each peer heard. */
  readonly #heard: number[][]
  readonly #waiting = new Map<number, { readonly number: number; readonly resolve: () => void }>()
  deliveries = 0

  constructor(peers: number) {
    this.#peers = peers
    this.#heard = Array.from({ length: peers }, () => new Array(peers).fill(0))
  }

  /** A peer heard all of a writer's words up to this one. */
  hears(peer: number, writer: number, number: number): void {
    const heard = this.#heard[writer] as number[]
    const before = heard[peer] ?? 0
    if (peer === writer || number <= before) return
    this.deliveries += number - before
    heard[peer] = number
    const waiting = this.#waiting.get(writer)
    if (waiting === undefined || !this.#all(writer, waiting.number)) return
    this.#waiting.delete(writer)
    waiting.resolve()
  }

  /** Resolves when everybody has heard it. */
  everybody(writer: number, number: number): Promise<void> {
    if (this.#all(writer, number)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.set(writer, { number, resolve }))
  }

  #all(writer: number, number: number): boolean {
    const heard = this.#heard[writer] as number[]
    for (let peer = 0; peer < this.#peers; peer++) if (peer !== writer && (heard[peer] ?? 0) < number) return false
    return true
  }
}

/** All write at once, each `burst` words at a time, until the time is over and everybody has heard everything. */
export async function allWrite(
  ledger: Ledger,
  writers: number,
  next: readonly number[],
  { burst, durationMs, say }: { burst: number; durationMs: number; say: (writer: number, number: number) => void },
): Promise<Told & { readonly next: readonly number[] }> {
  const before = ledger.deliveries
  const beganAt = performance.now()
  const cpuBefore = process.cpuUsage()
  const last = await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      let number = next[writer] ?? 0
      while (performance.now() - beganAt < durationMs) {
        for (let i = 0; i < burst; i++) say(writer, ++number)
        await ledger.everybody(writer, number)
      }
      return number
    }),
  )
  const { user, system } = process.cpuUsage(cpuBefore)
  const ms = performance.now() - beganAt
  return { deliveries: ledger.deliveries - before, ms, cpuMs: (user + system) / 1_000, next: last }
}
