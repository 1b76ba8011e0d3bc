// The prose keeps its promises: every program in README.md compiles and runs, and so does every docstring's example.
//
// A block of ```ts that imports openPeer is a program: it runs by itself in an empty folder, on dist. Any other block, and
// every @example, is a fragment: it runs among the names of test/docs/scope.ts. Those of browsers' files only compile.

import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transformSync } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import { errorCodes } from '../src/base/errors.ts'
import { scopeNames, typeNames, withScope } from './docs/scope.ts'
import { files, root } from './setup/sources.ts'

interface Snippet {
  readonly name: string
  readonly code: string
}

const output = join(root, 'test/output/docs')
const folder = mkdtempSync(join(tmpdir(), 'joinery-docs-'))
rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = [...files('.', /^README\.md$/, 1), ...files('src', /\.md$/), ...files('examples', /\.md$/)].flatMap(
  blocksOf,
)
const programs = blocks.filter(({ code }) => /\bimport \{[^}]*\bopenPeer\b/.test(code))
const fragments = [...blocks.filter((block) => !programs.includes(block)), ...files('src', /\.ts$/).flatMap(examplesOf)]

for (const [index, fragment] of fragments.entries()) write(`fragment-${index}.ts`, asModule(fragment))
for (const [index, program] of programs.entries()) write(`program-${index}.ts`, program.code)

test('every program and example compiles', () => {
  const tsconfig = { extends: '../../../tsconfig.json', include: ['*.ts'], exclude: [] }
  write('tsconfig.json', JSON.stringify(tsconfig))
  const named = (text: string): string =>
    text
      .replace(/^.*fragment-(\d+)\.ts/gm, (_, index) => fragments[index]?.name ?? '')
      .replace(/^.*program-(\d+)\.ts/gm, (_, index) => programs[index]?.name ?? '')
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', output, '--pretty', 'false'], { encoding: 'utf8' })
  } catch (error) {
    expect.unreachable(named((error as { stdout: string }).stdout))
  }
})

test('the README has a row for every error code, and for no other', () => {
  const readme = files('.', /^README\.md$/, 1)[0]?.text ?? ''
  const table = readme.slice(readme.indexOf('| code | meaning'), readme.indexOf('## What is not built yet'))
  const rows = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, codes = '']) => codes)
  expect(rows.flatMap((codes) => codes.replaceAll('`', '').split(', ')).sort()).toEqual([...errorCodes].sort())
})

const inNode = fragments
  .map(({ name }, index) => [name, index] as const)
  .filter(([name]) => !/browser|indexeddb/.test(name))

test.each(inNode)('%s does as it says', async (_, index) => {
  const { default: fragment } = await import(join(output, `fragment-${index}.ts`))
  await withScope(folder, fragment)
})

test.each(programs.map((program) => [program.name, program] as const))('%s runs by itself', async (_, program) => {
  const { code } = transformSync(program.code, { loader: 'ts', format: 'esm', target: 'es2022' })
  const path = join(output, `${program.name.replace(/\W+/g, '-')}.mjs`)
  writeFileSync(path, `${code}\nprocess.exit(0)\n`)
  const cwd = mkdtempSync(join(folder, 'program-'))
  await promisify(execFile)(process.execPath, [path], { cwd, timeout: 60_000 })
})

function write(name: string, text: string): void {
  writeFileSync(join(output, name), text)
}

/** The TypeScript blocks of a page of prose. */
function blocksOf({ path, text }: { path: string; text: string }): Snippet[] {
  return [...text.matchAll(/^( *)```ts\n([\s\S]*?)^ *```/gm)].map(({ index, 1: indent = '', 2: code = '' }) => ({
    name: `${path}:${text.slice(0, index).split('\n').length}`,
    code: code.replaceAll(`\n${indent}`, '\n'),
  }))
}

/** The @example parts of a file's docstrings. */
function examplesOf({ path, text }: { path: string; text: string }): Snippet[] {
  return [...text.matchAll(/@example\b([\s\S]*?)(?=^\s*\* @|\*\/)/gm)].map(({ index, 1: code = '' }) => ({
    name: `${path}:${text.slice(0, index).split('\n').length}`,
    code: code.replace(/^\s*\* ?/gm, '').replace(/^```.*$/gm, ''),
  }))
}

/** A fragment as a module whose default export runs it among the names of the scope. */
function asModule({ code }: Snippet): string {
  const isImport = /^import .*$/gm
  return `import type { ${used(typeNames, code).join(', ')} } from 'joinery'
import type { Board, Groceries, Scope } from '../../docs/scope.ts'
${(code.match(isImport) ?? []).join('\n')}
export default async (scope: Scope): Promise<void> => {
  const { ${used(scopeNames, code).join(', ')} } = scope
  {
${code.replace(isImport, '')}
  }
}
`
}

/** Which of these names a fragment uses. Those that it imports itself are its own. */
function used(names: readonly string[], code: string): readonly string[] {
  const imported = (code.match(/^import .*$/gm) ?? []).join().replaceAll(/'[^']*'/g, '')
  const has = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text)
  return names.filter((name) => has(code, name) && !has(imported, name))
}
