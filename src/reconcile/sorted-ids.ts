// Ids of 32 bytes in order, and fingerprints of stretches of them: SHA-256 of their sum mod 2^256 and of how many they are, cut to 16 bytes. A sum, never
// XOR: of XOR any wanted result is found by linear algebra (Meyer, "Range-Based Set Reconciliation", SRDS 2023, §VI, on what fingerprints must withstand).

import { sha256 } from '@noble/hashes/sha2.js'
import { assert } from '../base/assert.ts'
import { ByteWriter, compareBytes } from '../base/bytes.ts'

export const ID_BYTES = 32
export const FINGERPRINT_BYTES = 16
const WORDS = ID_BYTES / 4

/** A set of 32-byte ids, sorted, each once. It does not change. */
export class SortedIds {
  readonly #ids: readonly Uint8Array[]

  /** Takes ids in any order. */
  constructor(ids: Iterable<Uint8Array>) {
    const sorted = [...ids].map((id) => ({ id, start: startOf(id) }))
    sorted.sort((a, b) => a.start - b.start || compareBytes(a.id, b.id))
    this.#ids = sorted.map(({ id }) => id)
    for (let i = 1; i < this.#ids.length; i++)
      assert(compareBytes(this.at(i - 1), this.at(i)) < 0, 'an id stands twice in a set')
  }

  get length(): number {
    return this.#ids.length
  }

  at(index: number): Uint8Array {
    const id = this.#ids[index]
    assert(id !== undefined, `id ${index} of ${this.length}`)
    return id
  }

  /** The index of the first id that is not below `bound`; all are below `undefined`. */
  indexOf(bound: Uint8Array | undefined): number {
    if (bound === undefined) return this.length
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareBytes(this.at(middle), bound) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Of the ids with indices [start, end). */
  fingerprint(start: number, end: number): Uint8Array {
    const sum = new Uint32Array(WORDS)
    for (let i = start; i < end; i++) addTo(sum, this.at(i))
    const writer = new ByteWriter(ID_BYTES + 8)
    for (let word = WORDS - 1; word >= 0; word--) writer.u32(sum[word] as number)
    return sha256(writer.varint(end - start).finish()).subarray(0, FINGERPRINT_BYTES)
  }
}

/** The sum is mod 2^256: what is carried beyond is dropped. The least significant word stands first. */
function addTo(sum: Uint32Array, id: Uint8Array): void {
  let carry = 0
  for (let word = 0; word < WORDS; word++) {
    const at = ID_BYTES - 4 * (word + 1)
    const added = (((id[at] as number) << 24) | ((id[at + 1] as number) << 16) | ((id[at + 2] as number) << 8)) >>> 0
    const next = (sum[word] as number) + added + (id[at + 3] as number) + carry
    sum[word] = next >>> 0
    carry = next > 0xffffffff ? 1 : 0
  }
}

/** The first six bytes as a number: for hashes that decides nearly every comparison. */
function startOf(id: Uint8Array): number {
  assert(id.length === ID_BYTES, `an id has ${ID_BYTES} bytes, not ${id.length}`)
  let start = 0
  for (let i = 0; i < 6; i++) start = start * 256 + (id[i] as number)
  return start
}
