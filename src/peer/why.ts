// A status as plain words: why not everybody has everything, for how long, and what is done about it. Pure.

import type { Pending, Progress, Status } from './api.ts'
import { edits } from './lacking.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Undefined where nothing is known to be missing. `now` is in milliseconds since 1970. */
export function whyNotSynced({ pending, progress }: Status, now: number): string | undefined {
  const sentences = new Set(pending.map((each) => sentence(each, now)))
  if (progress !== undefined && progress.editsLeft > 0) sentences.add(progressWords(progress))
  return sentences.size === 0 ? undefined : [...sentences].join(' ')
}

function sentence({ message, doing, since, space }: Pending, now: number): string {
  const age = ageWords(now - since)
  const words = age === '' ? message : `${message} It has been so for ${age}.`
  return `${space === undefined ? '' : `${space}: `}${words} ${doing}`
}

/** '12 s', '3 min', '5 h', '2 days'; nothing for what began just now. */
export function ageWords(ms: number): string {
  if (ms < 2 * SECOND_MS) return ''
  if (ms < 2 * MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`
  if (ms < 2 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  return ms < 2 * DAY_MS ? `${Math.floor(ms / HOUR_MS)} h` : `${Math.floor(ms / DAY_MS)} days`
}

function progressWords({ editsReceived, editsLeft, msLeft }: Progress): string {
  const time =
    msLeft === undefined || msLeft < SECOND_MS
      ? ''
      : `, which takes some ${Math.round(msLeft / SECOND_MS)} s if it goes on so`
  return `${editsReceived} of about ${edits(editsReceived + editsLeft)} have arrived${time}.`
}
