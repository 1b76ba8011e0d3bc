// The program that fixes the public names, verbatim: it compiles under `tsc --strict`, and runs in an empty folder with everything real.

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import { root } from '../setup/sources.ts'

const program = readFileSync(join(root, 'test/docs/program.ts'), 'utf8')
const output = join(root, 'test/output/openpeer')
const cwd = mkdtempSync(join(tmpdir(), 'joinery-openpeer-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

mkdirSync(output, { recursive: true })
writeFileSync(join(output, 'program.ts'), program)

test('the program of the public API passes tsc --strict', () => {
  const compilerOptions = { strict: true, noUnusedLocals: false }
  writeFileSync(
    join(output, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tsconfig.json',
      compilerOptions,
      files: ['program.ts'],
      include: [],
      exclude: [],
    }),
  )
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', output, '--pretty', 'false'], { encoding: 'utf8' })
  } catch (error) {
    expect.unreachable((error as { stdout: string }).stdout)
  }
})

test('it runs, in an empty folder: files, a listening network, an invitation taken, a document deleted', async () => {
  const outfile = join(output, 'program.mjs')
  await build({
    // It leaves its second peer open, as programs may: the end of the test is the end of it.
    stdin: { contents: `${program}\nprocess.exit(0)\n`, resolveDir: output, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: ['node-datachannel'],
    alias: { joinery: join(root, 'src/node.ts') },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  })
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [outfile], { cwd, timeout: 60_000 })
  expect(stdout).toMatch(/^\[ \{.*name: 'milk'.*\} \]\n$/)
  expect(stderr).toBe('')
  expect(existsSync(join(cwd, '.joinery'))).toBe(true)
  expect(existsSync(join(cwd, 'other'))).toBe(true)
}, 60_000)
