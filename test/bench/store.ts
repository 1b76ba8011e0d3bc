// `npm run bench:store`: what a store in files costs, each figure beside the goal: how long an edit takes until it is on the platter, measured in turn
// with a bare append and fdatasync; how long a peer with 1,000 documents takes to start, in a fresh process; and how much room all that takes.

import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { actorId } from '../../src/core/ids.ts'
import { createDoc, text } from '../../src/doc.ts'
import { openPeer } from '../../src/node.ts'
import { Replica } from '../../src/replica/replica.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import { decodeRecord } from '../../src/store/journal.ts'
import { hasData } from '../setup/data.ts'
import { machine, machineLine } from './machine.ts'
import { median } from './statistics.ts'
import { sequential } from './traces.ts'

interface Line {
  readonly row: string
  readonly measured: string
  readonly goal: string
  readonly isMet: boolean
}

interface Note {
  title: string
  done: boolean
}

const documents = 1_000
const acknowledgements = 1_000
/** Not counted: what runs for the first time is compiled first. */
const warming = 300
/** By then all of it is compiled, as in a process that has written for a while. */
const steadyAfter = 6_000
const edits = 1_000
const restarts = 7
const strict = { durability: 'strict' } as const
const home = fs.mkdtempSync(join(tmpdir(), 'joinery-bench-store-'))
const offline = { network: 'none' } as const

if (process.argv[2] === 'restart') await restart(process.argv[3] ?? '')
else await main()

