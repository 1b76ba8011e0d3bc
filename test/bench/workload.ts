// Seeded edits: the same ones for every engine, made before the clock starts.

import type { PeerDoc } from './peer.ts'

/** At `index`, delete so many characters, then insert these. */
export type TextEdit = readonly [index: number, deleted: number, inserted: string]
export type ListEdit = readonly [index: number, values: readonly number[]]

export interface Dice {
  /** An integer in [0, below). */
  int(below: number): number
  word(): string
  letter(): string
}

/** Mulberry32: small, fast, the same everywhere. */
export function dice(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  const letter = (): string => String.fromCharCode(97 + int(26))
  return { int, letter, word: () => Array.from({ length: 2 + int(9) }, letter).join('') }
}

/** Bytes that look random, for ids. */
export function randomBytes(seed: number, count: number): Uint8Array {
  const { int } = dice(seed)
  return Uint8Array.from({ length: count }, () => int(256))
}

// --- texts ---

export function appendCharacters(count: number, { letter }: Dice): TextEdit[] {
  return Array.from({ length: count }, (_, i) => [i, 0, letter()])
}

export function prependCharacters(count: number, { letter }: Dice): TextEdit[] {
  return Array.from({ length: count }, () => [0, 0, letter()])
}

export function insertOnce(count: number, { letter }: Dice): TextEdit[] {
  return [[0, 0, Array.from({ length: count }, letter).join('')]]
}

export function insertThenDelete(count: number, dice: Dice): TextEdit[] {
  return [...insertOnce(count, dice), [0, count, '']]
}

/** Characters at random indices of a text that had `length` characters. */
export function randomCharacters(count: number, { int, letter }: Dice, length = 0): TextEdit[] {
  return Array.from({ length: count }, (_, i) => [int(length + i + 1), 0, letter()])
}

export function randomWords(count: number, { int, word }: Dice, start = 0): TextEdit[] {
  let length = start
  return Array.from({ length: count }, () => {
    const inserted = word()
    const index = int(length + 1)
    length += inserted.length
    return [index, 0, inserted]
  })
}

/** Each step inserts a word or deletes 1-9 characters. */
export function wordsAndDeletes(count: number, { int, word }: Dice): TextEdit[] {
  let length = 0
  return Array.from({ length: count }, () => {
    const index = int(length + 1)
    const deleted = Math.min(1 + int(9), length - index)
    const inserted = deleted === 0 || int(2) === 0 ? word() : ''
    length += inserted === '' ? -deleted : inserted.length
    return inserted === '' ? [index, deleted, ''] : [index, 0, inserted]
  })
}

/** Each step inserts a word, then inserts another or deletes 1-9 characters there. */
export function wordsThenThere(count: number, { int, word }: Dice, start = 0): TextEdit[] {
  let length = start
  return Array.from({ length: count }, (): TextEdit[] => {
    const first = word()
    const index = int(length + 1)
    length += first.length
    const second = int(2) === 0 ? word() : ''
    const deleted = second === '' ? Math.min(1 + int(9), length - index) : 0
    length += second.length - deleted
    return [
      [index, 0, first],
      [index, deleted, second],
    ]
  }).flat()
}

/** What the edits make of a string: the slow twin that every engine is compared with. */
export function typed(edits: readonly TextEdit[], start = ''): string {
  return edits.reduce(
    (text, [index, deleted, inserted]) => text.slice(0, index) + inserted + text.slice(index + deleted),
    start,
  )
}

export function typeInto(doc: PeerDoc, edits: readonly TextEdit[]): void {
  for (const [index, deleted, inserted] of edits) {
    if (deleted > 0) doc.deleteText(index, deleted)
    if (inserted !== '') doc.insertText(index, inserted)
  }
}

// --- lists ---

const uint31 = 2 ** 31

export function appendNumbers(count: number, { int }: Dice): ListEdit[] {
  return Array.from({ length: count }, (_, i) => [i, [int(uint31)]])
}

export function insertNumbersOnce(count: number, { int }: Dice): ListEdit[] {
  return [[0, Array.from({ length: count }, () => int(uint31))]]
}

export function prependNumbers(count: number, { int }: Dice): ListEdit[] {
  return Array.from({ length: count }, () => [0, [int(uint31)]])
}

export function randomNumbers(count: number, { int }: Dice): ListEdit[] {
  return Array.from({ length: count }, (_, i) => [int(i + 1), [int(uint31)]])
}

export function insertInto(doc: PeerDoc, edits: readonly ListEdit[]): void {
  for (const [index, values] of edits) doc.insertList(index, values)
}

// --- maps ---

/** Sets of `keys` keys in random order. */
export function randomSets(count: number, keys: number, { int }: Dice): (readonly [key: string, value: number])[] {
  return Array.from({ length: count }, () => [`key${int(keys)}`, int(uint31)])
}
