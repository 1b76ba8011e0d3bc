// Brings a fresh clone to where it can run, and does nothing where nothing is missing. Needs no package and any Node from 18 on.
//
//   node .ci/setup.mjs [install] [build] [browser]       `npm start` and `npm test` call it; `rebuild` builds in any case
//
// install   the packages, and a Node of 22.12 or newer as node_modules/.bin/node if the running one is older
// build     dist, if a source is newer than the last whole build
// browser   Chromium (and ip and nft, where they can be had) for the tests
//
// What is done is noted in node_modules/.setup, only once it is whole; a lock there keeps two runs apart.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium, onPath } from './chromium.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules/.bin')
const notes = join(root, 'node_modules/.setup')
const isWindows = process.platform === 'win32'
const oldestNode = [22, 12]

const parts = { install, build, rebuild, browser }
const asked = process.argv.slice(2)
const unknown = asked.find((name) => !Object.hasOwn(parts, name))
if (unknown !== undefined)
  fail(`"${unknown}" is not a part of the set-up; there are: ${Object.keys(parts).join(', ')}.`)

lock()
for (const name of asked.length > 0 ? asked : ['install', 'build']) await parts[name]()

// --- the parts ---

function install() {
  if (read('installed') === hash() && isNodeGood()) return
  forget('installed')
  say('Installing packages …')
  npm(root, 'the packages')
  if (!isNew(process.versions.node)) installNode()
  if (isWindows) fs.writeFileSync(join(bin, 'exec.cmd'), '@%*\r\n') // `npm start` uses the shell's exec; cmd has none.
  note('installed', hash()) // Of what stands now: npm may have mended the lock file.
}

function installNode() {
  say(`Fetching a newer Node for this project alone (this one is ${process.versions.node}) …`)
  const home = join(root, '.ci/node')
  npm(home, 'a newer Node')
  const modules = join(home, 'node_modules')
  const found = (fs.existsSync(modules) ? fs.readdirSync(modules) : [])
    .map((name) => join(modules, name, 'bin', isWindows ? 'node.exe' : 'node'))
    .find((path) => fs.existsSync(path))
  if (!found)
    fail(
      `There is no Node for ${process.platform}-${process.arch} to fetch. Install Node 22.12 or newer from nodejs.org.`,
    )
  fs.chmodSync(found, 0o755)
  const link = join(bin, isWindows ? 'node.exe' : 'node')
  fs.rmSync(link, { force: true })
  if (isWindows) fs.copyFileSync(found, link)
  else fs.symlinkSync(found, link)
}

function build() {
  const inputs = [
    'src',
    'examples',
    'rollup.config.mjs',
    '.ci/page.mjs',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
  ]
  const builtMs = mtimeMs(join(notes, 'built'))
  const isWhole = fs.existsSync(join(root, 'dist/node/cli/main.js'))
  if (!isWhole || inputs.some((name) => newestMs(join(root, name)) > builtMs)) rebuild()
}

function rebuild() {
  const started = new Date()
  forget('built')
  say('Building …')
  fs.rmSync(join(root, 'dist'), { recursive: true, force: true })
  run('rollup', ['-c', '--silent'], 'The build failed.')
  run('tsc', ['-p', 'tsconfig.build.json'], 'The declarations could not be made.')
  run('node', ['.ci/page.mjs'], 'The page could not be built.')
  run('node', ['.ci/sizes.mjs'], 'The sizes could not be read.')
  note('built', `${started.toISOString()}\n`)
  fs.utimesSync(join(notes, 'built'), started, started) // A source saved during the build is newer than it.
}

async function browser() {
  if (!(await findChromium())) {
    say('Installing Chromium for the tests …')
    const wasInstalled = apt('chromium') && (await findChromium())
    if (!wasInstalled)
      run('playwright', ['install', 'chromium'], 'No Chromium. Install one, or set CHROMIUM to its path.')
  }
  const missing = { iproute2: 'ip', nftables: 'nft' }
  const packages = Object.keys(missing).filter((name) => !onPath([missing[name]]))
  if (packages.length > 0 && process.platform === 'linux') apt(...packages) // Without them the partition test is skipped.
}

// --- tools ---

function npm(folder, what) {
  const { npm_execpath: npmPath, ...env } = process.env
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--omit-lockfile-registry-resolved']
  const args = ['install', ...quiet]
  const settings = { cwd: folder, stdio: 'inherit', env: { ...env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' } }
  const done = npmPath
    ? spawnSync(process.execPath, [npmPath, ...args], settings)
    : spawnSync('npm', args, { ...settings, shell: isWindows })
  if (done.status !== 0)
    fail(`Installing ${what} failed (see above). Is the network there? Try again: what is done is kept.`)
}

function run(command, args, message) {
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: undefined,
  }
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, shell: isWindows })
  if (done.status !== 0) fail(message)
}

/** Whether apt installed them. Needs root; nothing is asked of the user. */
function apt(...packages) {
  if (process.getuid?.() !== 0 || !onPath(['apt-get'])) return false
  const settings = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8' }
  spawnSync('apt-get', ['update', '-qq'], settings)
  const done = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], settings)
  if (done.status !== 0)
    say(`apt-get could not install ${packages.join(' and ')}: ${done.stderr.trim().split('\n').at(-1)}`)
  return done.status === 0
}

function isNodeGood() {
  if (isNew(process.versions.node)) return true
  const { stdout } = spawnSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' })
  return isNew((stdout ?? '').trim().slice(1))
}

function isNew(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
}

// --- notes, in node_modules, so that they go when it goes ---

function hash() {
  const names = ['package.json', 'package-lock.json', '.ci/node/package.json', '.ci/node/package-lock.json']
  const all = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const name of names) all.update(fs.existsSync(join(root, name)) ? fs.readFileSync(join(root, name)) : '')
  return all.digest('hex')
}

function read(name) {
  const path = join(notes, name)
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined
}

function note(name, text) {
  fs.mkdirSync(notes, { recursive: true })
  fs.writeFileSync(join(notes, `${name}.tmp`), text)
  fs.renameSync(join(notes, `${name}.tmp`), join(notes, name))
}

function forget(name) {
  fs.rmSync(join(notes, name), { force: true })
}

function mtimeMs(path) {
  return fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** The latest change beneath a path; a folder's own time tells of what was removed. */
function newestMs(path) {
  const stat = fs.statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...fs.readdirSync(path).map((name) => newestMs(join(path, name))))
}

/** Waits while another set-up runs. A lock whose process is gone is taken over. */
function lock() {
  const path = join(notes, 'lock')
  fs.mkdirSync(notes, { recursive: true })
  for (let waits = 0; ; waits++) {
    try {
      fs.writeFileSync(path, String(process.pid), { flag: 'wx' })
      process.on('exit', () => forget('lock'))
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = Number(read('lock') ?? 0)
    if (waits > 5 && !isRunning(owner)) forget('lock')
    else if (waits === 10) say('Another set-up of this folder is running; waiting for it …')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

function isRunning(pid) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function say(text) {
  console.error(text)
}

function fail(text) {
  say(text)
  process.exit(1)
}
