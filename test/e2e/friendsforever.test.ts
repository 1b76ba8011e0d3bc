// The second proof: a real history of two people writing at once, replayed on two Node peers along its graph, over a connection that is cut and
// healed ten times on the way.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { hasData } from '../setup/data.ts'
import { nodeProgram } from './bundle.ts'
import { friendsFile } from './friends.ts'
import { LineProcess } from './line-process.ts'

interface Cut {
  readonly agent: 0 | 1
  /** Of the agent's transactions. */
  readonly number: number
  readonly forMs: number
}

const CUTS = 10
const SEED = 7

const folder = mkdtempSync(join(tmpdir(), 'joinery-friends-'))
const agents: LineProcess[] = []

beforeEach((context) => {
  if (!hasData(friendsFile)) context.skip('the test data is not there')
})

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.kill()))
  rmSync(folder, { recursive: true, force: true })
})

test('two peers replay a concurrent history along its graph, cut and healed ten times, and end alike', async () => {
  const program = await nodeProgram('friend-agent.ts')
  const cuts: Cut[] = []
  let done = 0
  const cut = async (agent: 0 | 1, forMs: number): Promise<void> => {
    await agents[agent]?.call('pause')
    await new Promise((resolve) => setTimeout(resolve, forMs))
    await agents[agent]?.call('resume')
    done++
  }
  for (const agent of [0, 1] as const) {
    const onEvent = ({ number }: Record<string, unknown>): void => {
      const due = cuts.findIndex((next) => next.agent === agent && Number(number) >= next.number)
      for (const next of due < 0 ? [] : cuts.splice(due, 1)) void cut(agent, next.forMs)
    }
    agents.push(new LineProcess(program, { name: `agent ${agent}`, onEvent }))
  }
  const [first, second] = agents as [LineProcess, LineProcess]
  const opened = agents.map((agent, index) => agent.call('open', { path: join(folder, String(index)) }))
  const [turns] = (await Promise.all(opened)) as [[number, number]]
  cuts.push(...seededCuts(turns))
  await second.call('join', { ticket: await first.call('make') })

  const startedAt = performance.now()
  await Promise.all(agents.map((agent, index) => agent.call('play', { agent: index })))
  const played = performance.now() - startedAt
  const ends = await Promise.all(agents.map((agent) => agent.call('ended', { timeoutMs: 20_000 })))
  console.log(`${turns[0] + turns[1]} transactions in ${Math.round(played)} ms, cut and healed ${done} times`, ends)
  expect(ends).toMatchObject([
    { ended: true, made: turns },
    { ended: true, made: turns },
  ])
  expect(done).toBe(CUTS)
}, 240_000)

/** When to cut, by the number of transactions an agent has made; half of the cuts at either's. */
function seededCuts(turns: readonly [number, number]): Cut[] {
  const random = seededRandom(SEED)
  return Array.from({ length: CUTS }, (_, index) => {
    const agent = (index % 2) as 0 | 1
    // One in each tenth of the history, not at its very end.
    const share = (index + 0.9 * random.unit()) / CUTS
    return { agent, number: Math.floor(share * turns[agent] * 0.98), forMs: 100 + Math.floor(400 * random.unit()) }
  })
}
