// Who has heard what, in a crowd within one process: each writer goes on when everybody has heard its last word.

export interface Told {
  /** Words heard by somebody who did not say them. */
  readonly deliveries: number
  readonly ms: number
  /** Of the process, on all its threads: it does not tell how busy the machine was with others. */
  readonly cpuMs: number
}

/** Each peer has so many voices: words of one and the same follow one another, those of several travel at once. */
export const VOICES = 8

/** Counts words heard. A word is a number of a voice: 1, 2, 3 … */
export class Ledger {
  readonly #peers: number
  /** By voice, the last number that each peer heard. */
  readonly #heard: number[][]
  readonly #waiting = new Map<number, { readonly number: number; readonly resolve: () => void }>()
  deliveries = 0

  constructor(peers: number) {
    this.#peers = peers
    this.#heard = Array.from({ length: peers * VOICES }, () => new Array(peers).fill(0))
  }

  get voices(): number {
    return this.#heard.length
  }

  /** A peer heard all words of a voice up to this one. */
  hears(peer: number, voice: number, number: number): void {
    const heard = this.#heard[voice] as number[]
    const before = heard[peer] ?? 0
    if (peer === ownerOf(voice) || number <= before) return
    this.deliveries += number - before
    heard[peer] = number
    const waiting = this.#waiting.get(voice)
    if (waiting === undefined || !this.#all(voice, waiting.number)) return
    this.#waiting.delete(voice)
    waiting.resolve()
  }

  /** Resolves when everybody has heard it. */
  everybody(voice: number, number: number): Promise<void> {
    if (this.#all(voice, number)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.set(voice, { number, resolve }))
  }

  #all(voice: number, number: number): boolean {
    const heard = this.#heard[voice] as number[]
    for (let peer = 0; peer < this.#peers; peer++)
      if (peer !== ownerOf(voice) && (heard[peer] ?? 0) < number) return false
    return true
  }
}

export function ownerOf(voice: number): number {
  return Math.floor(voice / VOICES)
}

/** All speak at once, with each voice `burst` words at a time, until the time is over and everybody has heard everything. */
export async function allSpeak(
  ledger: Ledger,
  next: readonly number[],
  { burst, durationMs, say }: { burst: number; durationMs: number; say: (voice: number, number: number) => void },
): Promise<Told & { readonly next: readonly number[] }> {
  const before = ledger.deliveries
  const beganAt = performance.now()
  const cpuBefore = process.cpuUsage()
  const last = await Promise.all(
    Array.from({ length: ledger.voices }, async (_, voice) => {
      let number = next[voice] ?? 0
      do {
        for (let i = 0; i < burst; i++) say(voice, ++number)
        await ledger.everybody(voice, number)
      } while (performance.now() - beganAt < durationMs)
      return number
    }),
  )
  const { user, system } = process.cpuUsage(cpuBefore)
  const ms = performance.now() - beganAt
  return { deliveries: ledger.deliveries - before, ms, cpuMs: (user + system) / 1_000, next: last }
}
