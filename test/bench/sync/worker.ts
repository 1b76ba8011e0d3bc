// One measurement of one engine, in a process of its own: told by arguments, answered by message.

import { messageOf } from '../../../src/base/errors.ts'
import { measurement } from './rows/all.ts'

export type Answer = { readonly rows: Readonly<Record<string, number>> } | { readonly failed: string }

const [id = '', engine = ''] = process.argv.slice(2)

process.on('SIGTERM', () => process.exit(143))
// Nobody waits for an answer any more.
process.on('disconnect', () => process.exit(1))
process.send?.(await work(), () => process.exit())

async function work(): Promise<Answer> {
  try {
    return { rows: await measurement(id).run(engine) }
  } catch (error) {
    return { failed: `failed: ${messageOf(error).split('\n')[0]}` }
  }
}
