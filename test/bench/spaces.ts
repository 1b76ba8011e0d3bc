// `npm run bench:spaces`: ten spaces of ten thousand documents on one peer: how long it takes to open, what it holds in memory, how long another such peer
// takes to get all of it, and what it costs two of them to meet again when nothing changed. Real files; the network is a hub in memory, which counts.
//
//   npm run bench:spaces -- --documents 1000        of a tenth of that

import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type MemoryHub, memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import { openPeer, type Peer } from '../../src/node.ts'
import { machine, machineLine } from './machine.ts'

interface Note {
  title: string
  done: boolean
}

/** What a peer that was just opened takes. */
interface Opened {
  readonly ms: number
  /** Of all processors: what it takes on a machine that has nothing else to do, however busy this one is. */
  readonly cpuMs: number
  readonly heapBytes: number
  readonly rssBytes: number
  readonly firstMs: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { spaces: { type: 'string', default: '10' }, documents: { type: 'string', default: '10000' } },
})
const [spaceCount, documentCount] = [Number(values.spaces), Number(values.documents)]
const offline = { network: 'none' } as const
const FLUSH_EVERY = 500

if (positionals[0] === 'open') await openOnly(positionals[1] ?? '')
else await main()

async function main(): Promise<void> {
  const home = fs.mkdtempSync(join(tmpdir(), 'joinery-bench-spaces-'))
  const [path, otherPath] = [join(home, 'a'), join(home, 'b')]
  try {
    console.log(`${machineLine(machine())}\n${spaceCount} spaces of ${documentCount} documents, one edit each`)
    tell('written, each edit signed, all on disk', await timed(() => write(path)))
    const { ms, cpuMs, firstMs, heapBytes, rssBytes } = freshly(path)
    tell('opened again, in a fresh process, until all names are known', ms)
    tell('  of that the processor', cpuMs)
    tell('one document of it read', firstMs)
    console.log(`  memory that it takes: heap ${megabytes(heapBytes)}, of the process ${megabytes(rssBytes)}`)
    const hub = memoryHub()
    const [a, b] = [await openOne(hub, path, 'a'), await openOne(hub, otherPath, 'b')]
    tell(
      'all of it had by a second peer, verified and on disk',
      await timed(async () => {
        for (const space of a.spaces) await b.join(await space.invite())
        await agreed(a, b, spaceCount * documentCount)
      }),
    )
    console.log(`  the most that the process of both took: ${megabytes(process.resourceUsage().maxRSS * 1024)}`)
    await a.close()
    await b.close()
    await again(path, otherPath)
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

async function write(path: string): Promise<void> {
  const peer = await openPeer({ ...offline, path })
  for (let i = 0; i < spaceCount; i++) {
    const space = await peer.space(`Space ${i}`)
    for (let j = 0; j < documentCount; j++) {
      const note = await space.open<Note>(`note/${j}`, { init: { title: '', done: false } })
      note.change((draft) => {
        draft.title = `The note with the number ${j}`
      })
      note.close()
      if (j % FLUSH_EVERY === FLUSH_EVERY - 1) await peer.flush()
    }
  }
  await peer.flush()
  await peer.close()
}

/** Two that hold the same are closed and opened: nothing changed. */
async function again(path: string, otherPath: string): Promise<void> {
  const hub = memoryHub()
  const a = await openOne(hub, path, 'a')
  const b = await openOne(hub, otherPath, 'b')
  tell(
    'met again, nothing changed, until all spaces agree',
    await timed(() => agreed(a, b, spaceCount * documentCount)),
  )
  const bytes = a.traffic.syncSent + a.traffic.syncReceived
  console.log(`  bytes in sessions, both ways: ${bytes}, ${Math.round(bytes / spaceCount)} a space`)
  await a.close()
  await b.close()
}

function openOne(hub: MemoryHub, path: string, id: string): Promise<Peer> {
  return openPeer({ path, network: memoryNetwork(hub, { id }) })
}

/** Resolves when each space of both has met the other, and agrees with it. */
async function agreed(a: Peer, b: Peer, documents: number): Promise<void> {
  const count = (peer: Peer): number => peer.spaces.reduce((sum, space) => sum + space.documents.length, 0)
  const isMet = (peer: Peer): boolean =>
    peer.spaces.every(({ status }) => status.current.peers.some(({ agreed }) => agreed))
  while (!(isMet(a) && isMet(b) && count(b) === documents)) await new Promise((resolve) => setTimeout(resolve, 50))
}

function freshly(path: string): Opened {
  const args = [
    '--expose-gc',
    '--experimental-strip-types',
    '--no-warnings',
    fileURLToPath(import.meta.url),
    'open',
    path,
  ]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

async function openOnly(path: string): Promise<void> {
  const before = weigh()
  const start = performance.now()
  const cpu = process.cpuUsage()
  const peer = await openPeer({ ...offline, path })
  for (const space of peer.spaces) space.documents
  const opened = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  const after = weigh()
  const from = performance.now()
  await peer.spaces[0]?.open('note/5')
  const firstMs = performance.now() - from
  console.log(
    JSON.stringify({
      ms: opened - start,
      cpuMs: (user + system) / 1000,
      firstMs,
      heapBytes: after.heapUsed - before.heapUsed,
      rssBytes: after.rss - before.rss,
    }),
  )
  await peer.close()
}

function weigh(): NodeJS.MemoryUsage {
  globalThis.gc?.()
  return process.memoryUsage()
}

async function timed(act: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await act()
  return performance.now() - start
}

function tell(what: string, ms: number): void {
  console.log(`  ${what}: ${ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`}`)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
