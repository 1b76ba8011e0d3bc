// Histories that nobody here wrote: conformance cases for the order of concurrent inserts, and recorded typing.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { actorId } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { createDoc, type Doc, type Text, text } from '../../src/doc.ts'
import { Replica } from '../../src/replica/replica.ts'
import { dataPath, hasData } from '../setup/data.ts'

function read<T>(path: string): T {
  return JSON.parse(gunzipSync(readFileSync(dataPath(path))).toString('utf8')) as T
}

type Noted = { t: Text }

/** Agents in the order of their names get actors in the order of their bytes. */
function replicasFor(agents: readonly string[]): Map<string, Replica<Noted>> {
  const sorted = [...new Set(agents)].sort()
  return new Map(sorted.map((agent, i) => [agent, newReplica(Uint8Array.of(1, i))]))
}

function newReplica(actor: Uint8Array): Replica<Noted> {
  const replica = new Replica<Noted>({ docTag: new Uint8Array(32), actor: actorId(actor), now: () => 0 })
  replica.init({ t: text() })
  return replica
}

function type(doc: Doc<Noted>, index: number, count: number, content: string): void {
  doc.change((d) => {
    if (count > 0) d.t.delete(index, count)
    if (content !== '') d.t.insert(index, content)
  })
}

describe.skipIf(!hasData('conformance/sequence'))('the order of concurrent inserts is FugueMax', () => {
  interface Case {
    txns: { span: [number, number]; parents: number[]; agent: string; ops: [number, number, string][] }[]
    endContent: string
  }

  it('in 500 of 500 recorded histories', { timeout: 300_000 }, () => {
    const cases = read<Case[]>('conformance/sequence/fuguemax-500.linear.json.gz')
    const failed = cases.flatMap((one, i) => (replay(one) === one.endContent ? [] : [i]))
    expect([cases.length, failed]).toEqual([500, []])
  })

  /** Each agent's replica is handed exactly the past of what it does next. */
  function replay({ txns }: Case): string {
    const replicas = replicasFor(txns.map((txn) => txn.agent))
    const known = new Map([...replicas.keys()].map((agent) => [agent, new Set<number>()]))
    const made: SignedRange[] = []
    const pasts: Set<number>[] = []
    const endsAt = new Map<number, number>()
    for (const { span, parents, agent, ops } of txns) {
      const replica = present(replicas.get(agent), agent)
      const past = present(known.get(agent), agent)
      const news = parents
        .flatMap((lv) => [...present(pasts[endsAt.get(lv) ?? -1], `txn at ${lv}`)])
        .filter((at) => !past.has(at))
      for (const at of news) past.add(at)
      replica.receive(
        news.sort((a, b) => a - b).map((at) => present(made[at], `txn ${at}`)),
        { origin: 'sync' },
      )
      const { received } = replica.change((d) => {
        for (const [at, count, content] of ops) {
          if (count > 0) d.t.delete(at, count)
          if (content !== '') d.t.insert(at, content)
        }
      })
      endsAt.set(span[1] - 1, made.length)
      past.add(made.length)
      made.push(...received.held)
      pasts.push(new Set(past))
    }
    const last = newReplica(Uint8Array.of(255))
    // Backwards, so that the causal buffer and the waiting have something to do.
    last.receive(made.toReversed(), { origin: 'sync' })
    return last.value.t
  }
})

describe.skipIf(!hasData('traces/sequential'))('typing by one writer equals the replay on a string', () => {
  interface Trace {
    startContent?: string
    txns: { patches: [number, number, string][] }[]
  }

  it.each(['seph-blog1', 'friendsforever_flat'])('%s, its first 5,000 patches', (name) => {
    const trace = read<Trace>(`traces/sequential/${name}.json.gz`)
    const doc = createDoc<Noted>({ actor: Uint8Array.of(1), init: { t: text(trace.startContent ?? '') } })
    let expected = trace.startContent ?? ''
    for (const [at, count, content] of trace.txns.flatMap((txn) => txn.patches).slice(0, 5000)) {
      type(doc, at, count, content)
      expected = expected.slice(0, at) + content + expected.slice(at + count)
    }
    expect(doc.value.t).toBe(expected)
    const other = createDoc<Noted>({ actor: Uint8Array.of(2) })
    other.receive(doc.delta())
    expect(other.value.t).toBe(expected)
  })
})

describe.skipIf(!hasData('traces/concurrent'))('typing by several writers at once', () => {
  interface Trace {
    numAgents: number
    endContent: string
    txns: { parents: number[]; numChildren: number; agent: number; patches: [number, number, string][] }[]
  }

  it('friendsforever ends in its recorded text on every replica', { timeout: 120_000 }, () => {
    const { txns, numAgents, endContent } = read<Trace>('traces/concurrent/friendsforever.json.gz')
    const agents = Array.from({ length: numAgents }, (_, i) => String(i))
    const replicas = replicasFor(agents)
    const known = agents.map(() => new Set<number>())
    const made: SignedRange[] = []
    for (const { parents, agent, patches } of txns) {
      const replica = present(replicas.get(String(agent)), `agent ${agent}`)
      const past = present(known[agent], `agent ${agent}`)
      const news = missing(txns, parents, past)
      replica.receive(
        news.map((at) => present(made[at], `txn ${at}`)),
        { origin: 'sync' },
      )
      const { received } = replica.change((d) => {
        for (const [at, count, content] of patches) {
          if (count > 0) d.t.delete(at, count)
          if (content !== '') d.t.insert(at, content)
        }
      })
      past.add(made.length)
      made.push(...received.held)
    }
    for (const replica of replicas.values()) {
      replica.receive(made, { origin: 'sync' })
      expect(replica.value.t).toBe(endContent)
    }
  })

  /** The ancestors that are not known yet, oldest first; they are known then. */
  function missing(txns: Trace['txns'], parents: readonly number[], past: Set<number>): number[] {
    const found: number[] = []
    const work = [...parents]
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      if (past.has(at)) continue
      past.add(at)
      found.push(at)
      work.push(...(txns[at]?.parents ?? []))
    }
    return found.sort((a, b) => a - b)
  }
})
