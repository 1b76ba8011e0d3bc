// The recorded histories, as the cases want them. Positions count UTF-16 units (no astral characters in what is used here).

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { dataPath } from '../setup/data.ts'
import type { TextEdit } from './workload.ts'

export interface Sequential {
  readonly edits: readonly TextEdit[]
  readonly end: string
}

export interface Turn {
  readonly agent: number
  readonly patches: readonly TextEdit[]
  /** The turns that this agent must receive before, oldest first. */
  readonly lacks: readonly number[]
}

export interface Concurrent {
  readonly agents: number
  readonly turns: readonly Turn[]
  readonly end: string
}

export function sequential(name: string): Sequential {
  const { txns, endContent } = read<{ txns: { patches: TextEdit[] }[]; endContent: string }>('sequential', name)
  return { edits: txns.flatMap(({ patches }) => patches), end: endContent }
}

export function concurrent(name: string): Concurrent {
  interface Recorded {
    numAgents: number
    endContent: string
    txns: { parents: number[]; agent: number; patches: TextEdit[] }[]
  }
  const { numAgents, txns, endContent } = read<Recorded>('concurrent', name)
  return { agents: numAgents, turns: withLacks(txns), end: endContent }
}

/** One replica an agent: it knows what it received and what it did. */
export function withLacks<T extends { readonly parents: readonly number[]; readonly agent: number }>(
  txns: readonly T[],
): (T & { readonly lacks: readonly number[] })[] {
  const known = new Map<number, Set<number>>()
  return txns.map((txn, at) => {
    const past = known.get(txn.agent) ?? new Set<number>()
    known.set(txn.agent, past)
    const lacks: number[] = []
    const work = [...txn.parents]
    for (let parent = work.pop(); parent !== undefined; parent = work.pop()) {
      if (past.has(parent)) continue
      past.add(parent)
      lacks.push(parent)
      work.push(...(txns[parent]?.parents ?? []))
    }
    past.add(at)
    return { ...txn, lacks: lacks.sort((a, b) => a - b) }
  })
}

function read<T>(folder: string, name: string): T {
  return JSON.parse(gunzipSync(readFileSync(dataPath(`traces/${folder}/${name}.json.gz`))).toString('utf8')) as T
}
