// What a user gets: the packed tarball, checked by the tools of the trade, installed in an empty folder, compiled, run in
// Node and, bundled by Vite, in Chromium. It reads dist, which `npm test` builds before.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { transformSync } from 'esbuild'
import { chromium } from 'playwright'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumArgs, findChromium } from '../.ci/chromium.mjs'
import { root } from './setup/sources.ts'

const packagesMax = 150
const sizeMaxMB = 80

const run = promisify(execFile)
const tool = (name: string): string => join(root, 'node_modules/.bin', name)
const read = (path: string): string => readFileSync(path, 'utf8')
const ours = JSON.parse(read(join(root, 'package.json')))

const folder = mkdtempSync(join(tmpdir(), 'joinery-consumer-'))
let tarball = ''
let packed: readonly { readonly path: string; readonly size: number }[] = []

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  })
  const [made] = JSON.parse(stdout)
  packed = made.files
  tarball = join(folder, made.filename)
  console.log(`${made.filename}: ${kB(made.size)} packed, ${kB(made.unpackedSize)} unpacked\n${listing()}`)

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await npmInstall(tarball)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the tarball holds what package.json names, and nothing that is not meant to travel', () => {
  const paths = packed.map(({ path }) => path)
  const stray = paths.filter((path) => !/^(dist\/|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/.test(path))
  expect(stray).toEqual([])
  const named = JSON.stringify([ours.exports, ours.bin]).match(/(?<=\.\/|")dist\/[^"]+/g) ?? []
  expect(named.filter((path) => !paths.includes(path))).toEqual([])
  const licences = paths.filter((path) => path.endsWith('vendor/webrtc/LICENSE'))
  expect(licences, 'what is copied in keeps its licence').toHaveLength(2)
})

test('publint has nothing to say', async () => {
  const { messages, pkg } = await publint({
    pkgDir: join(folder, 'node_modules/joinery'),
    level: 'warning',
    pack: false,
  })
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
})

