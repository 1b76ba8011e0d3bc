// One process per folder. Node has no flock(2), so the lock is a file that names its owner, and a dead owner's lock can be taken.
//
//   lock ── owner S (dead) ◄── after-S ── owner A (dead) ◄── after-A ── owner B: holds it
//
// The owner is the last of the chain that begins at `lock`. Every token has one successor, since link(2) makes after-<token> once, so two who
// both find S dead cannot both succeed it. The winner then renames its file to `lock`, and only after that removes the chain; whoever links a
// successor checks that it still hangs on the chain. Left out: two containers that share a folder but no process ids, and two
// machines on one network folder, where each takes the other for dead and what stands there may be told late.

import { toHex, utf8 } from '../../base/bytes.ts'
import { JoineryError } from '../../base/errors.ts'
import type { Host, Owner } from './disk.ts'
import { absentIfMissing, createWhole, readFile } from './files.ts'

export interface FolderLock {
  /** Its last owner never gave it back, since it died. Else it was given back, or somebody removed it. */
  readonly succeeds: boolean
  /** False if the lock was stolen or the folder is gone: stop writing. */
  holds(): boolean
  release(): void
}

interface Holder extends Owner {
  readonly token: string
}

/** Takes the lock of a folder, or throws 'store-locked' with the owner's process id. */
export function takeLock(host: Host, folder: string): FolderLock {
  const { disk, random } = host
  const root = disk.join(folder, 'lock')
  const self: Holder = { ...disk.self(), token: toHex(random.bytes(12)) }
  // A folder in its place is nobody's lock, nor is a link that leads nowhere.
  if ((disk.facts(root)?.type ?? 'file') !== 'file') disk.rename(root, `${root}-${self.token}.aside`)
  const bytes = utf8(`${self.pid} ${self.boot} ${self.start} ${self.token}\n`)
  // Each round somebody has taken or left the lock in between; a hundred such rounds are not chance.
  for (let round = 0; round < 100; round++) {
    const last = lastHolder(host, folder)
    if (last !== undefined && disk.isAlive(last)) throw lockedError(host, folder, last)
    const path = last === undefined ? root : disk.join(folder, successorOf(last))
    try {
      if (!createWhole(host, path, bytes)) continue
      if (lastHolder(host, folder)?.token === self.token) {
        if (path !== root) disk.rename(path, root)
        removeChain(host, folder)
        return {
          succeeds: last !== undefined,
          holds: holding(host, root, self),
          release: () => release(host, root, self),
        }
      }
      disk.remove(path)
    } catch (error) {
      // The lock may stand already, and would keep this very process out as long as it lives.
      for (const taken of [path, root]) quietly(() => release(host, taken, self))
      throw error
    }
  }
  throw new JoineryError('store-locked', `The folder ${folder} changes hands too quickly to be opened: try again.`)
}

/** Asked before each writing, so the lock is read again only where something else stands there since. */
function holding(host: Host, root: string, self: Holder): () => boolean {
  let ours: string | undefined
  return () => {
    const stamp = host.disk.stamp(root)
    if (stamp === undefined) return false
    if (stamp === ours) return true
    const isOurs = readHolder(host, root)?.token === self.token
    // Of before the reading: what came in between shows the next time.
    ours = isOurs ? stamp : undefined
    return isOurs
  }
}

function release(host: Host, root: string, self: Holder): void {
  if (readHolder(host, root)?.token === self.token) host.disk.remove(root)
}

function quietly(action: () => void): void {
  try {
    action()
  } catch {
    // What failed first is what is told.
  }
}

function lastHolder(host: Host, folder: string): Holder | undefined {
  const { disk } = host
  let last = readHolder(host, disk.join(folder, 'lock'))
  while (last !== undefined) {
    const next = readHolder(host, disk.join(folder, successorOf(last)))
    // Tokens are drawn by lot, but nobody's lot may lead in a circle.
    if (next === undefined || next.token === last.token) return last
    last = next
  }
  return undefined
}

function successorOf(holder: Holder): string {
  return `after-${holder.token}.lock`
}

function readHolder({ disk }: Host, path: string): Holder | undefined {
  const bytes = absentIfMissing(() => readFile(disk, path, 'read'))
  if (bytes === undefined) return undefined
  const text = new TextDecoder('latin1').decode(bytes)
  const match = /^(\d+) (\S+) (\S+) ([0-9a-f]{24})\n$/.exec(text)
  // A power cut can leave an empty or broken file: nobody alive wrote it. Its content names it.
  if (match === null) return { pid: 0, boot: '', start: '', token: `broken-${disk.crc32(bytes)}` }
  const [, pid = '', boot = '', start = '', token = ''] = match
  return { pid: Number(pid), boot, start, token }
}

function removeChain({ disk }: Host, folder: string): void {
  for (const name of disk.list(folder)) if (/^after-.*\.lock$/.test(name)) disk.remove(disk.join(folder, name))
}

function lockedError({ disk }: Host, folder: string, holder: Holder): JoineryError {
  const who = holder.pid === disk.self().pid ? 'this very process' : `process ${holder.pid}`
  const words = `The folder ${folder} is in use by ${who}: use that one, or end it first.`
  return new JoineryError('store-locked', words, { details: { pid: holder.pid } })
}
