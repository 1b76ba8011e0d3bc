// A peer on real files is killed with SIGKILL, again and again, while it opens, or writes into several documents and compacts them. After each kill it is
// opened again and must hold what it had acknowledged, and all that another member saw; then it meets that member, and the two must come to agree.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { libp2pNetwork, openPeer } from '../../src/node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { nodeProgram } from '../e2e/bundle.ts'
import { LineProcess } from '../e2e/line-process.ts'
import { type Book, digestOf, type Opened, openBook, type Pages } from './books.ts'

export interface KillingOptions {
  readonly kills: number
  readonly seed: number
  /** Told now and then how far it is. */
  readonly progress?: (line: string) => void
}

export interface Killed {
  readonly kills: number
  /** Of these, before the store was open. */
  readonly killsWhileOpening: number
  readonly made: number
  readonly acknowledged: number
  /** At each kill: edits that were made and not acknowledged yet, and how long the oldest of them had waited. */
  readonly unacknowledged: readonly { readonly edits: number; readonly ms: number }[]
  /** Of the edits made and not acknowledged: those that were there again. */
  readonly survived: number
  readonly documents: number
}

const documentsAtOnce = 5
/** Lives that write into the same documents: then others are begun, so that a life's check does not grow with the run. */
const livesOfABook = 40
const write = { leastMs: 5, mostMs: 120 }
const openingShare = 0.1
const openingMs = 600
const patienceMs = 60_000

export class KillFailure extends Error {}

/** Errors: KillFailure with what was lost, and the seed. */
export async function killAgainAndAgain(options: KillingOptions): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-crash-'))
  const peer = await openPeer({ store: 'memory', network: libp2pNetwork({ host: '127.0.0.1', mdns: false }) })
  const space = await peer.space('Watched')
  const killing = new Killing(options, {
    program: await nodeProgram('../crash/writer.ts'),
    path: join(folder, 'peer'),
    witness: await Witness.open(peer, space),
  })
  try {
    return await killing.run()
  } finally {
    await killing.end()
    await peer.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The member that sees all that is published, and remembers. */
class Witness {
  readonly ticket: string
  readonly errors: string[] = []
  readonly #space: Space
  readonly #books = new Map<string, DocHandle<Pages>>()

  private constructor(peer: Peer, space: Space, ticket: string) {
    this.#space = space
    this.ticket = ticket
    peer.on('error', ({ code, message }) => this.errors.push(`${code}: ${message}`))
  }

  static async open(peer: Peer, space: Space): Promise<Witness> {
    return new Witness(peer, space, await space.invite())
  }

  async follow(name: string): Promise<void> {
    if (!this.#books.has(name)) this.#books.set(name, await openBook(this.#space, name))
  }

  book(name: string): Book {
    return this.#books.get(name)?.value ?? { entries: [], count: 0 }
  }

  get names(): readonly string[] {
    return [...this.#books.keys()]
  }
}

interface Edit {
  readonly entry: string
  readonly atMs: number
}

/** One life of the writer: what it told. */
class Life {
  readonly made = new Map<string, Edit>()
  readonly settled = new Set<string>()
  readonly errors: string[] = []
  readonly child: LineProcess

  constructor(program: readonly string[]) {
    this.child = new LineProcess(program, { name: 'writer', onEvent: (event) => this.#hear(event) })
  }

  call(command: string, argument: unknown = {}): Promise<unknown> {
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`${command} took over ${patienceMs} ms`)), patienceMs)
      this.child.exited.then(() => clearTimeout(timer))
    })
    late.catch(() => {}) // Mostly nobody waits for it any more.
    return Promise.race([this.child.call(command, argument), late])
  }

  #hear(event: Record<string, unknown>): void {
    const { made, settled, error } = event
    if (typeof made === 'string') this.made.set(made, { entry: made, atMs: performance.now() })
    if (typeof settled === 'string') this.settled.add(settled)
    if (typeof error === 'string') this.errors.push(error)
  }
}

interface Parts {
  readonly program: readonly string[]
  readonly path: string
  readonly witness: Witness
}

class Killing {
  readonly #options: KillingOptions
  readonly #parts: Parts
  readonly #random: Random
  readonly #acknowledged = new Set<string>()
  readonly #unacknowledged: { edits: number; ms: number }[] = []
  /** Made and not acknowledged in the last life: the next one tells which of them are there. */
  #open: readonly string[] = []
  #made = 0
  #survived = 0
  #acknowledgedCount = 0
  #killsWhileOpening = 0
  #life: Life | undefined
  #current: readonly string[] = []
  /** What documents amounted to that are not written in any more. */
  readonly #finished = new Map<string, string>()

  constructor(options: KillingOptions, parts: Parts) {
    this.#options = options
    this.#parts = parts
    this.#random = seededRandom(options.seed)
  }

  async run(): Promise<Killed> {
    const { kills, progress } = this.#options
    for (let run = 0; run < kills; run++) {
      try {
        await this.#turnPage(run)
        await this.#oneLife(run)
      } catch (cause) {
        throw this.#failure(run, cause)
      }
      if (progress !== undefined && (run + 1) % 50 === 0)
        progress(`${run + 1} kills, ${this.#acknowledgedCount} edits acknowledged, 0 of them lost, 0 forks`)
    }
    try {
      await this.#lastLife()
    } catch (cause) {
      throw this.#failure(kills, cause)
    }
    return {
      kills,
      killsWhileOpening: this.#killsWhileOpening,
      made: this.#made,
      acknowledged: this.#acknowledgedCount,
      unacknowledged: this.#unacknowledged,
      survived: this.#survived,
      documents: this.#parts.witness.names.length,
    }
  }

