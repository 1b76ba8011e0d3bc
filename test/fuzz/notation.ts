// A history as lines that test/model/twin-notation.ts reads: what a failure prints.

import type { OpName, TwinAction, TwinOp } from '../model/twin-op.ts'

/** Ops in any order that respects causality, one a line. */
export function drawn(ops: readonly TwinOp[]): string {
  const letters = new Map<string, string>()
  for (const { actor } of ops)
    if (!letters.has(actor)) letters.set(actor, /^[a-z]$/.test(actor) ? actor : String.fromCharCode(65 + letters.size))
  const short = (name: OpName): string => {
    const [actor = '', seq = ''] = name.split(':')
    return `${letters.get(actor) ?? actor}${seq}`
  }
  const names = [...letters]
    .filter(([actor, letter]) => actor !== letter)
    .map(([actor, letter]) => `${letter} is ${actor}`)
  return [...names, ...ops.map((op) => line(op, short))].join('\n')
}

function line(op: TwinOp, short: (name: OpName) => string): string {
  const own = `${op.actor}:${op.seq - 1}`
  const seen = op.parents.filter((parent) => parent !== own).map((parent) => `+${short(parent)}`)
  const who = short(`${op.actor}:`) + seen.join('')
  return `${who} ${wordsOf(op, op.container === undefined ? '.' : short(op.container), short)}`
}

function wordsOf(op: TwinAction, at: string, short: (name: OpName) => string): string {
  switch (op.kind) {
    case 'meta':
    case 'unknown':
      return op.kind
    case 'type':
      return `type ${at} ${op.index} ${String.fromCharCode(op.unit)}`
    case 'insert':
      return `insert ${at} ${op.index} ${'make' in op.content ? `*${op.content.make}` : text(op.content.value)}`
    case 'erase':
      return `erase ${at} ${op.index}`
    case 'set':
      return `set ${at} ${op.key} ${text(op.value)}`
    case 'make':
      return `make ${at} ${op.key} ${op.make} ${op.gen}`
    case 'unset':
      return `unset ${at} ${op.key}`
    case 'add':
      return `add ${at} ${op.by}`
    case 'include':
    case 'exclude':
    case 'append':
    case 'assign':
      return `${op.kind} ${at} ${text(op.value)}`
    case 'revoke':
      return `${op.level === 1 ? '' : 're'}revoke ${op.targets.map(short).join(' ')}`
    case 'cut':
    case 'uncut':
      return `${op.kind} ${op.whom} ${op.afterSeq}`
  }
}

/** A value in a line: JSON where it can be. */
export function text(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner)) ?? String(value)
}
