// The peers are installed by the first run, and again when their list alters.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether those that stand in the package.json of a folder are there now. */
export function installPeers(at = new URL('.', import.meta.url)): boolean {
  const folder = fileURLToPath(at)
  const note = join(folder, 'node_modules/.installed')
  const wanted = wantedIn(folder)
  if (existsSync(note) && readFileSync(note, 'utf8') === wanted) return true
  console.error(`Installing the peers of the benchmark into ${join(folder, 'node_modules')} (130 MB) …`)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--omit-lockfile-registry-resolved']
  const isWindows = process.platform === 'win32'
  const done = spawnSync('npm', ['install', ...quiet], { cwd: folder, stdio: ['ignore', 2, 2], shell: isWindows })
  if (done.status !== 0) {
    console.error('They could not be installed (see above): only joinery is measured.')
    return false
  }
  writeFileSync(note, wanted)
  return true
}

function wantedIn(folder: string): string {
  return ['package.json', 'package-lock.json'].map((name) => readFileSync(join(folder, name), 'utf8')).join('')
}
