// One process per folder. Node has no flock(2), so the lock is a file that names its owner, and a dead owner's lock can be taken.
//
//   lock ── owner S (dead) ◄── after-S ── owner A (dead) ◄── after-A ── owner B: holds it
//
// The owner is the last of the chain that begins at `lock`. Every token has one successor, since link(2) makes after-<token> once, so two who
// both find S dead cannot both succeed it. The winner then renames its file to `lock`, and only after that removes the chain; whoever links a
// successor checks that it still hangs on the chain. Left out: two containers that share a folder but no process ids.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { toHex, utf8 } from '../../base/bytes.ts'
import { JoineryError } from '../../base/errors.ts'
import { systemRandom } from '../../base/random.ts'
import { absentIfMissing, codeOf, createWhole } from './files.ts'

export interface FolderLock {
  /** False if the lock was stolen or the folder is gone: stop writing. */
  holds(): boolean
  release(): void
}

interface Owner {
  readonly pid: number
  /** The system's boot and the process's start, so that a reused process id is not taken for the owner. */
  readonly boot: string
  readonly start: string
  readonly token: string
}

/** Takes the lock of a folder, or throws 'store-locked' with the owner's process id. */
export function takeLock(folder: string): FolderLock {
  const root = join(folder, 'lock')
  const self: Owner = {
    pid: process.pid,
    boot: bootId(),
    ...startOf(process.pid),
    token: toHex(systemRandom.bytes(12)),
  }
  const bytes = utf8(`${self.pid} ${self.boot} ${self.start} ${self.token}\n`)
  // Each round somebody has taken or left the lock in between; a hundred such rounds are not chance.
  for (let round = 0; round < 100; round++) {
    const last = lastOwner(folder)
    if (last !== undefined && isAlive(last)) throw lockedError(folder, last)
    const path = last === undefined ? root : join(folder, `after-${last.token}.lock`)
    if (!createWhole(path, bytes)) continue
    if (lastOwner(folder)?.token === self.token) {
      if (path !== root) fs.renameSync(path, root)
      removeChain(folder)
      return { holds: () => readOwner(root)?.token === self.token, release: () => release(root, self) }
    }
    fs.rmSync(path, { force: true })
  }
  throw new JoineryError('store-locked', `The folder ${folder} changes hands too quickly to be opened: try again.`)
}

function release(root: string, self: Owner): void {
  if (readOwner(root)?.token === self.token) fs.rmSync(root, { force: true })
}

function lastOwner(folder: string): Owner | undefined {
  let last = readOwner(join(folder, 'lock'))
  while (last !== undefined) {
    const next = readOwner(join(folder, `after-${last.token}.lock`))
    if (next === undefined) return last
    last = next
  }
  return undefined
}

function readOwner(path: string): Owner | undefined {
  const text = absentIfMissing(() => fs.readFileSync(path, 'latin1'))
  if (text === undefined) return undefined
  const match = /^(\d+) (\S+) (\S+) ([0-9a-f]{24})\n$/.exec(text)
  // A power cut can leave an empty or broken file: nobody alive wrote it. Its content names it.
  if (match === null) return { pid: 0, boot: '', start: '', token: `broken-${crc32(text)}` }
  const [, pid = '', boot = '', start = '', token = ''] = match
  return { pid: Number(pid), boot, start, token }
}

function removeChain(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (/^after-.*\.lock$/.test(name)) fs.rmSync(join(folder, name), { force: true })
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid === 0 || owner.boot !== bootId()) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return startOf(owner.pid).start === owner.start
}

/** When a process began, in ticks since boot; '-' where the system does not tell, 'dead' for one that only waits to be buried. */
function startOf(pid: number): { readonly start: string } {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return { start: '-' }
  // The second field is the program's name in parentheses and may hold anything; the state is the third field, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { start: fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? '-') }
}

function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? '-'
}

function readProc(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'latin1')
  } catch {
    // Not Linux, or hidden: then a living process id alone tells.
    return undefined
  }
}

function lockedError(folder: string, owner: Owner): JoineryError {
  const who = owner.pid === process.pid ? 'this very process' : `process ${owner.pid}`
  const words = `The folder ${folder} is in use by ${who}: use that one, or end it first.`
  return new JoineryError('store-locked', words, { details: { pid: owner.pid } })
}
