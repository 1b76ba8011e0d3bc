// One measurement of one engine, in a process of its own: told by argument, answered by message.

import { readFileSync, writeFileSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import { measurement } from './cases/all.ts'
import { type Fixture, missingText, type Outcome, watchWasm } from './measurement.ts'
import type { Peer } from './peer.ts'

export interface Job {
  readonly peer: string
  readonly measurement: string
  readonly reads?: string
  readonly writes?: string
}

export type Answer = { readonly rows: Outcome['rows'] } | { readonly failed: string }

const job: Job = JSON.parse(process.argv[2] ?? '{}')
process.send?.(await work(job), () => process.exit())

async function work({ peer: name, measurement: id, reads, writes }: Job): Promise<Answer> {
  try {
    watchWasm()
    const peer: Peer = await import(`./peers/${name}.mjs`)
    const fixture: Fixture = reads === undefined ? {} : deserialize(readFileSync(reads))
    const outcome = await measurement(id).run({ peer, fixture })
    if (writes !== undefined && outcome.fixture !== undefined) writeFileSync(writes, serialize(outcome.fixture))
    return { rows: outcome.rows }
  } catch (error) {
    return { failed: missingText(error) }
  }
}
