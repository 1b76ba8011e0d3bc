// `npm run bench:sync`: what engines need to agree over real sockets, each measurement of each engine in fresh processes, engines in turn, and the
// table of it all.

import { fork } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAsked } from '../arguments.ts'
import { installPeers } from '../install.ts'
import { load, type Machine, machine, machineLine } from '../machine.ts'
import { judge, ours, type Result, type Row, summary } from '../statistics.ts'
import { number, tally, textTable } from '../table.ts'
import { type Arguments, parseArguments, usage } from './arguments.ts'
import { engineNames, floor } from './engine.ts'
import { type Figure, goalOf } from './goals.ts'
import type { Measurement } from './measurement.ts'
import { withTable } from './readme.ts'
import { enginesOf, measurements } from './rows/all.ts'
import type { Answer } from './worker.ts'

export interface Report {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

/** By row and engine: the figures so far, or why there will be none. */
type Found = Map<string, Map<string, number[] | string>>

const root = fileURLToPath(new URL('../../..', import.meta.url))

const packages: Readonly<Record<string, string>> = {
  joinery: '../../../package.json',
  gossipsub: '../../../node_modules/@chainsafe/libp2p-gossipsub/package.json',
  yjs: 'node_modules/yjs/package.json',
  loro: 'node_modules/loro-crdt/package.json',
  'automerge-repo': 'node_modules/@automerge/automerge-repo/package.json',
  tinybase: 'node_modules/tinybase/package.json',
}

// An end from outside takes the measuring processes and their files along.
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

try {
  const given = process.argv.slice(2)
  if (given.includes('--help')) console.log(usage)
  else await main(parseArguments(given))
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}

async function main(asked: Arguments): Promise<void> {
  if (asked.readme !== undefined) {
    const path = join(root, 'README.md')
    const report: Report = JSON.parse(readFileSync(asked.readme, 'utf8'))
    writeFileSync(path, withTable(readFileSync(path, 'utf8'), report, asked.only))
    return
  }
  const own = [ours, floor]
  const needsPeers = asked.peers.some((peer) => !own.includes(peer))
  const isThere = !needsPeers || installPeers(new URL('.', import.meta.url))
  const peers = asked.peers.filter((peer) => isThere || own.includes(peer))
  const report = await measure({ ...asked, peers })
  console.log(textTable(report.rows, engineNames))
  console.log(`${tally(report.rows)}; median (minimum) of ${asked.runs}; ${machineLine(report.machine)}`)
}

async function measure(asked: Arguments): Promise<Report> {
  const kept = asked.resume && asked.json !== undefined && existsSync(asked.json) ? asked.json : undefined
  const before: Report | undefined = kept === undefined ? undefined : JSON.parse(readFileSync(kept, 'utf8'))
  const found = foundIn(before)
  const start = before?.machine ?? machine()
  const versions = { ...before?.versions, ...versionsOf(asked.peers) }
  const report = (): Report => ({ machine: { ...start, loadAfter: load() }, versions, rows: rows(found) })
  const wanted = measurements.filter((one) => Object.keys(one.rows).some((row) => isAsked(row, asked.only)))
  if (wanted.length === 0) throw new RangeError(`no row is called ${asked.only.join(' or ')}`)
  console.error(machineLine(start))
  for (const [at, one] of wanted.entries()) {
    console.error(`${at + 1}/${wanted.length} ${one.id}`)
    await runInTurn(one, asked, found)
    if (asked.json !== undefined) writeFileSync(asked.json, `${JSON.stringify(report(), null, 2)}\n`)
  }
  return report()
}

/** One run of each engine, then the next: what the machine does meanwhile meets all of them. Those that a file brought are not run again. */
async function runInTurn(one: Measurement, asked: Arguments, found: Found): Promise<void> {
  const [row = ''] = Object.keys(one.rows)
  const engines = enginesOf(one).filter((engine) => asked.peers.includes(engine) && !found.get(row)?.has(engine))
  const failed = new Set<string>()
  for (let run = 1; run <= (one.isOnce ? 1 : asked.runs); run++) {
    for (const engine of engines.filter((name) => !failed.has(name))) {
      const answer = await runOnce(one, engine)
      note(one, engine, answer, found)
      console.error(`   ${run}  ${engine.padEnd(14)} ${told(answer)}`)
      // What fails once is not tried again: a row over its limit would cost minutes.
      if ('failed' in answer) failed.add(engine)
    }
  }
}

function runOnce({ id, limitMs }: Measurement, engine: string): Promise<Answer> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [id, engine], {
    execArgv: ['--experimental-strip-types', '--no-warnings'],
    stdio: ['ignore', 2, 'ignore', 'ipc'],
  })
  const end = (): void => void child.kill('SIGTERM')
  process.once('exit', end)
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({ failed: `over ${limitMs / 1000} s` })
      end()
    }, limitMs)
    child.on('message', (answer: Answer) => resolve(answer))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', end)
      resolve({ failed: `failed: ended with ${signal ?? code}` })
    })
  })
}

function note(one: Measurement, engine: string, answer: Answer, found: Found): void {
  for (const row of Object.keys(one.rows)) {
    const byEngine = found.get(row) ?? new Map<string, number[] | string>()
    found.set(row, byEngine)
    const value = 'failed' in answer ? answer.failed : answer.rows[row]
    const before = byEngine.get(engine)
    if (value === undefined) continue
    if (typeof value === 'string') byEngine.set(engine, value)
    else byEngine.set(engine, [...(Array.isArray(before) ? before : []), value])
  }
}

function foundIn(report: Report | undefined): Found {
  const found: Found = new Map()
  for (const { row, results } of report?.rows ?? []) {
    const each = Object.entries(results).map(
      ([engine, result]) => [engine, 'runs' in result ? [...result.runs] : result.failed] as const,
    )
    found.set(row, new Map<string, number[] | string>(each))
  }
  return found
}

/** All rows there are figures of, each against its goal; the floor is not one of those we are compared with. */
function rows(found: Found): readonly Row[] {
  const resultsOf = (row: string): Record<string, Result> =>
    Object.fromEntries(
      [...(found.get(row) ?? [])].map(([engine, runs]) => [
        engine,
        typeof runs === 'string' ? { failed: runs } : summary(runs),
      ]),
    )
  const figure: Figure = (row, engine) => {
    const result = resultsOf(row)[engine]
    return result !== undefined && 'median' in result ? result.median : undefined
  }
  return measurements.flatMap((one) =>
    Object.entries(one.rows)
      .filter(([row]) => found.has(row))
      .map(([row, unit]) => {
        const results = resultsOf(row)
        const { [floor]: _, ...compared } = results
        return judge(row, unit, results, goalOf(row, figure), compared)
      }),
  )
}

function told(answer: Answer): string {
  if ('failed' in answer) return answer.failed
  return Object.entries(answer.rows)
    .map(([row, value]) => `${row.split('/').slice(1).join('/')} ${number(value)}`)
    .join(', ')
}

function versionsOf(peers: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    peers.map((peer) => {
      const file = new URL(packages[peer] ?? '', import.meta.url)
      return [peer, JSON.parse(readFileSync(file, 'utf8')).version]
    }),
  )
}