  end(): Promise<void> {
    return this.#life?.child.kill() ?? Promise.resolve()
  }

  /** Every so many lives other documents are written in. What the former hold is agreed by now, and must stay so. */
  async #turnPage(run: number): Promise<void> {
    if (run % livesOfABook !== 0) return
    const { witness } = this.#parts
    if (run > 0) {
      const life = await this.#begin(run, 'whole')
      await this.#agree(life)
      await this.#kill(life)
      for (const name of this.#current) this.#finished.set(name, digestOf(witness.book(name)))
      this.#acknowledged.clear()
    }
    this.#current = Array.from({ length: documentsAtOnce }, (_, i) => `book ${run / livesOfABook}.${i}`)
    for (const name of this.#current) await witness.follow(name)
  }

  async #oneLife(run: number): Promise<void> {
    // Some are killed while they open: what recovery had begun, the next one must be able to begin again.
    if (this.#random.unit() < openingShare) {
      const life = await this.#begin(run, 'opening')
      await wait(this.#random.unit() * openingMs)
      await this.#kill(life)
      this.#killsWhileOpening++
      return
    }
    const life = await this.#begin(run, 'whole')
    await this.#agree(life)
    await life.call('write', { run })
    await until(() => life.settled.size > 0)
    await wait(write.leastMs + this.#random.unit() * (write.mostMs - write.leastMs))
    await this.#kill(life)
  }

  async #lastLife(): Promise<void> {
    const life = await this.#begin(this.#options.kills, 'whole')
    await this.#agree(life)
    await this.#kill(life)
  }

  async #begin(run: number, how: 'whole' | 'opening'): Promise<Life> {
    const { program, path, witness } = this.#parts
    const life = new Life(program)
    this.#life = life
    const opening = life.call('open', { path, ticket: witness.ticket, current: this.#current }) as Promise<Opened>
    if (how === 'opening') {
      opening.catch(() => {}) // It is killed meanwhile.
      return life
    }
    const { spaces, current, others } = await opening
    expect(run === 0 || spaces === 1, `it belongs to ${spaces} spaces`)
    this.#expectHeld(current)
    for (const [name, digest] of this.#finished) expect(others[name] === digest, `"${name}" is another one than it was`)
    return life
  }

  /** What was settled is there, what was seen outside is there, each once, and no change is there by half. */
  #expectHeld(current: Opened['current']): void {
    const held = new Set<string>()
    for (const [name, { entries, count }] of Object.entries(current)) {
      const own = entries.map(nameOf)
      expect(new Set(own).size === own.length, `an entry of "${name}" is there twice`)
      expect(own.length === Number(count), `"${name}" has ${own.length} entries and counted ${count}`)
      for (const entry of own) held.add(entry)
      const unseen = this.#parts.witness
        .book(name)
        .entries.map(nameOf)
        .filter((entry) => !held.has(entry))
      expect(unseen.length === 0, `seen outside, and gone from "${name}": ${unseen}`)
    }
    const lost = [...this.#acknowledged].filter((entry) => !held.has(entry))
    expect(lost.length === 0, `acknowledged, and gone: ${lost}`)
    this.#survived += this.#open.filter((entry) => held.has(entry)).length
    this.#open = []
  }

  /** It meets the member that saw everything published: a seq that was used twice would be a fork now. */
  async #agree(life: Life): Promise<void> {
    const books = (await life.call('agree')) as Opened['current']
    const { witness } = this.#parts
    await until(() => this.#current.every((name) => digestOf(witness.book(name)) === digestOf(books[name] ?? empty)))
    expect(life.errors.length === 0, `it told of errors: ${life.errors}`)
    expect(witness.errors.length === 0, `the witness told of errors: ${witness.errors}`)
  }

  async #kill(life: Life): Promise<void> {
    const atMs = performance.now()
    await life.child.kill()
    this.#life = undefined
    const open = [...life.made.values()].filter(({ entry }) => !life.settled.has(entry))
    const oldest = open[0]?.atMs ?? atMs
    if (life.made.size > 0) this.#unacknowledged.push({ edits: open.length, ms: Math.max(0, atMs - oldest) })
    this.#open = open.map(({ entry }) => entry)
    this.#made += life.made.size
    this.#acknowledgedCount += life.settled.size
    for (const entry of life.settled) this.#acknowledged.add(entry)
    expect(life.errors.length === 0, `it told of errors: ${life.errors}`)
  }

  #failure(run: number, cause: unknown): KillFailure {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new KillFailure(`after ${run} kills (--seed ${this.#options.seed}): ${why}`, { cause })
  }
}

const empty: Book = { entries: [], count: 0 }

/** Large entries begin with their name. */
function nameOf(entry: string): string {
  const end = entry.indexOf(' ')
  return end < 0 ? entry : entry.slice(0, end)
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new KillFailure(otherwise)
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!isTrue()) {
    if (performance.now() > deadline) throw new KillFailure(`not so after ${patienceMs} ms`)
    await wait(2)
  }
}
