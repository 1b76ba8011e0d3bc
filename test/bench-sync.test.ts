// The pure parts of the benchmark of sync, and its proxy: what is counted is what passed, and goals that rest on other figures follow them.

import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { median } from './bench/statistics.ts'
import { parseArguments } from './bench/sync/arguments.ts'
import { scattered, typed } from './bench/sync/edits.ts'
import { goalOf } from './bench/sync/goals.ts'
import { CountingProxy } from './bench/sync/proxy.ts'
import { withTable } from './bench/sync/readme.ts'
import { enginesOf, measurements } from './bench/sync/rows/all.ts'

const rowNames = measurements.flatMap(({ rows }) => Object.keys(rows))
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

describe('what is typed', () => {
  it('is the same of the same seed, and stays inside of the text', () => {
    for (const make of [(seed: number) => scattered(seed, 500, 10), (seed: number) => typed(seed, 500)]) {
      expect(make(1)).toEqual(make(1))
      expect(make(1)).not.toEqual(make(2))
      for (const [i, { index, letter }] of make(3).entries()) {
        expect(index).toBeGreaterThanOrEqual(0)
        expect(index).toBeLessThanOrEqual(10 + i)
        expect(letter).toMatch(/^[a-z]$/)
      }
    }
  })
})

describe('the counting proxy', () => {
  it('passes on and counts every byte both ways, can be cut, and is mended at the same port', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
    closing.push(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const proxy = await CountingProxy.open(port)
    closing.push(() => proxy.close())
    expect(await echoed(proxy.port, 100_000)).toBe(100_000)
    expect(proxy.bytes).toBe(200_000)
    expect(proxy.connectedAt).toBeDefined()

    await proxy.cut()
    await expect(echoed(proxy.port, 1)).rejects.toThrow('ECONNREFUSED')
    proxy.reset()
    await proxy.heal()
    expect(proxy.connectedAt).toBeUndefined()
    expect(await echoed(proxy.port, 7)).toBe(7)
    expect(proxy.bytes).toBe(14)
  })
})

function echoed(port: number, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let came = 0
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(new Uint8Array(count)))
    socket.on('error', reject)
    socket.on('data', ({ length }) => {
      came += length
      if (came < count) return
      resolve(came)
      socket.destroy()
    })
  })
}

describe('figures', () => {
  const figures: Readonly<Record<string, number>> = {
    'latency/median gossipsub': 1.5,
    'fdatasync/median gossipsub': 0.5,
    'rejoin/missing-compressed joinery': 1_000,
    '25-peers/time yjs': 200,
  }
  const figure = (row: string, engine: string): number | undefined => figures[`${row} ${engine}`]

  it('goals that rest on others follow them, and are none where those are missing', () => {
    expect(goalOf('latency/median', figure)).toEqual({ most: 4 })
    expect(goalOf('latency/p99', figure)).toBeUndefined()
    expect(goalOf('rejoin/bytes', figure)).toEqual({ most: 1_612 })
    expect(goalOf('25-peers/time', figure)).toEqual({ most: 600 })
    expect(goalOf('first-sync/bytes', figure)).toBeUndefined()
  })

  it('each row is filled by one measurement, and each goal is of a row', () => {
    expect(new Set(rowNames).size).toBe(rowNames.length)
    for (const row of ['lone-edit/bytes', 'burst/time', '10-of-1000/time', 'symbols/20', 'told-100000/10-round-trips'])
      expect([rowNames.includes(row), goalOf(row, figure)]).toEqual([true, expect.anything()])
    for (const one of measurements) expect(enginesOf(one).length).toBeGreaterThan(0)
  })

  it('the README shows how far a row is from its goal, and why', () => {
    const result = { median: median([3, 9, 6]), min: 3, runs: [3, 9, 6] }
    const row = { row: 'rejoin/time', unit: 'ms', results: { joinery: result }, ratioToBest: null, best: null } as const
    const machine = { cpu: 'x', cores: 2, memoryGB: 1, system: 'y', node: '22', date: '2026-01-01', load: [0] }
    const report = { machine, versions: { joinery: '0.1.0' }, rows: [{ ...row, goal: { most: 4 }, met: false }] }
    const [begin, end] = ['begin', 'end'].map((word) => `<!-- figures of \`npm run bench:sync\`: ${word} -->`)
    const shown = withTable(`before\n${begin}\nstale figures\n${end}\nafter`, report)
    expect(shown).toContain('`rejoin/time` (1.50 x the goal)')
    expect(shown).not.toContain('stale figures')
    expect(shown.startsWith('before\n') && shown.endsWith('\nafter')).toBe(true)
    expect(() => withTable('nothing', report)).toThrow(RangeError)
  })
})

describe('arguments', () => {
  it('say what to measure, and what is wrong with them', () => {
    expect(parseArguments(['--only', 'rejoin,burst/time', '--peers', 'yjs,joinery', '--runs', '3'])).toMatchObject({
      only: ['rejoin', 'burst/time'],
      peers: ['joinery', 'yjs'],
      runs: 3,
    })
    for (const bad of [['--peers', 'nobody'], ['--runs', '0'], ['--only'], ['--resume'], ['quickly']])
      expect(() => parseArguments(bad)).toThrow(RangeError)
  })
})
