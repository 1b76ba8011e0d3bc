// Whether simulated worlds see anything: each fault is put into a copy of the engine, and must be found within so many seeds.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutated } from '../../fuzz/mutants.ts'
import { type Fault, faults } from './patches.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Whether all were found, of those whose name has `wanted` in it. */
export function findMutants(seeds: number, wanted: string): boolean {
  const found = faults
    .filter(({ name }) => name.includes(wanted))
    .map((fault) => {
      const start = performance.now()
      const how = simulated(fault, seeds)
      console.log(
        `${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${fault.name}\n        ${how ?? 'NOT FOUND'}`,
      )
      return how !== undefined
    })
  console.log(`${found.filter(Boolean).length} of ${found.length} faults were found within ${seeds} seeds each`)
  return found.every(Boolean)
}

/** The seed that shows it, and what was violated there. */
function simulated({ name, edits }: Fault, seeds: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-mutant-'))
  try {
    for (const part of ['src', 'test/sim', 'test/fuzz', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const edit of edits) writeFileSync(join(folder, edit.file), mutated({ name, ...edit }, folder))
    const flags = ['--experimental-strip-types', '--no-warnings']
    const args = [...flags, join(folder, 'test/sim/run.ts'), '--brief', '--seeds', String(seeds)]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    if (status === 0) return undefined
    return /^seed \d+: .*$/m.exec(stdout)?.[0].slice(0, 200) ?? `crashed: ${stderr.slice(0, 200)}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
