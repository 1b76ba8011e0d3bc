// A side, or the server, in a process of its own: told by messages what to do, and tells when it was done, by the clock that all processes share.

import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { scattered, typed } from './edits.ts'
import type { Engine, EngineModule, OpenOptions } from './engine.ts'
import { now } from './proxy.ts'

type Command = (argument: never) => unknown

const engines: Engine[] = []
let module: EngineModule

const commands: Readonly<Record<string, Command>> = {
  async load({ engine }: { engine: string }) {
    module = await import(`./peers/${engine}.mjs`)
    return module.serve !== undefined
  },
  serve: (options: { port: number; folder: string }) => module.serve?.(options),
  async open(options: OpenOptions & { count?: number }) {
    for (let i = 0; i < (options.count ?? 1); i++) {
      const folder = join(options.folder, `${options.role}${i}`)
      mkdirSync(folder, { recursive: true })
      engines.push(await module.open({ ...options, folder }))
    }
    return engine().invitation()
  },
  make: ({ names }: { names: string[] }) => engine().make(names),
  take: ({ ids }: { ids: string[] }) => Promise.all(engines.map((one) => one.take(ids))),
  /** One change with all of it. */
  write({ id, text }: { id: string; text: string }) {
    engine().insert(id, engine().length(id), text)
  },
  /** Letters at the end, one every so often; gives when each was typed. */
  async type({ id, count, everyMs }: { id: string; count: number; everyMs: number }) {
    const times: number[] = []
    for (const { letter } of scattered(count, count, 0)) {
      times.push(now())
      engine().insert(id, engine().length(id), letter)
      await sleep(everyMs)
    }
    return times
  },
  /** Each letter its own change, so many in a turn of the event loop; gives when it began. */
  async scatter({ id, count, perTurn, seed }: { id: string; count: number; perTurn: number; seed: number }) {
    const beganAt = now()
    const inserts = scattered(seed, count, engine().length(id))
    for (const [i, { index, letter }] of inserts.entries()) {
      engine().insert(id, index, letter)
      if (i % perTurn === perTurn - 1) await new Promise((resolve) => setImmediate(resolve))
    }
    return beganAt
  },
  /** As people type, each letter its own change. */
  async compose({ id, count, seed }: { id: string; count: number; seed: number }) {
    for (const [i, { index, letter }] of typed(seed, count).entries()) {
      engine().insert(id, index, letter)
      if (i % 500 === 499) await new Promise((resolve) => setImmediate(resolve))
    }
  },
  /** All at once, each engine of this process its own letters; gives when it began. */
  async crowd({ id, each }: { id: string; each: number }) {
    const beganAt = now()
    for (let i = 0; i < each; i++) {
      for (const [at, one] of engines.entries()) {
        const [insert] = scattered(1 + at * each + i, 1, one.length(id))
        if (insert !== undefined) one.insert(id, insert.index, insert.letter)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    return beganAt
  },
  /** When the text came to have each length, from one on; from the call on. */
  watch({ id }: { id: string }) {
    watched = []
    engine().onEdit(id, () => {
      const length = engine().length(id)
      while (watched.length < length) watched.push(now())
    })
  },
  watched: () => watched,
  /** Resolves with the time at which these texts are so long, on each engine of this process. */
  async reached({ ids, length }: { ids: string[]; length: number }) {
    const times = engines.flatMap((one) => ids.map((id) => reached(one, id, length)))
    return Math.max(...(await Promise.all(times)))
  },
  settled: () => Promise.all(engines.map((one) => one.settled())),
  news: () => engine().news?.() ?? 0,
  /** What all engines of this process show; one text if they show the same. */
  digests({ ids }: { ids: string[] }) {
    const shown = engines.map((one) => ids.map((id) => one.text(id)).join('\n'))
    return [...new Set(shown.map((text) => createHash('sha256').update(text).digest('hex')))]
  },
}

let watched: number[] = []

process.on('message', async ({ id, command, argument }: { id: number; command: string; argument: never }) => {
  try {
    const run = commands[command]
    if (run === undefined) throw new Error(`there is no command ${command}`)
    process.send?.({ id, result: (await run(argument)) ?? null })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
process.on('disconnect', () => process.exit())

function engine(): Engine {
  const [first] = engines
  if (first === undefined) throw new Error('nothing was opened')
  return first
}

function reached(one: Engine, id: string, length: number): Promise<number> {
  if (one.length(id) >= length) return Promise.resolve(now())
  return new Promise((resolve) => {
    one.onEdit(id, () => {
      if (one.length(id) >= length) resolve(now())
    })
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
