// The house rules that a machine can hold. Each message names the remedy.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { files, find, findInCode, imports, root, type SourceFile } from './setup/sources.ts'

/** What each layer may import besides itself. Files at the top of src are entries: they put the layers together. */
const pure = ['base', 'reconcile', 'core', 'crdt', 'lattice', 'replica', 'sync', 'auth', 'store', 'net']
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  reconcile: ['base'],
  core: ['base'],
  crdt: ['base', 'core'],
  lattice: ['base'],
  replica: ['base', 'core', 'crdt'],
  sync: ['base', 'reconcile', 'core'],
  auth: ['base', 'core'],
  store: ['base', 'core'],
  net: ['base'],
  peer: pure,
  testing: [...pure, 'peer'],
  cli: ['node.ts', 'base/errors.ts'],
}
const tops = ['node.ts', 'browser.ts', 'doc.ts', 'lattice.ts', 'reconcile.ts', 'testing.ts']
const entries = [...tops, 'cli/main.ts', 'store/indexeddb.ts', 'net/broadcast-channel.ts']
const invariants = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]

// Adapters meet the platform, so its timers, keys and chance are theirs to use.
const adapters = '(store|net)/(filesystem|indexeddb|libp2p|transports)'
const kept: readonly [what: string, text: RegExp, keptIn: string, remedy: string][] = [
  [
    'the clock',
    /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    `base/clock|cli/|${adapters}`,
    'take a Clock (base/clock.ts)',
  ],
  ['timers', /\bset(Timeout|Interval|Immediate)\(/, `base/clock|cli/|${adapters}`, 'take a Clock and use clock.after'],
  ['chance', /\bMath\.random\(|\bgetRandomValues\(|\brandom(UUID|Bytes)\(/, `base/random|${adapters}`, 'take a Random'],
  ['crypto', /\bcrypto\.subtle\b/, `auth/|${adapters}`, 'go through auth/'],
  ['the console', /\bconsole\./, 'cli/', 'take a Trace, or emit an error event'],
  ['the platform', /\btypeof (window|document|process|navigator)\b/, 'nowhere', 'write .browser.ts and .node.ts'],
  [
    'node:',
    /(from|import\() ?'node:/,
    String.raw`node\.ts|[^.]+\.node\.ts|store/filesystem/node-disk|cli/`,
    'move it to a .node.ts file',
  ],
]

const sources = files('src', /\.ts$/)
const tests = [...files('test', /\.(ts|mjs)$/), ...files('examples', /\.ts$/)].filter(({ path }) => !/tidy/.test(path))
const edges = imports(sources)

test('a layer imports only what stands before it', () => {
  const wrong = edges.filter(({ from, to }) => {
    const [, layer = '', ...rest] = from.split('/')
    const allowed = rest.length === 0 ? [''] : [layer, ...(mayImport[layer] ?? [])]
    return !allowed.some((start) => `${to}/`.startsWith(join('src', start, '/')))
  })
  expect(wrong.map(({ from, to }) => `${from} imports ${to}: move that code down, or hand it in as a value`)).toEqual(
    [],
  )
})

test('no file needs itself to load: imports of values make no cycle', () => {
  const needs = Map.groupBy(
    edges.filter(({ isType }) => !isType),
    ({ from }) => from,
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) cycles.push(`${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}: split one`)
    else if (!done.has(file)) for (const { to } of needs.get(file) ?? []) visit(to, [...trail, file])
    done.add(file)
  }
  for (const file of needs.keys()) visit(file, [])
  expect(cycles).toEqual([])
})

test.each(kept)('%s stands in src only where it is kept', (_, text, keptIn, remedy) => {
  const others = sources.filter(({ path }) => !new RegExp(`^src/(${keptIn})`).test(path))
  expect(findInCode(others, text).map((place) => `${place}: ${remedy}`)).toEqual([])
})

test('every file of src is reached from an entry', () => {
  const reached = new Set(entries.map((path) => `src/${path}`))
  for (const file of reached) for (const { to } of edges.filter(({ from }) => from === file)) reached.add(to)
  const unreached = sources.map(({ path }) => path).filter((path) => !reached.has(path))
  expect(unreached, `export it from src/${tops.join(', ')}, or delete it`).toEqual([])
})

test('every invariant is named where it is kept and where it is tested', () => {
  const uncited = (list: readonly SourceFile[]): readonly number[] => {
    const named = list.flatMap(({ text }) => text.match(/\bInvariants? \d+((, | and )\d+)*/gi) ?? [])
    const cited = new Set(named.flatMap((words) => words.match(/\d+/g) ?? []).map(Number))
    return invariants.filter((number) => !cited.has(number))
  }
  expect({ src: uncited(sources), test: uncited(tests) }, 'write "Invariant N" there').toEqual({ src: [], test: [] })
})

test.each([
  ['a test that runs alone', /\b(test|it|describe)\.only\b/, 'run the others too'],
  ['a TODO without its issue', /\bTODO\b(?! #\d)/, 'write TODO #issue'],
  ['code in a comment', /^\s*\/\/ *(const|let|import|return|await) .*[;({]$/, 'delete code that sleeps in a comment'],
])('%s stands nowhere', (_, text, remedy) => {
  expect(find([...sources, ...tests], text).map(({ place }) => `${place}: ${remedy}`)).toEqual([])
})

test('every path that a page of prose names is there', () => {
  const folders = ['src', 'test', 'examples'].flatMap((folder) => files(folder, /\.md$/))
  const missing = [...files('.', /\.md$/, 1), ...folders].flatMap(({ path, text }) => {
    const named = [...text.matchAll(/`((?:src|test|examples|\.ci)\/[\w./-]*)`/g)].map(([, to = '']) => to)
    // The map of src names files by their layer.
    const inSrc = /`((?!joinery|src|test|examples)[a-z]+\/[\w./-]*)`/g
    const layered = path === 'src/README.md' ? [...text.matchAll(inSrc)].map(([, to = '']) => join('src', to)) : []
    const linked = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, to = '']) => join(dirname(path), to))
    return [...named, ...layered, ...linked]
      .filter((to) => !existsSync(join(root, to)))
      .map((to) => `${path} names ${to}: mend it`)
  })
  expect(missing).toEqual([])
})