test('the types are right for every way to import them', async () => {
  const problems = await run(tool('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], { cwd: folder }).then(
    () => '',
    ({ stdout }) => stdout,
  )
  expect(problems).toBe('')
})

test(`a user gets at most ${packagesMax} packages and ${sizeMaxMB} MB, and no script that runs at install`, () => {
  const { packages } = JSON.parse(read(join(folder, 'node_modules/.package-lock.json')))
  const entries: { hasInstallScript?: boolean }[] = Object.values(packages)
  const sizeMB = sizeBytes(join(folder, 'node_modules')) / 1e6
  console.log(`a user gets ${entries.length} packages, ${sizeMB.toFixed(1)} MB`)
  expect(entries.length).toBeLessThanOrEqual(packagesMax)
  expect(sizeMB).toBeLessThanOrEqual(sizeMaxMB)
  expect(entries.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([])
})

test('what dist imports is declared, and what is declared is imported', () => {
  const imported = new Set(
    modulesBeneath(join(root, 'dist'))
      .flatMap((path) => bareImports(path))
      .map(packageOf),
  )
  for (const name of imported) if (name.startsWith('node:')) imported.delete(name)
  expect([...imported].sort()).toEqual(Object.keys(ours.dependencies).sort())
})

test.each([
  ['doc', 'node'],
  ['doc', 'browser'],
  ['lattice', 'node'],
  ['lattice', 'browser'],
  ['reconcile', 'node'],
  ['reconcile', 'browser'],
])('joinery/%s for %s reaches no libp2p and no node: module', (entry, platform) => {
  const reached = reach(join(root, 'dist', platform, `${entry}.js`))
  expect(reached.filter((name) => /^node:|libp2p|multiformats|\/(net|store|peer|auth)\//.test(name))).toEqual([])
})

test('the package is MIT and speaks of no machine it was made on', () => {
  expect(ours.license).toBe('MIT')
  const telling = packed.filter(({ path }) => /(\/home\/|\/root\/|\/work\/|\/tmp\/[a-z])/.test(read(join(root, path))))
  expect(telling.map(({ path }) => path)).toEqual([])
})

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'a strict program compiles with module %s and resolution %s, libraries checked too',
  async (module, moduleResolution) => {
    await npmInstall(`@types/node@${ours.devDependencies['@types/node']}`)
    writePrograms()
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2024',
      skipLibCheck: false,
      types: ['node'],
      module,
      moduleResolution,
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.ts', 'subpaths.ts'] }),
    )
    const { stdout } = await run(tool('tsc'), ['-p', folder]).catch((error) => error)
    expect(stdout).toBe('')
  },
)

test('the program runs in Node, and ends by itself', async () => {
  writePrograms()
  const { stdout, stderr } = await run(process.execPath, ['program.js'], { cwd: folder, timeout: 60_000 })
  expect(stdout).toMatch(/^\[ \{ (name: 'milk', done: false|done: false, name: 'milk') \} \]\n$/)
  expect(stderr).toBe('')
})

test('a page, bundled by Vite, runs in Chromium and joins a peer in Node', async () => {
  writePrograms()
  const bundle = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn']
  await run(process.execPath, bundle, { cwd: folder })
  await using server = await serve(join(folder, 'dist'))
  await using host = await start('host.js')
  const executablePath = await findChromium()
  await using browser = await chromium.launch({ args: chromiumArgs, ...(executablePath ? { executablePath } : {}) })
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${server.address}#${host.firstLine}`)
  await page
    .waitForFunction(() => document.querySelector('pre')?.textContent, undefined, { timeout: 40_000 })
    .catch(() => {})
  expect([complaints, await page.textContent('pre')]).toEqual([[], 'milk'])
})

// --- the consumer ---

/** The program that shows the whole API, for the compiler and for Node; one that imports everything; and a page. */
function writePrograms(): void {
  const program = read(join(root, 'test/docs/program.ts'))
  const { code } = transformSync(program, { loader: 'ts', format: 'esm', target: 'es2022' })
  const subpaths = Object.keys(ours.exports).filter((name) => !name.endsWith('.json'))
  const imports = subpaths.map((name, index) => `import * as m${index} from 'joinery${name.slice(1)}'`)
  writeFileSync(join(folder, 'program.ts'), program)
  writeFileSync(join(folder, 'program.js'), `${code}\nawait otherPeer.close()\n`)
  writeFileSync(
    join(folder, 'subpaths.ts'),
    `${imports.join('\n')}\nexport const all = [${imports.map((_, i) => `m${i}`)}]\n`,
  )
  writeFileSync(
    join(folder, 'host.js'),
    `import { openPeer } from 'joinery'
     const peer = await openPeer({ path: './host' })
     const space = await peer.space('Family')
     const list = await space.open('groceries', { init: { items: [] } })
     list.change((d) => { d.items.push({ name: 'milk', done: false }) })
     await list.settled()
     console.log(await space.invite())
     process.stdin.resume().on('end', () => peer.close())`,
  )
  writeFileSync(join(folder, 'index.html'), '<!doctype html><pre></pre><script type="module" src="./page.js"></script>')
  writeFileSync(
    join(folder, 'page.js'),
    `import { openPeer } from 'joinery'
     const peer = await openPeer()
     const space = await peer.join(location.hash.slice(1))
     await space.met({ timeoutMs: 30_000 })
     const list = await space.open('groceries')
     document.querySelector('pre').append(list.value.items.map((item) => item.name).join())
     await peer.close()`,
  )
}

/** A folder as a site on this machine. */
async function serve(site: string): Promise<AsyncDisposable & { readonly address: string }> {
  const types: Record<string, string> = { '.js': 'text/javascript', '.html': 'text/html' }
  const server = createServer((request, response) => {
    const path = join(site, request.url === '/' ? 'index.html' : (request.url ?? ''))
    const headers = { 'content-type': types[extname(path)] ?? 'application/octet-stream' }
    if (existsSync(path)) response.writeHead(200, headers).end(readFileSync(path))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { address: `http://localhost:${port}/`, [Symbol.asyncDispose]: async () => void server.close() }
}

/** A program of the consumer that prints a line and runs until its input ends. */
async function start(program: string): Promise<AsyncDisposable & { readonly firstLine: string }> {
  const child = spawn(process.execPath, [program], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [firstLine = ''] = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => [])])
  return {
    firstLine,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      await ended
    },
  }
}

function npmInstall(what: string): Promise<unknown> {
  return run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--save', what], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  })
}

// --- reading dist ---

const specifier = /(?:\bfrom|^import|\bimport\() ?['"]([^'"\n]+)['"]/gm

function modulesBeneath(path: string): string[] {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /\.(js|d\.ts)$/.test(name) && !/^(notes|playground)/.test(name))
    .map((name) => join(path, name))
}

function specifiersOf(path: string): string[] {
  const code = read(path).replace(/^\s*(\/\*|\*|\/\/).*$/gm, '')
  return [...code.matchAll(specifier)].map(([, name = '']) => name)
}

function bareImports(path: string): string[] {
  return specifiersOf(path).filter((name) => !name.startsWith('.'))
}

function packageOf(specifier: string): string {
  return specifier.startsWith('node:') ? specifier : (/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)
}

/** Every module a file needs, ours as paths, others by name. */
function reach(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return []
  seen.add(path)
  for (const name of specifiersOf(path)) {
    if (name.startsWith('.')) reach(join(dirname(path), name), seen)
    else seen.add(name)
  }
  return [...seen]
}

// --- sizes ---

function sizeBytes(path: string): number {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.map((name) => statSync(join(path, name))).reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}

function listing(): string {
  return packed.map(({ path, size }) => `${kB(size).padStart(10)}  ${path}`).join('\n')
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
