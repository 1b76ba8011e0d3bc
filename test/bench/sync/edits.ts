// What is typed: letters drawn at random, since what repeats would flatter compression.

import { type Random, seededRandom } from '../../../src/base/random.ts'

export interface Insert {
  readonly index: number
  readonly letter: string
}

/** A letter at any place of a text that begins with `length` letters, again and again. */
export function scattered(seed: number, count: number, length: number): Insert[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, i) => ({
    index: Math.floor(random.unit() * (length + i + 1)),
    letter: letter(random),
  }))
}

/** As people type: about twenty letters one after the other, then somewhere else. */
export function typed(seed: number, count: number): Insert[] {
  const random = seededRandom(seed)
  let index = 0
  return Array.from({ length: count }, (_, i) => {
    if (random.unit() < 0.05) index = Math.floor(random.unit() * (i + 1))
    return { index: index++, letter: letter(random) }
  })
}

export function letters(seed: number, count: number): string {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => letter(random)).join('')
}

function letter(random: Random): string {
  return String.fromCharCode(97 + Math.floor(random.unit() * 26))
}
