// `npm run bench`: each measurement of each engine in a fresh process, engines in turn, and the table of it all.

import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataPath, hasData } from '../setup/data.ts'
import { type Arguments, isAsked, parseArguments, usage } from './arguments.ts'
import { measurements } from './cases/all.ts'
import { growth, lines } from './cases/growth.ts'
import { comparedWith, goals } from './goals.ts'
import { installPeers } from './install.ts'
import { load, type Machine, machine, machineLine, versions } from './machine.ts'
import type { Measurement } from './measurement.ts'
import { plot } from './plot.ts'
import { withTable } from './readme.ts'
import { judge, ours, type Result, type Row, summary } from './statistics.ts'
import { number, tally, textTable } from './table.ts'
import { weigh } from './weigh.ts'
import type { Answer, Job } from './worker.ts'

export interface Report {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

/** By row and engine: the figures so far, or why there will be none. */
type Found = Map<string, Map<string, number[] | string>>

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = fileURLToPath(new URL('.', import.meta.url))
const plotPath = 'test/bench/growth.svg'

// An end from outside takes the measuring process and the files along.
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
    await writeReadme(JSON.parse(readFileSync(asked.readme, 'utf8')))
    return
  }
  if (!hasData('traces/README.md'))
    console.error(`There are no traces in ${dataPath('traces')} (set JOINERY_DATA): rows that replay one will fail.`)
  const needsPeers = asked.peers.some((peer) => peer !== ours)
  const peers = needsPeers && !installPeers() ? asked.peers.filter((peer) => peer === ours) : asked.peers
  const report = await measure({ ...asked, peers })

  console.log(textTable(report.rows, peers))
  console.log(`${tally(report.rows)}; median (minimum) of ${asked.runs}; ${machineLine(report.machine)}`)
  console.log(`load after: ${report.machine.loadAfter?.join(' ')}; ${versionsLine(report.versions)}`)
  if (asked.json !== undefined) writeReport(asked.json, report)
  if (asked.growth) writePlot(report)
}

async function measure(asked: Arguments): Promise<Report> {
  const earlier = earlierReport(asked)
  const before = earlier?.machine ?? machine()
  const used = versions(asked.peers)
  console.error(`${machineLine(before)}\n${versionsLine(used)}`)
  const wanted = (asked.growth ? growth : measurements).filter(({ rows }) =>
    Object.keys(rows).some((row) => isAsked(row, asked.only)),
  )
  if (wanted.length === 0) throw new RangeError(`no row is called ${asked.only.join(' or ')}`)
  const made = mkdtempSync(join(tmpdir(), 'joinery-bench-'))
  const found: Found = foundIn(earlier?.rows ?? [])
  const known = new Set(found.keys())
  const todo = wanted.filter(({ rows }) => !Object.keys(rows).every((row) => known.has(row)))
  const report = (): Report => {
    const rows = wanted.flatMap((one) => rowsOf(one, asked, found))
    return { machine: { ...before, loadAfter: load() }, versions: used, rows }
  }
  const clean = (): void => rmSync(made, { recursive: true, force: true })
  process.once('exit', clean)
  try {
    for (const [at, one] of withMakers(todo).entries()) {
      console.error(`${at + 1}/${withMakers(todo).length} ${one.id}`)
      const isDone = !todo.includes(one) && Object.keys(one.rows).some((row) => known.has(row))
      await runInTurn(one, todo.includes(one) ? asked.runs : 1, asked, made, isDone ? new Map() : found)
      if (asked.json !== undefined) writeReport(asked.json, report())
    }
  } finally {
    clean()
  }
  return report()
}

function writeReport(path: string, report: Report): void {
  const whole = { ...report, rows: report.rows.filter(({ results }) => Object.keys(results).length > 0) }
  writeFileSync(path, `${JSON.stringify(whole, null, 2)}\n`)
}

/** What a run that ended early left. Throws a RangeError where it was of other engines or versions. */
function earlierReport({ json, resume, peers }: Arguments): Report | undefined {
  if (!resume || json === undefined || !existsSync(json)) return undefined
  const report: Report = JSON.parse(readFileSync(json, 'utf8'))
  if (JSON.stringify(report.versions) !== JSON.stringify(versions(peers)))
    throw new RangeError(`${json} is of other engines, or of other versions of them: begin anew`)
  return report
}

function foundIn(rows: readonly Row[]): Found {
  const runsOf = (result: Result): number[] | string => ('runs' in result ? [...result.runs] : result.failed)
  return new Map(
    rows.map(({ row, results }) => [
      row,
      new Map(Object.entries(results).map(([peer, result]) => [peer, runsOf(result)])),
    ]),
  )
}

/** Before what begins with another's fixture stands that other, once. */
function withMakers(wanted: readonly Measurement[]): readonly Measurement[] {
  const needed = new Set<Measurement>()
  for (const one of wanted) {
    const maker = measurements.find(({ id }) => id === one.needs)
    if (maker !== undefined) needed.add(maker)
    needed.add(one)
  }
  return [...needed]
}

