// What `npm run netns` does, inside its container of namespaces: rounds of a partition and a heal. Reports in JSON, a line each.

import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../src/base/random.ts'
import { LineProcess } from '../e2e/line-process.ts'
import { asProcessOne, cut, heal, inNamespace } from '../e2e/namespaces.ts'
import type { Counts, FieldCommands, Held } from './netns-peer.ts'

export interface FieldOptions {
  readonly peers: number
  readonly rounds: number
  readonly seconds: number
  readonly everyMs: number
  readonly seed: number
  readonly lossPercent: number
  readonly kilobytesPerSecond: number
}

export type FieldReport =
  | { readonly step: 'met'; readonly ms: number }
  | { readonly step: 'round'; readonly round: Round }
  | {
      readonly step: 'ended'
      readonly dropped: Dropped
      readonly memoryMB: readonly number[]
      readonly cpuSeconds: readonly number[]
    }

export interface Round {
  readonly halves: readonly [number, number]
  /** From the heal until each peer held everything; null where it did not. */
  readonly convergedMs: readonly (number | null)[]
  readonly acknowledged: number
  readonly missing: number
  readonly unwanted: number
  /** How many different states there were in the end: one, if all is well. */
  readonly states: number
}

/** What nft dropped on its way between namespaces. */
export interface Dropped {
  readonly packets: number
  readonly atRandom: number
  readonly overRate: number
}

const MEET_MS = 120_000
const TOGETHER_MS = 2_000
const HEAL_MS_MAX = 60_000
// The last one is not counted among the peers: it repeats what the others say.
const REPEATER = 1

type Call = <C extends keyof FieldCommands>(
  command: C,
  argument?: Parameters<FieldCommands[C]>[0],
) => Promise<Awaited<ReturnType<FieldCommands[C]>>>

interface FieldPeer {
  readonly name: string
  readonly k: number
  readonly lines: LineProcess
  readonly call: Call
}

const [encoded = '', ...program] = process.argv.slice(2)
const options: FieldOptions = JSON.parse(encoded)
const random = seededRandom(options.seed)
const everybody: FieldPeer[] = []
const hardLimitMs = 180_000 + options.rounds * (options.seconds * 1_000 + TOGETHER_MS + HEAL_MS_MAX)

await asProcessOne(run, { limitMs: hardLimitMs, failed })

async function run(): Promise<void> {
  spoil()
  const beganAt = performance.now()
  for (let k = 1; k <= options.peers + REPEATER; k++) everybody.push(start(k))
  const writers = everybody.slice(0, options.peers)
  const [first, ...others] = everybody as [FieldPeer, ...FieldPeer[]]
  await all(everybody, ({ call, name, k }) =>
    call('open', { path: join(tmpdir(), `${name}.joinery`), name, repeats: k > options.peers }),
  )
  const ticket = await first.call('make')
  await all(others, ({ call }) => call('join', { ticket }))
  const met = await all(everybody, ({ call }) => call('contacts', { count: options.peers, timeoutMs: MEET_MS }))
  if (met.includes(false)) throw new Error(`not all met within ${MEET_MS} ms`)
  tell({ step: 'met', ms: Math.round(performance.now() - beganAt) })
  for (let round = 0; round < options.rounds; round++) tell({ step: 'round', round: await apartAndTogether(writers) })
  const status = await all(writers, ({ call }) => call('status'))
  tell({
    step: 'ended',
    dropped: dropped(),
    memoryMB: status.map(({ memoryMB }) => memoryMB),
    cpuSeconds: status.map(({ cpuSeconds }) => cpuSeconds),
  })
}

/** All write together for a moment, then apart; what they hold is looked at after the heal. */
async function apartAndTogether(writers: readonly FieldPeer[]): Promise<Round> {
  const { everyMs, seconds } = options
  await all(writers, ({ call }) => call('write', { everyMs, durationMs: TOGETHER_MS }))
  const half = someOf(everybody.map(({ k }) => k))
  cut(half)
  const counts: Counts = Object.fromEntries(
    await all(writers, async ({ name, call }) => [name, await call('write', { everyMs, durationMs: seconds * 1_000 })]),
  )
  heal(half)
  const healedAt = Number(process.hrtime.bigint() / 1_000n) / 1_000
  const reachedAt = await all(writers, ({ call }) => call('waitFor', { counts, timeoutMs: HEAL_MS_MAX }))
  const held = await all(writers, ({ call }) => call('held', { counts }))
  if (reachedAt.includes(null)) for (const peer of everybody) process.stderr.write(`${await wordOf(peer)}\n`)
  return {
    halves: [everybody.length - half.length, half.length],
    convergedMs: reachedAt.map((at) => (at === null ? null : Math.round(at - healedAt))),
    acknowledged: Object.values(counts).reduce((sum, count) => sum + count, 0),
    missing: sum(held, ({ missing }) => missing),
    unwanted: sum(held, ({ unwanted }) => unwanted),
    states: new Set(held.map(({ digest }) => digest)).size,
  }
}

/** Drops packets between all namespaces: some at random, and those of one namespace that are too many. */
function spoil(): void {
  const { lossPercent, kilobytesPerSecond, peers } = options
  const rules = Array.from({ length: peers + REPEATER }, (_, index) => {
    const rate = `limit rate over ${kilobytesPerSecond} kbytes/second burst ${kilobytesPerSecond} kbytes`
    return `iifname "p${index + 1}" ${rate} counter name slowed drop`
  })
  nft(`table bridge field {
    counter passing {}
    counter lost {}
    counter slowed {}
    chain forward {
      type filter hook forward priority 0;
      counter name passing
      numgen random mod 1000 < ${Math.round(lossPercent * 10)} counter name lost drop
      ${rules.join('\n')}
    }
  }`)
}

function dropped(): Dropped {
  const packets = (counter: string): number => {
    const shown = execFileSync('nft', ['list', 'counter', 'bridge', 'field', counter], { encoding: 'utf8' })
    return Number(/packets (\d+)/.exec(shown)?.[1])
  }
  return { packets: packets('passing'), atRandom: packets('lost'), overRate: packets('slowed') }
}

function nft(rules: string): void {
  execFileSync('nft', ['-f', '-'], { input: rules })
}

function start(k: number): FieldPeer {
  const name = k > options.peers ? 'repeater' : `n${k}`
  const lines = new LineProcess([...inNamespace(k), ...program], { name, cwd: tmpdir() })
  return { name, k, lines, call: (command, argument = {} as never) => lines.call(command, argument) as never }
}

/** Some of them, never none and never all. */
function someOf(ks: readonly number[]): readonly number[] {
  const count = 1 + Math.floor(random.unit() * (ks.length - 1))
  return ks
    .map((k) => ({ k, order: random.unit() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ k }) => k)
}

function all<T>(peers: readonly FieldPeer[], ask: (peer: FieldPeer) => Promise<T>): Promise<T[]> {
  return Promise.all(peers.map(ask))
}

function sum(list: readonly Held[], of: (held: Held) => number): number {
  return list.reduce((total, held) => total + of(held), 0)
}

function tell(report: FieldReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

async function wordOf({ name, call, lines }: FieldPeer): Promise<string> {
  const patience = new Promise<string>((resolve) => setTimeout(resolve, 3_000, 'no answer'))
  const status = await Promise.race([call('status').catch(String), patience])
  return `${name}: ${JSON.stringify(status)} ${lines.stderr}`
}

async function failed(error: unknown): Promise<void> {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  for (const peer of everybody) process.stderr.write(`${await wordOf(peer)}\n`)
}
