// What a version of the twin reads as: the value, conflicts, who wrote each unit, and where a cursor stands.

import { defineKey, Json, type Scalar, valueKey } from '../../src/core/value.ts'
import type { Twin } from './engine-twin.ts'
import type { Box, Entry, Version } from './twin-box.ts'
import { byName } from './twin-order.ts'

/** The value of the whole document at a version. */
export function valueAt(twin: Twin, version: Version): unknown {
  return showBox(twin, twin.root, version)
}

export function showBox(twin: Twin, box: Box, version: Version): unknown {
  switch (box.type) {
    case 'map':
      return showMap(twin, box, version)
    case 'list':
      return twin.visible(box, version).map((entry) => showEntry(twin, entry, version))
    case 'text':
      return rawText(twin, box, version).toWellFormed()
    case 'counter':
    case 'gcounter':
      return total(twin, box, version)
    case 'set':
    case 'rwset':
      return members(twin, box, version).map(show)
    case 'log':
      return standing(twin, box, 'append', version)
        .sort(byTime)
        .map(({ op }) => show(scalarOf(op)))
    case 'register': {
      const winner = heads(standing(twin, box, 'assign', version))
        .sort(byTime)
        .at(-1)
      return winner === undefined ? null : show(scalarOf(winner.op))
    }
  }
}

/** What a key of a map was given by those who had not seen one another, the one that shows first. */
export function keyHeads(twin: Twin, map: Box, key: string, version: Version): Entry[] {
  const entries = map.entries.filter(
    (entry) => 'key' in entry.op && entry.op.key === key && twin.stands(entry, version),
  )
  return heads(entries)
    .filter(({ op }) => op.kind !== 'unset')
    .sort(byTime)
    .reverse()
}

/** What a register was assigned by those who had not seen one another, the one that shows first. */
export function registerHeads(twin: Twin, register: Box, version: Version): Entry[] {
  return heads(standing(twin, register, 'assign', version))
    .sort(byTime)
    .reverse()
}

/** What an op gave its key, place or register. */
export function showEntry(twin: Twin, entry: Entry, version: Version): unknown {
  if (entry.makes !== undefined) return showBox(twin, entry.makes, version)
  return show(scalarOf(entry.op))
}

export function rawText(twin: Twin, box: Box, version: Version): string {
  return twin
    .visible(box, version)
    .map(({ op }) => (op.kind === 'type' ? String.fromCharCode(op.unit) : ''))
    .join('')
}

/** How many visible items stand before an item, which itself need not be visible. */
export function indexOf(twin: Twin, box: Box, item: Entry, version: Version): number {
  const place = box.order.nodes.findIndex((node) => node.item === item)
  const visible = new Set(twin.visible(box, version))
  return box.order.nodes.slice(0, place).filter((node) => visible.has(node.item)).length
}

/** The container at a path that shows; undefined if there is none. */
export function boxAt(twin: Twin, path: readonly (string | number)[], version: Version): Box | undefined {
  let box: Box | undefined = twin.root
  for (const key of path) {
    if (box === undefined) return undefined
    if (typeof key === 'string') box = box.type === 'map' ? keyHeads(twin, box, key, version)[0]?.makes : undefined
    else box = box.type === 'list' ? twin.visible(box, version)[key]?.makes : undefined
  }
  return box
}

function showMap(twin: Twin, map: Box, version: Version): object {
  const out = {}
  const keys = new Set(map.entries.flatMap(({ op }) => ('key' in op ? [op.key] : [])))
  for (const key of [...keys].sort()) {
    const [winner] = keyHeads(twin, map, key, version)
    if (winner !== undefined) defineKey(out, key, showEntry(twin, winner, version))
  }
  return out
}

function total(twin: Twin, counter: Box, version: Version): number | bigint {
  let sum = 0n
  for (const { op } of standing(twin, counter, 'add', version)) if (op.kind === 'add') sum += op.by
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum
}

/** In the order of their bytes. */
function members(twin: Twin, set: Box, version: Version): Scalar[] {
  const includes = Map.groupBy(standing(twin, set, 'include', version), keyOf)
  const excludes = Map.groupBy(standing(twin, set, 'exclude', version), keyOf)
  const isIn = (adds: readonly Entry[], removes: readonly Entry[]): boolean =>
    set.type === 'set'
      ? adds.some((add) => !removes.some((remove) => remove.past.has(add)))
      : removes.every((remove) => adds.some((add) => add.past.has(remove)))
  return [...includes]
    .filter(([key, adds]) => isIn(adds, excludes.get(key) ?? []))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, adds]) => adds.slice(0, 1).map(({ op }) => scalarOf(op)))
}

/** The ops of a kind that count here. */
function standing(twin: Twin, box: Box, kind: string, version: Version): Entry[] {
  return box.entries.filter((entry) => entry.op.kind === kind && twin.stands(entry, version))
}

/** Those that no other of them has seen. */
function heads(entries: readonly Entry[]): Entry[] {
  return entries.filter((entry) => !entries.some((other) => other.past.has(entry)))
}

/** By Lamport time, then by the actor's bytes, then by seq. */
function byTime(a: Entry, b: Entry): number {
  return a.lamport - b.lamport || byName(a, b)
}

function keyOf({ op }: Entry): string {
  return valueKey(scalarOf(op))
}

function scalarOf(op: Entry['op']): Scalar {
  if ('value' in op) return op.value
  return 'content' in op && 'value' in op.content ? op.content.value : null
}

function show(value: Scalar): unknown {
  return value instanceof Json ? value.value : value
}
