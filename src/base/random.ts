// Chance as a value that is handed in: keys and nonces from the platform in production, a seed in simulations.

export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
  /** A float in [0, 1), for jitter. */
  unit(): number
}

/** The platform's cryptographic random. */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  unit: () => {
    const [word = 0] = crypto.getRandomValues(new Uint32Array(1))
    return word / 2 ** 32
  },
}

/**
 * A seeded random for tests and simulations: never for keys of real peers.
 * The generator is mulberry32 (public domain, Tommy Ettinger): 32 bits of state, enough for schedules.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    unit: () => next() / 2 ** 32,
  }
}
