// `joinery doctor`: what may be wrong around a peer, in plain words: its folder, the disk, the clock, the network, and who can be reached.

import { constants, type Stats } from 'node:fs'
import { access, lstat, readdir, readFile, statfs } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import type { StatusAnswer } from './answers.ts'
import { connectToPeer } from './command-socket.ts'
import { packageVersion } from './package-files.ts'

/** One sentence about one thing: 'good', a 'hint' at what may matter, or 'bad': it will not work so. */
export interface Finding {
  readonly about: 'version' | 'folder' | 'lock' | 'disk' | 'clock' | 'network' | 'space' | 'peer'
  readonly state: 'good' | 'hint' | 'bad'
  readonly message: string
}

type About = Finding['about']

const good = (about: About, message: string): Finding => ({ about, state: 'good', message })
const hint = (about: About, message: string): Finding => ({ about, state: 'hint', message })
const bad = (about: About, message: string): Finding => ({ about, state: 'bad', message })

const MB = 1_000_000
/** A segment of the log and its compaction want room. */
const scarceBytes = 100 * MB
const tooScarceBytes = 16 * MB
/** Clocks that agree differ by less. */
const clockStepMs = 60_000
/** Nobody wrote a file of ours before. */
const firstDay = Date.UTC(2025, 0, 1)

/** What can be told without opening the folder. Alters nothing. Never rejects. */
export async function examine(folder: string): Promise<Finding[]> {
  const path = resolve(folder)
  const files = await filesOf(path)
  const about = [
    version(),
    ...(await permissions(path, files)),
    await lock(path),
    await disk(path),
    clock(files),
    network(),
  ]
  return about.filter((finding) => finding !== undefined)
}

/** What the peer itself tells of its spaces, and of who is in contact. */
export function findingsOf({ spaces, paused }: StatusAnswer): Finding[] {
  if (spaces.length === 0)
    return [hint('space', 'There is no space yet: "joinery serve" makes one, "joinery join" joins one.')]
  const isPaused = paused ? [hint('peer', 'The peer is paused: it talks to nobody until it is resumed.')] : []
  return [...isPaused, ...spaces.flatMap(spaceFindings)]
}

function spaceFindings({ label, documents, status }: StatusAnswer['spaces'][number]): Finding[] {
  const name = JSON.stringify(label)
  const count = documents.length === 1 ? '1 document' : `${documents.length} documents`
  const waits = status.pending.map(({ reason, message }): Finding => {
    const say = reason === 'damaged' ? bad : hint
    return say('space', `${name}: ${message}`)
  })
  const peers = status.peers.map(({ name: who, connected, transport, why }) => {
    const how = connected ? `in contact by ${transport ?? 'an unknown way'}` : 'not in contact'
    const say = why === undefined ? good : hint
    return say(
      'peer',
      `${who} is ${how}${why === undefined ? ' and agrees' : `: ${why}`}${why === undefined ? '.' : ''}`,
    )
  })
  const state = status.saved ? good : hint
  return [
    state('space', `${name} holds ${count}; ${status.saved ? 'all is saved' : 'not all is saved yet'}.`),
    ...waits,
    ...peers,
  ]
}

function version(): Finding {
  return good(
    'version',
    `joinery ${packageVersion()}, formats of version 0 (drafts), Node ${process.version} on ${process.platform}.`,
  )
}

interface Entry {
  readonly path: string
  readonly stats: Stats
}

/** The folder and all in it; nothing where it cannot be read. */
async function filesOf(folder: string): Promise<readonly Entry[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const paths = [folder, ...names.map((name) => join(folder, name))]
  const found = await Promise.all(
    paths.map(async (path) => {
      const stats = await lstat(path).catch(() => undefined) // Gone meanwhile: a peer may be running.
      return stats === undefined ? [] : [{ path, stats }]
    }),
  )
  return found.flat()
}

async function permissions(folder: string, files: readonly Entry[]): Promise<Finding[]> {
  const [home] = files
  if (home === undefined) return [hint('folder', `There is no folder ${folder} yet.`)]
  if (!home.stats.isDirectory()) return [bad('folder', `${folder} is no folder: name another one with --path.`)]
  const isOurs = await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!isOurs) return [bad('folder', `${folder} may not be read and written by this user: mend its owner or mode.`)]
  const uid = process.getuid?.()
  const foreign = files.filter(({ stats }) => uid !== undefined && stats.uid !== uid)
  const open = files.filter(
    ({ stats }) => process.platform !== 'win32' && !stats.isSymbolicLink() && (stats.mode & 0o077) !== 0,
  )
  return [
    ...(foreign.length > 0 ? [hint('folder', `${named(foreign)} belong to another user.`)] : []),
    ...(open.length > 0
      ? [hint('folder', `Other users may read or write ${named(open)}: "chmod -R go= ${folder}" keeps them out.`)]
      : []),
    ...(foreign.length + open.length === 0 ? [good('folder', `${folder} is for this user alone.`)] : []),
  ]
}

function named(entries: readonly Entry[]): string {
  const [first] = entries
  return entries.length === 1 ? `${first?.path}` : `${first?.path} and ${entries.length - 1} more`
}

async function lock(folder: string): Promise<Finding> {
  const socket = await connectToPeer(folder).catch((error: unknown) => error)
  if (socket instanceof Error) return bad('lock', socket.message)
  const pid = Number((await readFile(join(folder, 'lock'), 'latin1').catch(() => '')).split(' ')[0])
  if (socket !== undefined) {
    ;(socket as { destroy(): void }).destroy()
    return good('lock', `A peer runs on it${pid > 0 ? `, process ${pid}` : ''}, and answers.`)
  }
  if (pid > 0 && isRunning(pid))
    return hint(
      'lock',
      `Process ${pid} holds it and takes no commands: a program of its own, or one that is just starting or ending.`,
    )
  return good(
    'lock',
    pid > 0 ? `No peer runs on it; process ${pid}, which held it last, is no more.` : 'No peer runs on it.',
  )
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function disk(folder: string): Promise<Finding | undefined> {
  const facts = await statfs(folder).catch(() => undefined)
  if (facts === undefined) return undefined
  const freeBytes = facts.bavail * facts.bsize
  const words = `${(freeBytes / MB).toFixed(freeBytes < 10 * MB ? 1 : 0)} MB are free on its disk`
  if (freeBytes < tooScarceBytes) return bad('disk', `${words}: too little to go on writing for long. Free some.`)
  if (freeBytes < scarceBytes) return hint('disk', `${words}: free some soon.`)
  return good('disk', `${words}.`)
}

function clock(files: readonly Entry[]): Finding {
  const now = Date.now()
  const newest = Math.max(0, ...files.map(({ stats }) => stats.mtimeMs))
  if (now < firstDay) return bad('clock', `The clock says ${new Date(now).toISOString()}: set it.`)
  if (newest > now + clockStepMs)
    return bad(
      'clock',
      `The clock says ${new Date(now).toISOString()}, but a file here was written ${new Date(newest).toISOString()}: it was set back, or ran ahead. Times in the history are wrong for that long; edits merge all the same.`,
    )
  return good('clock', `The clock says ${new Date(now).toISOString()}.`)
}

function network(): Finding {
  const outer = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => `${address} (${name})`),
  )
  if (outer.length === 0)
    return hint('network', 'There is no network but this computer itself: only peers on it can be reached.')
  return good(
    'network',
    `Reachable as ${outer.join(', ')} by whoever is on these networks, unless a firewall is between.`,
  )
}
