// Which coded symbols an id is part of: an endless ascending row of indices that follows from its hash alone. It begins with 0, and index i is in it with
// probability 1 / (1 + i/2), so that a prefix of the symbols is always about as dense as decoding wants it.
//
// Yang, Gilad, Alizadeh, "Practical Rateless Set Reconciliation" (SIGCOMM 2024), §4.2: the next index after i is i + ⌈(i + 3/2) · (1/√u − 1)⌉ for u
// uniform in (0, 1]. Departure: chance comes from xoroshiro64** (Blackman, Vigna), whose state is the 64-bit hash: 32 bits of state would let two of
// some ten thousand ids share all of their symbols, which no number of symbols could tell apart.

/** Beyond any symbol that is ever asked for. */
export const NEVER = 0xffffffff
const INDEX_MAX = 2 ** 31

/** One id on its way along its indices: `index` is where it stands. Plain fields, so that a set can hold a hundred thousand of them in columns. */
export class IndexWalk {
  index = 0
  s0 = 0
  s1 = 0

  begin(high: number, low: number): this {
    this.index = 0
    this.s0 = low
    this.s1 = high
    // The one state the generator cannot leave.
    if ((low | high) === 0) this.s1 = 1
    return this
  }

  next(): void {
    const scaled = Math.imul(this.s0, 0x9e3779bb)
    const drawn = Math.imul((scaled << 5) | (scaled >>> 27), 5) >>> 0
    const mixed = this.s1 ^ this.s0
    this.s0 = ((this.s0 << 26) | (this.s0 >>> 6)) ^ mixed ^ (mixed << 9)
    this.s1 = (mixed << 13) | (mixed >>> 19)
    const step = Math.ceil((this.index + 1.5) * (65536 / Math.sqrt(drawn + 1) - 1))
    const index = this.index + Math.max(1, step)
    this.index = index < INDEX_MAX ? index : NEVER
  }
}
