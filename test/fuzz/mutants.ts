// Whether the fuzzer sees anything: faults are put into copies of the engine, one each, and each must be found within so many histories.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Mutant {
  readonly name: string
  readonly file: string
  /** Stands in the file once. */
  readonly from: string
  readonly to: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

export const mutants: readonly Mutant[] = [
  {
    name: 'ties go by the order of arrival',
    file: 'src/crdt/fugue-max.ts',
    from: 'return branch === theirs ? id < other : makers.compare(branch, theirs) < 0',
    to: 'return id < other',
  },
  {
    name: 'a delete is a yes, not a count',
    file: 'src/crdt/span-tree.ts',
    from: 'data[at + Field.hidden] = hiddenA + hidden',
    to: 'data[at + Field.hidden] = Math.max(0, Math.min(1, hiddenA + hidden))',
  },
  {
    name: 'what an author saw is read without revokes',
    file: 'src/crdt/tracker.ts',
    from: 'const offPrepare = prepare === 0 ? 0 : turn(this.#offPrepare, id, prepare)',
    to: 'const offPrepare = 0 * prepare',
  },
  {
    name: 'what waits is delivered by recursion',
    file: 'src/replica/intake.ts',
    from: 'for (const range of this.#buffer.take(actor, this.#host.heldOf(actor), stays).reverse()) work.push(range)',
    to: 'for (const range of this.#buffer.take(actor, this.#host.heldOf(actor), stays)) this.#step(range, work)',
  },
  {
    name: 'links that say nothing new are taken',
    file: 'src/replica/entering.ts',
    from: "if (parents.length < count) throw bad('a link is implied by another')",
    to: '',
  },
  {
    name: 'of what was set at once only the greatest is kept',
    file: 'src/crdt/engine/map-state.ts',
    from: 'if (loser !== undefined) this.others = withHead(this.others ?? [], loser)',
    to: '',
  },
  {
    name: 'slots have no generation',
    file: 'src/crdt/engine/context.ts',
    from: 'const code = slotCode(type, gen)',
    to: 'const code = slotCode(type, gen * 0)',
  },
  {
    name: 'the clears of a counter before the last one are forgotten',
    file: 'src/crdt/engine/counter-state.ts',
    from: 'const left = clears === undefined ? unseen : common(union(clears.left, [clears.lv, lv]), unseen)',
    to: 'const left = unseen',
  },
  {
    name: 'an emptied text is not told of a clear that had not seen all',
    file: 'src/crdt/engine/clearing.ts',
    from: 'const concerned = unseen.length === 0 ? before : [...slots.containers.values()]',
    to: 'const concerned = before',
  },
  {
    name: 'a remove-wins set forgets who removed',
    file: 'src/crdt/engine/set-state.ts',
    from: 'includes.length > 0 && member.excludes.length === 0',
    to: 'includes.length > 0',
  },
  {
    name: 'branches of a forked actor are ordered where the shorter ends',
    file: 'src/core/forks.ts',
    from: 'const end = this.difference(a, b)\n    return',
    to: 'const end = Math.min(this.#graph.endOf(a), this.#graph.endOf(b))\n    return',
  },
  {
    name: 'a cut is about one branch of a forked actor',
    file: 'src/crdt/cuts.ts',
    from: 'for (const branch of graph.familyOf(cut.branch)) off = union',
    to: 'for (const branch of [cut.branch]) off = union',
  },
  {
    name: 'of what waits for one another an actor has one branch',
    file: 'src/replica/circle.ts',
    from: 'return start !== undefined && this.#fork(range, start)',
    to: 'return false',
  },
  {
    name: 'what closes a circle is not seen to',
    file: 'src/replica/intake.ts',
    from: 'if (this.#keep(range) && this.#awaiting.has(actor)) this.#late.add(actor)',
    to: 'this.#keep(range)',
  },
  {
    name: 'who goes on elsewhere goes the short way to the wrong place',
    file: 'src/replica/strokes.ts',
    from: 'if (where === Where.jump) index += unzigzag(',
    to: 'if (where === Where.jump) index -= unzigzag(',
  },
]

/** Gives the names of those that were not found, if there are any. */
export function tryMutants(runs: number): string | undefined {
  const found = fuzzed({ name: 'none', file: 'package.json', from: '"name": "joinery"', to: '"name": "joinery"' }, 20)
  if (found !== undefined) return `without a fault something was found: ${found}`
  const missed: string[] = []
  for (const mutant of mutants) {
    const start = performance.now()
    const found = fuzzed(mutant, runs)
    console.log(`${found ?? 'NOT FOUND'}  ${((performance.now() - start) / 1000).toFixed(1)} s  ${mutant.name}`)
    if (found === undefined) missed.push(mutant.name)
  }
  return missed.length === 0 ? undefined : `${missed.length} faults were not found: ${missed.join('; ')}`
}

/** The file with its fault. Throws if there is no one place for it. */
export function mutated({ name, file, from, to }: Mutant, folder = root): string {
  const parts = readFileSync(join(folder, file), 'utf8').split(from)
  if (parts.length !== 2) throw new Error(`${name}: its text stands in ${file} ${parts.length - 1} times: name another`)
  return parts.join(to)
}

/** Where the fuzzer found it. */
function fuzzed(mutant: Mutant, runs: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-mutant-'))
  try {
    for (const part of ['src', 'test/fuzz', 'test/model', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const path = join(folder, mutant.file)
    writeFileSync(path, mutated(mutant, folder))
    const flags = ['--experimental-strip-types', '--no-warnings']
    const args = [...flags, join(folder, 'test/fuzz/run.ts'), '--brief', '--runs', String(runs)]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    if (status === 0) return undefined
    return /^\w+ \d+/m.exec(stdout)?.[0] ?? `crashed: ${stderr.split('\n').find((line) => /Error/.test(line))}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
