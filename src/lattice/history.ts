// A history for `laws`: which replica was given which command, and who sent what to whom. It is data, so that it can be made by chance, run
// again in several worlds, made smaller and shown.

import { assert } from '../base/assert.ts'
import type { Random } from '../base/random.ts'

export type Step<Command> =
  | { readonly type: 'command'; readonly replica: number; readonly command: Command }
  /** `to` hears all that `from` held, now or `age` changes ago: what was long under way. */
  | { readonly type: 'send'; readonly from: number; readonly to: number; readonly age: number }

export type History<Command> = readonly Step<Command>[]

/** A whole number in [0, end). */
export function below(random: Random, end: number): number {
  return Math.floor(random.unit() * end)
}

/** The item there. Items may be null, but not undefined. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  assert(item !== undefined, `there is no item ${index} of ${items.length}`)
  return item
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const out = [...items]
  // Fisher and Yates, in the form of Durstenfeld 1964: each of the orders is as likely as any other.
  for (let end = out.length; end > 1; end--) {
    const [item] = out.splice(below(random, end), 1)
    if (item !== undefined) out.push(item)
  }
  return out
}

export function makeHistory<Command>(
  random: Random,
  arbitrary: (random: Random) => Command,
  size: { readonly replicas: number; readonly steps: number },
): History<Command> {
  return Array.from({ length: 1 + below(random, size.steps) }, (): Step<Command> => {
    const replica = below(random, size.replicas)
    if (random.unit() < 0.6) return { type: 'command', replica, command: arbitrary(random) }
    const to = (replica + 1 + below(random, size.replicas - 1)) % size.replicas
    return { type: 'send', from: replica, to, age: random.unit() < 0.7 ? 0 : 1 + below(random, 3) }
  })
}

/**
 * A smaller history that fails too: without whole stretches, then without single steps, with nothing late and with smaller commands.
 * After Zeller & Hildebrandt 2002, Simplifying and isolating failure-inducing input (ddmin), greedy and with a limit.
 */
export function shrink<Command, Failure>(
  history: History<Command>,
  failure: Failure,
  fails: (history: History<Command>) => Failure | undefined,
  smaller: (command: Command) => Iterable<Command>,
): { readonly history: History<Command>; readonly failure: Failure } {
  const best = { history, failure }
  for (let left = triesMax, progress = true; progress && left > 0; ) {
    progress = false
    for (const candidate of candidates(best.history, smaller)) {
      const found = left-- > 0 ? fails(candidate) : undefined
      if (found === undefined) continue
      best.history = candidate
      best.failure = found
      progress = true
      break
    }
  }
  return best
}

/** Runs of a history while it is made smaller: some seconds at most. */
const triesMax = 3000

function* candidates<Command>(
  history: History<Command>,
  smaller: (command: Command) => Iterable<Command>,
): Generator<History<Command>> {
  for (let length = history.length >> 1; length >= 1; length >>= 1)
    for (let start = 0; start + length <= history.length; start += length)
      yield history.filter((_, index) => index < start || index >= start + length)
  for (const [index, step] of history.entries()) {
    if (step.type === 'send' && step.age > 0) yield history.with(index, { ...step, age: 0 })
    if (step.type === 'command')
      for (const command of smaller(step.command)) yield history.with(index, { ...step, command })
  }
}

/** One line for each step. */
export function showHistory(history: History<unknown>, replicas: readonly string[]): readonly string[] {
  return history.map((step) => {
    if (step.type === 'command') return `${replicas[step.replica]}: ${JSON.stringify(step.command)}`
    const late = step.age === 0 ? '' : `, as of ${step.age} changes ago`
    return `${replicas[step.from]} -> ${replicas[step.to]}${late}`
  })
}
