// Histories of real typing, and words from a seed.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '../../src/base/random.ts'
import { dataPath } from '../setup/data.ts'
import type { TextPatch } from './pad-commands.ts'

export const historyFile = (name: string): string => `traces/sequential/${name}.json.gz`

/** The first patches of a sequential trace. */
export function tracePatches(name: string, count: number): readonly TextPatch[] {
  const { txns } = JSON.parse(gunzipSync(readFileSync(dataPath(historyFile(name)))).toString()) as {
    txns: readonly { readonly patches: readonly TextPatch[] }[]
  }
  return txns.flatMap(({ patches }) => patches).slice(0, count)
}

/** What they come to: a plain string, patch by patch. */
export function replay(patches: readonly TextPatch[]): string {
  return patches.reduce((text, [at, deleted, inserted]) => text.slice(0, at) + inserted + text.slice(at + deleted), '')
}

/** Words that are all different, of 3-9 letters. */
export function wordsFrom(seed: number, count: number): readonly string[] {
  const random = seededRandom(seed)
  const letter = (): string => String.fromCharCode(97 + Math.floor(random.unit() * 26))
  const words = new Set<string>()
  while (words.size < count) words.add(Array.from({ length: 3 + Math.floor(random.unit() * 7) }, letter).join(''))
  return [...words]
}

/** Numbers in [0, 1). */
export function unitsFrom(seed: number, count: number): readonly number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.unit())
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
