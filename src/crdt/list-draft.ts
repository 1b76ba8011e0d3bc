// The methods of a list's draft that alter it. Reading methods are those of arrays.

import { JoineryError } from '../base/errors.ts'
import { show } from './build.ts'
import type { ListState } from './container.ts'
import type { Session } from './draft.ts'

type Method = (...args: never[]) => unknown

export function listMethods(session: Session, list: ListState): Record<string, Method> {
  const insert = (index: number, values: readonly unknown[]): number => {
    const recorder = session.use()
    const plans = values.map((value, i) => session.plan(value, list, index + i))
    recorder.insert(list, index, plans)
    return list.items.length
  }
  // What is removed is handed out as a plain value: its draft would lead nowhere.
  const remove = (index: number, count: number): unknown[] => {
    const recorder = session.use()
    const removed = list.items.slice(index, index + count).map((item) => show(item.value))
    recorder.remove(list, index, count)
    return removed
  }
  return {
    push: (...values: unknown[]) => insert(list.items.length, values),
    unshift: (...values: unknown[]) => insert(0, values),
    pop: () => (list.items.length === 0 ? undefined : remove(list.items.length - 1, 1)[0]),
    shift: () => (list.items.length === 0 ? undefined : remove(0, 1)[0]),
    splice: (...args: unknown[]) => {
      if (args.length === 0) return []
      const [start, count, ...values] = args
      const { length } = list.items
      const from = startOf(start, length)
      const plans = values.map((value, i) => session.plan(value, list, from + i))
      const removed = remove(from, args.length === 1 ? length - from : clamp(toInteger(count), 0, length - from))
      session.use().insert(list, from, plans)
      return removed
    },
    sort: refuse('sort', 'read toSorted(), or keep a field to sort by'),
    reverse: refuse('reverse', 'read toReversed()'),
    copyWithin: refuse('copyWithin', 'use splice'),
    fill: refuse('fill', 'assign each index'),
  }
}

/** As Array.prototype.splice reads its first argument. */
function startOf(start: unknown, length: number): number {
  const at = toInteger(start)
  return at < 0 ? Math.max(0, length + at) : Math.min(at, length)
}

function toInteger(value: unknown): number {
  const number = Math.trunc(Number(value))
  return Number.isNaN(number) ? 0 : number
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}

function refuse(name: string, instead: string): Method {
  return () => {
    throw new JoineryError(
      'bad-change',
      `${name} would replace every item and undo what others do to them at the same time: ${instead}`,
    )
  }
}
