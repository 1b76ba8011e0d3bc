// A peer under siege: an attack, or many at once, while an honest member goes on asking and being answered. What each attacker came to, and what it cost.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import { nodeProgram } from '../e2e/bundle.ts'
import { LineProcess } from '../e2e/line-process.ts'
import { openLoopbackPeer } from '../e2e/loopback-peer.ts'
import type { Attack, Siege } from './siege-attacks.ts'
import type { Notes, VictimCommands } from './siege-victim.ts'

export interface SiegeReport {
  readonly ends: readonly AttackEnd[]
  /** Of the victim's process: megabytes that it had more at the highest and, after all, in the end. */
  readonly mostMB: number
  readonly leftMB: number
  /** How long the honest member waited for answers, sorted. */
  readonly answersMs: readonly number[]
  /** The honest member lost the victim, or was lost, so often. */
  readonly losses: number
  /** Lines that a log of the victim's errors would have. */
  readonly logged: readonly string[]
}

export interface AttackEnd {
  readonly name: string
  readonly by: Attack['by']
  /** From its beginning until it was cut off; null if it was not in time. */
  readonly cutOffMs: number | null
  /** What the victim noted of why, if it can have noted it. */
  readonly reason: string | undefined
}

const DOCUMENT = 'notes'
const PATIENCE_MS = 60_000
const MEET_MS = 5_000
const LOOK_MS = 500
const ASK_MS = 100

type Call = <C extends keyof VictimCommands>(
  command: C,
  argument?: Parameters<VictimCommands[C]>[0],
) => Promise<Awaited<ReturnType<VictimCommands[C]>>>

export async function besiege(attacks: readonly Attack[]): Promise<SiegeReport> {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-siege-'))
  const [node = '', ...program] = await nodeProgram('../field/siege-victim.ts')
  const victim = new LineProcess([node, '--expose-gc', ...program], { name: 'the victim' })
  const attacker = new LineProcess(await nodeProgram('../field/siege-attacker.ts'), { name: 'the attackers' })
  const call: Call = (command, argument = {} as never) => victim.call(command, argument) as never
  let honest: Peer | undefined
  try {
    const { ticket, addresses } = await call('open', { path: join(folder, 'ada'), document: DOCUMENT })
    honest = await openLoopbackPeer({ path: join(folder, 'ben'), name: 'Ben' })
    const space = await honest.join(ticket)
    const notes = await space.open<Notes>(DOCUMENT)
    await space.met({ timeoutMs: 20_000 })
    let losses = 0
    space.status.subscribe(({ peers }) => {
      if (peers.some(({ name, connected }) => name === 'Ada' && !connected)) losses++
    })
    const siege: Siege = {
      ticket,
      address: addresses.find((one) => /\/tcp\/\d+\/p2p/.test(one)) ?? '',
      document: DOCUMENT,
    }
    await ask(notes, 'before')
    const before = await call('weigh')
    const over = new AbortController()
    const [ends, answers, highestMB] = await Promise.all([
      attackAll(attacks, (attack) => endOf(attack, siege, attacker, call), call).finally(() => over.abort()),
      keepAsking(notes, over.signal),
      keepWeighing(call, over.signal),
    ])
    const answersMs = answers.sort((a, b) => a - b)
    const mostMB = highestMB - before.residentMB
    const after = await call('weigh')
    return { ends, mostMB, leftMB: after.usedMB - before.usedMB, answersMs, losses, logged: await call('logged') }
  } finally {
    await honest?.close()
    await Promise.all([victim.kill(), attacker.kill()])
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Members first, and the others once those are in session: the port may be too busy for them then. */
async function attackAll(
  attacks: readonly Attack[],
  endOf: (attack: Attack) => Promise<AttackEnd>,
  call: Call,
): Promise<readonly AttackEnd[]> {
  const [members, others] = [true, false].map((is) => attacks.filter(({ by }) => (by === 'a member') === is))
  const ends = (members ?? []).map(endOf)
  const deadline = performance.now() + MEET_MS
  while ((await call('contacts', {})) <= ends.length && performance.now() < deadline) await pause(ASK_MS)
  return Promise.all([...ends, ...(others ?? []).map(endOf)])
}

async function endOf(attack: Attack, siege: Siege, attacker: LineProcess, call: Call): Promise<AttackEnd> {
  const { name, by, reason } = attack
  const beganAt = performance.now()
  const names = await Promise.race([attacker.call('run', { name, siege }), pause(PATIENCE_MS)])
  if (names === undefined) return { name, by, cutOffMs: null, reason: undefined }
  const cutOffMs = Math.round(performance.now() - beganAt)
  const noted = reason === undefined ? [] : await call('noted', { names: names as string[] })
  return { name, by, cutOffMs, reason: noted.findLast((line) => reason?.test(line)) }
}

/** Asks and waits for the answer, again and again; gives how long each took. */
async function keepAsking(notes: DocHandle<Notes>, over: AbortSignal): Promise<number[]> {
  const answersMs: number[] = []
  for (let i = 0; !over.aborted; i++) {
    answersMs.push(await ask(notes, String(i)))
    await pause(ASK_MS)
  }
  return answersMs
}

async function ask(notes: DocHandle<Notes>, question: string): Promise<number> {
  const askedAt = performance.now()
  notes.change((d) => void (d.asked = question))
  while (notes.value.answered !== question) {
    if (performance.now() - askedAt > PATIENCE_MS) throw new Error(`no answer to ${question} within ${PATIENCE_MS} ms`)
    await pause(2)
  }
  return performance.now() - askedAt
}

/** The most that the process had, in megabytes. */
async function keepWeighing(call: Call, over: AbortSignal): Promise<number> {
  let mostMB = 0
  while (!over.aborted) {
    mostMB = Math.max(mostMB, (await call('weigh')).residentMB)
    await pause(LOOK_MS)
  }
  return mostMB
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
