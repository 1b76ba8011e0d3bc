// The sequence of Eg-walker against its slow twin on random histories, and against histories that nobody here wrote.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { Kind } from '../../src/core/kinds.ts'
import { dataPath, hasData } from '../setup/data.ts'
import { fuzzSequence, SequenceReplica } from './sequence-world.ts'

function read<T>(path: string): T {
  return JSON.parse(gunzipSync(readFileSync(dataPath(path))).toString('utf8')) as T
}

describe('a sequence does what its slow twin does, op by op', () => {
  const first = Number(process.env.SEED ?? 1)
  const count = process.env.SEED === undefined ? 100 : 1

  it('on random histories of inserts and deletes', () => {
    for (let seed = first; seed < first + count; seed++) fuzzSequence(seed, { ops: 60, acts: 0 })
  })

  it('with clears, undo and redo', () => {
    for (let seed = first; seed < first + count; seed++) fuzzSequence(seed, { ops: 60, acts: 0.25 })
  })

  it('on long ones, too', () => {
    for (let seed = first; seed < first + count / 50; seed++)
      fuzzSequence(seed, { ops: 600, acts: seed % 2 ? 0 : 0.03 })
  })
})

it('a local change that is taken back leaves nothing behind', () => {
  const replica = new SequenceReplica()
  const { graph, log, shows } = replica
  const a = replica.change(0, [], [[0, 0, 'abc']])
  const b = replica.change(1, [], [[0, 0, 'xy']])
  const frontier = [a - 1, b - 1]
  const { units, values } = { units: log.units.length, values: log.values.length }
  const before = [...shows]
  const lv = graph.append(0, 2, frontier)
  log.push(Kind.type, 1, 5, log.units.push('!?'), 2, false)
  shows.push(lv, lv + 1)
  replica.sequence.local(lv, lv + 2)
  replica.sequence.order(() => {})
  replica.sequence.withdraw(lv)
  shows.splice(5)
  graph.truncate(lv, frontier)
  log.truncate(lv, units, values)
  replica.sequence.check()
  expect(shows).toEqual(before)
  replica.change(1, [b - 1], [[2, 0, 'z']])
  replica.change(0, [a - 1], [[0, 1, '']])
  expect(replica.text()).toBe('bcxyz')
  replica.sequence.check()
})

describe.skipIf(!hasData('conformance/sequence'))('the order of concurrent inserts is FugueMax', () => {
  interface Case {
    txns: { span: [number, number]; parents: number[]; agent: string; ops: [number, number, string][] }[]
    endContent: string
  }

  it('in 500 of 500 recorded histories', () => {
    const cases = read<Case[]>('conformance/sequence/fuguemax-500.linear.json.gz')
    const failed = cases.flatMap(({ txns, endContent }, i) => {
      const agents = [...new Set(txns.map(({ agent }) => agent))].sort()
      const replica = new SequenceReplica()
      for (const { agent, parents, ops } of txns) replica.change(agents.indexOf(agent), parents, ops)
      replica.sequence.check()
      return replica.text() === endContent ? [] : [i]
    })
    expect([cases.length, failed]).toEqual([500, []])
  })
})

describe.skipIf(!hasData('traces/concurrent'))('typing by several writers at once ends in the recorded text', () => {
  interface Trace {
    endContent: string
    txns: { parents: number[]; agent: number; patches: [number, number, string][] }[]
  }

  it.each(['friendsforever', 'node_nodecc'])('%s', (name) => {
    const { txns, endContent } = read<Trace>(`traces/concurrent/${name}.json.gz`)
    const replica = new SequenceReplica()
    const ends: number[] = []
    for (const { parents, agent, patches } of txns) {
      const from = parents.map((at) => present(ends[at], `txn ${at}`))
      ends.push(replica.change(agent, from, patches) - 1)
    }
    expect(replica.text()).toBe(endContent)
    replica.sequence.check()
  })
})
