// The peers are installed by the first run, and again when their list alters.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const note = join(folder, 'node_modules/.installed')

/** Whether they are there now. */
export function installPeers(): boolean {
  if (existsSync(note) && readFileSync(note, 'utf8') === wanted()) return true
  console.error('Installing the peers of the benchmark into test/bench/node_modules (130 MB) …')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--omit-lockfile-registry-resolved']
  const isWindows = process.platform === 'win32'
  const done = spawnSync('npm', ['install', ...quiet], { cwd: folder, stdio: ['ignore', 2, 2], shell: isWindows })
  if (done.status !== 0) {
    console.error('They could not be installed (see above): only joinery is measured.')
    return false
  }
  writeFileSync(note, wanted())
  return true
}

function wanted(): string {
  return ['package.json', 'package-lock.json'].map((name) => readFileSync(join(folder, name), 'utf8')).join('')
}