/** One run of each engine, then the next: what the machine does meanwhile meets all of them. */
async function runInTurn(one: Measurement, runs: number, asked: Arguments, made: string, found: Found): Promise<void> {
  const peers = asked.peers.filter((peer) => peer === ours || one.isOurs !== true)
  const done = new Set<string>()
  for (let run = 1; run <= (one.isOnce ? 1 : runs); run++) {
    for (const peer of peers.filter((name) => !done.has(name))) {
      const limitMs = asked.limitMs ?? one.limitMs
      const answer = withoutDocument(one, peer, found) ?? (await runOnce(one, peer, limitMs, made))
      note(one, peer, answer, found)
      console.error(`   ${run}  ${peer.padEnd(14)} ${told(answer, peer)}`)
      // What fails once is not tried again: a row over its limit would cost minutes.
      if ('failed' in answer) done.add(peer)
    }
  }
}

/** What begins with another's fixture has nothing to begin with where that one failed. */
function withoutDocument(one: Measurement, peer: string, found: Found): Answer | undefined {
  const maker = measurements.find(({ id }) => id === one.needs)
  const reasons = Object.keys(maker?.rows ?? {}).map((row) => found.get(row)?.get(peer))
  if (reasons.length === 0 || reasons.some((reason) => typeof reason !== 'string')) return undefined
  return { failed: reasons.some((reason) => reason === 'n/a' || reason === 'not built') ? 'missing' : 'no document' }
}

function runOnce(one: Measurement, peer: string, limitMs: number, made: string): Promise<Answer> {
  const fixture = (id: string): string => join(made, `${peer} ${id.replaceAll('/', ' ')}`)
  const job: Job = {
    peer,
    measurement: one.id,
    writes: fixture(one.id),
    ...(one.needs === undefined ? {} : { reads: fixture(one.needs) }),
  }
  const execArgv = ['--expose-gc', '--experimental-strip-types', '--no-warnings']
  const child = fork(join(folder, 'worker.ts'), [JSON.stringify(job)], {
    execArgv,
    stdio: ['ignore', 2, 'pipe', 'ipc'],
  })
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  return new Promise((resolve) => {
    let said = ''
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-2000)
    })
    const timer = setTimeout(() => {
      resolve({ failed: `over ${limitMs / 1000} s` })
      end()
    }, limitMs)
    child.on('message', (answer: Answer) => resolve(answer))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', end)
      const reason = /out of memory/i.test(said) ? 'out of memory' : `ended with ${signal ?? code}`
      resolve({ failed: `failed: ${reason}` })
    })
  })
}

function note(one: Measurement, peer: string, answer: Answer, found: Found): void {
  for (const row of Object.keys(one.rows)) {
    const byPeer = found.get(row) ?? new Map<string, number[] | string>()
    found.set(row, byPeer)
    const value = 'failed' in answer ? answer.failed : (answer.rows[row] ?? 'failed: no figure')
    const before = byPeer.get(peer)
    if (typeof value === 'string') byPeer.set(peer, reasonText(value, peer))
    else if (Array.isArray(before)) before.push(value)
    else if (before === undefined) byPeer.set(peer, [value])
  }
}

function reasonText(reason: string, peer: string): string {
  if (!reason.startsWith('missing')) return reason
  return peer === ours ? 'not built' : 'n/a'
}

function rowsOf(one: Measurement, asked: Arguments, found: Found): readonly Row[] {
  return Object.entries(one.rows)
    .filter(([row]) => isAsked(row, asked.only))
    .map(([row, unit]) => {
      const others = comparedWith[row]
      return judge(row, unit, results(found, row), goals[row], results(found, others ?? row))
    })
}

function results(found: Found, row: string): Record<string, Result> {
  const byPeer = [...(found.get(row) ?? new Map<string, number[] | string>())]
  return Object.fromEntries(
    byPeer.map(([peer, runs]) => [peer, typeof runs === 'string' ? { failed: runs } : summary(runs)]),
  )
}

function told(answer: Answer, peer: string): string {
  if ('failed' in answer) return reasonText(answer.failed, peer)
  return Object.entries(answer.rows)
    .map(
      ([row, value]) =>
        `${row.split('/').slice(1).join('/')} ${typeof value === 'number' ? number(value) : reasonText(value, peer)}`,
    )
    .join(', ')
}

function versionsLine(used: Readonly<Record<string, string>>): string {
  return Object.entries(used)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

async function writeReadme(report: Report): Promise<void> {
  const path = join(root, 'README.md')
  const plot = existsSync(join(root, plotPath)) ? plotPath : undefined
  writeFileSync(path, withTable(readFileSync(path, 'utf8'), report, { plot, size: await weigh() }))
}

function writePlot({ rows, versions: used }: Report): void {
  const drawn = Object.keys(used).flatMap((peer) =>
    lines.map(({ label, points }) => ({
      label: peer === ours ? label : `${peer}, ${label}`,
      points: points.flatMap(({ row, edits }) => {
        const result = rows.find((one) => one.row === row)?.results[peer]
        return result && 'median' in result ? [{ x: edits, y: result.median }] : []
      }),
    })),
  )
  writeFileSync(join(root, plotPath), plot(drawn))
  console.error(`drawn: ${plotPath}`)
}