async function main(): Promise<void> {
  try {
    console.log(machineLine(machine()))
    const lines = [...(await acknowledged()), ...(await thousand()), await smallEdits()]
    if (hasData('traces/README.md')) lines.push(await paper())
    else console.log('There are no traces: the document B4 is left out.')
    for (const { row, measured, goal, isMet } of lines)
      console.log(`${isMet ? 'met   ' : 'MISSED'}  ${row.padEnd(62)}  ${measured.padEnd(34)}  goal ${goal}`)
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

/** One at a time, each awaited, in turn with a bare append and fdatasync of as many bytes in the same folder. */
async function acknowledged(): Promise<Line[]> {
  const store = await filesystemStore()(join(home, 'bare'))
  const peer = await openPeer({ ...offline, path: join(home, 'peer') })
  const space = await peer.space('Bench')
  const note = await space.open<Note>('note', { init: { title: '', done: false } })
  const file = fs.openSync(join(home, 'bare', 'file'), 'w')
  const sync = promisify(fs.fdatasync)
  const bytes = new Uint8Array(150)
  const ways = {
    bare: async () => {
      fs.writeSync(file, bytes)
      await sync(file)
    },
    store: () => store.append([{ stream: 'a', bytes }], strict),
    edit: async (i: number) => {
      note.change((d) => {
        d.title = `${i}`
      })
      await peer.flush()
    },
  }
  const times: Record<keyof typeof ways, number[]> = { bare: [], store: [], edit: [] }
  for (let i = 0; i < steadyAfter + acknowledgements; i++) {
    times.bare.push(await timeMs(ways.bare))
    times.store.push(await timeMs(ways.store))
    times.edit.push(await timeMs(() => ways.edit(i)))
  }
  fs.closeSync(file)
  await store.close()
  await peer.close()
  const line = (row: string, way: 'store' | 'edit', from: number): Line => {
    const [ms, bare] = [times[way], times.bare].map((all) => median(all.slice(from, from + acknowledgements))) as [
      number,
      number,
    ]
    return {
      row,
      measured: `${ms.toFixed(2)} ms, ${(ms / bare).toFixed(2)} x ${bare.toFixed(2)} ms`,
      goal: '<= 3 x append + fdatasync',
      isMet: ms <= 3 * bare,
    }
  }
  return [
    line('a record appended to the store until it is durable, median', 'store', warming),
    line('an edit until it is signed and durable, of a new process', 'edit', warming),
    line(`the same after ${steadyAfter.toLocaleString('en')} edits`, 'edit', steadyAfter),
  ]
}

async function thousand(): Promise<Line[]> {
  const path = join(home, 'thousand')
  const peer = await openPeer({ ...offline, path })
  const space = await peer.space('Bench')
  for (let i = 0; i < documents; i++) {
    const note = await space.open<Note>(`note/${i}`, { init: { title: '', done: false } })
    note.change((d) => {
      d.title = `The note with the number ${i}`
    })
  }
  await peer.flush()
  await peer.close()
  const sizeBytes = bytesIn(path)
  const runs = Array.from({ length: restarts }, () => {
    const start = performance.now()
    const args = ['--experimental-strip-types', '--no-warnings', fileURLToPath(import.meta.url), 'restart', path]
    const inside = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    return { inside, whole: performance.now() - start }
  })
  const [inside, whole] = [median(runs.map((run) => run.inside)), median(runs.map((run) => run.whole))]
  return [
    {
      row: `restart with ${documents} documents, until one is read`,
      measured: `${Math.round(inside)} ms (process from source: ${Math.round(whole)})`,
      goal: '<= 600 ms',
      isMet: inside <= 600,
    },
    {
      row: `${documents} small documents on disk`,
      measured: `${(sizeBytes / 1e6).toFixed(3)} MB`,
      goal: '<= 0.5 MB',
      isMet: sizeBytes <= 500_000,
    },
  ]
}

/** In a fresh process: from the call until all names are known and a document was read. */
async function restart(path: string): Promise<void> {
  const start = performance.now()
  const peer = await openPeer({ ...offline, path })
  const [space] = peer.spaces
  const note = await space?.open<Note>(`note/${documents >> 1}`)
  if (space?.documents.length !== documents || !note?.value.title.startsWith('The note'))
    throw new Error(`${space?.documents.length} documents came back`)
  console.log(performance.now() - start)
  await peer.close()
}

async function smallEdits(): Promise<Line> {
  const path = join(home, 'edits')
  const peer = await openPeer({ ...offline, path })
  const note = await (await peer.space('Bench')).open<Note>('note', { init: { title: '', done: false } })
  await peer.flush()
  const before = bytesIn(join(path, 'log'))
  for (let i = 0; i < edits; i++) {
    note.change((d) => {
      d.done = i % 2 === 0
    })
    await peer.flush()
  }
  const each = (bytesIn(join(path, 'log')) - before) / edits
  await peer.close()
  return {
    row: 'one small edit on disk, signed, before compaction',
    measured: `${each.toFixed(1)} B`,
    goal: '<= 150 B',
    isMet: each <= 150,
  }
}

/** The paper of B4, compacted, against the snapshot that the engine alone makes of it. */
async function paper(): Promise<Line> {
  const path = join(home, 'paper')
  const trace = sequential('automerge-paper')
  const alone = createDoc<{ paper: ReturnType<typeof text> }>()
  alone.change((d) => {
    d.paper = text()
  })
  const peer = await openPeer({ ...offline, path })
  const handle = await (await peer.space('Bench')).open<{ paper: ReturnType<typeof text> }>('paper', {
    init: { paper: text() },
  })
  for (let from = 0; from < trace.edits.length; from += 1000) {
    const part = trace.edits.slice(from, from + 1000)
    for (const doc of [alone, handle])
      doc.change((d) => {
        for (const [index, removed, inserted] of part) {
          if (removed > 0) d.paper.delete(index, removed)
          if (inserted !== '') d.paper.insert(index, inserted)
        }
      })
    await peer.flush()
  }
  const engine = alone.snapshot({
    codec: {
      deflate: (bytes: Uint8Array) => deflateRawSync(bytes),
      inflate: (bytes: Uint8Array) => inflateRawSync(bytes),
    },
  }).length
  await peer.compact()
  await peer.close()
  const atRest = bytesIn(join(path, 'log'))
  const signatures = await signatureBytes(path)
  return {
    row: 'the document of B4 at rest',
    measured: `${atRest} B (alone ${engine}, signatures ${signatures})`,
    goal: "<= 1.05 x the engine's snapshot + signatures",
    isMet: atRest <= engine * 1.05 + signatures,
  }
}

/** What the signatures in a store's snapshots take, which no compression makes smaller. */
async function signatureBytes(path: string): Promise<number> {
  const store = await filesystemStore()(path)
  let sum = 0
  for (const stream of await store.streams()) {
    for (const bytes of (await store.read(stream)).records) {
      const record = decodeRecord(bytes)
      if (record.type !== 'snapshot') continue
      const replica = new Replica({ docTag: new Uint8Array(32), actor: actorId(new Uint8Array(1)), now: () => 0 })
      replica.load(record.snapshot)
      sum += replica.snapshot().length - replica.snapshot({ signatures: false }).length
    }
  }
  await store.close()
  return sum
}

function bytesIn(folder: string): number {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => fs.statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}

async function timeMs(action: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await action()
  return performance.now() - start
}
