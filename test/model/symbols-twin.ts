// Coded symbols straight from their definition: bigints, one id and one index at a time, and differences by comparing whole sets.

const MASK = (1n << 64n) - 1n
const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK

/** SipHash-2-4, as the paper has it. */
export function sipHashTwin(key: Uint8Array, bytes: Uint8Array): bigint {
  const word = (of: Uint8Array, at: number): bigint => {
    let out = 0n
    for (let i = 7; i >= 0; i--) out = (out << 8n) | BigInt(of[at + i] ?? 0)
    return out
  }
  const [k0, k1] = [word(key, 0), word(key, 8)]
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const round = (): void => {
    v0 = (v0 + v1) & MASK
    v2 = (v2 + v3) & MASK
    v1 = rotate(v1, 13n) ^ v0
    v3 = rotate(v3, 16n) ^ v2
    v0 = rotate(v0, 32n)
    v2 = (v2 + v1) & MASK
    v0 = (v0 + v3) & MASK
    v1 = rotate(v1, 17n) ^ v2
    v3 = rotate(v3, 21n) ^ v0
    v2 = rotate(v2, 32n)
  }
  const padded = new Uint8Array((bytes.length & ~7) + 8)
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length & 255
  for (let at = 0; at < padded.length; at += 8) {
    const m = word(padded, at)
    v3 ^= m
    round()
    round()
    v0 ^= m
  }
  v2 ^= 0xffn
  for (let i = 0; i < 4; i++) round()
  return v0 ^ v1 ^ v2 ^ v3
}

/** The bytes of a 64-bit id, least significant first. */
export function idBytes(id: bigint): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, i) => Number((id >> BigInt(8 * i)) & 255n))
}

/** The indices below `end` that an id is part of. */
export function indicesTwin(key: Uint8Array, id: bigint, end: number): number[] {
  const hash = sipHashTwin(key, idBytes(id))
  const M32 = 0xffffffffn
  const rotate32 = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & M32
  let s0 = hash & M32
  let s1 = hash >> 32n
  if (hash === 0n) s1 = 1n
  const indices: number[] = []
  for (let index = 0; index < end; ) {
    indices.push(index)
    const drawn = (rotate32((s0 * 0x9e3779bbn) & M32, 5n) * 5n) & M32
    s1 ^= s0
    s0 = rotate32(s0, 26n) ^ s1 ^ ((s1 << 9n) & M32)
    s1 = rotate32(s1, 13n)
    const u = (Number(drawn) + 1) / 2 ** 32
    index += Math.max(1, Math.ceil((index + 1.5) * (1 / Math.sqrt(u) - 1)))
  }
  return indices
}

export interface SymbolTwin {
  sum: bigint
  check: bigint
  count: number
}

/** The first `end` coded symbols of a set. */
export function symbolsTwin(key: Uint8Array, ids: Iterable<bigint>, end: number): SymbolTwin[] {
  const symbols = Array.from({ length: end }, (): SymbolTwin => ({ sum: 0n, check: 0n, count: 0 }))
  for (const id of ids) {
    const check = sipHashTwin(key, idBytes(id)) & 0xffffffffn
    for (const index of indicesTwin(key, id, end)) {
      const symbol = symbols[index] as SymbolTwin
      symbol.sum ^= id
      symbol.check ^= check
      symbol.count++
    }
  }
  return symbols
}

/** What only `ours` has, in order. */
export function differenceTwin<T>(ours: Iterable<T>, theirs: Iterable<T>): T[] {
  const others = new Set(theirs)
  return [...ours].filter((id) => !others.has(id)).sort()
}
