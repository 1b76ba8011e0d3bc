// One measurement of `npm run crowd`, in a process of its own. With PROFILE=FOLDER, where the time goes is written there, for the tools of Chrome.

import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { crowdOfBare } from './crowd-bare.ts'
import { type CrowdOptions, crowdOfOurs } from './crowd-ours.ts'

const { who, ...options }: CrowdOptions & { readonly who: 'ours' | 'bare' } = JSON.parse(process.argv[2] ?? '{}')
const { PROFILE: folder } = process.env
let profiling: { readonly what: string; readonly session: Session } | undefined

const result = await (who === 'ours' ? crowdOfOurs(options, (what) => void began(what)) : crowdOfBare(options))
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)

async function began(what: string): Promise<void> {
  if (folder === undefined) return
  const last = profiling
  const session = new Session()
  session.connect()
  profiling = { what, session }
  if (last !== undefined) {
    const { profile } = await last.session.post('Profiler.stop')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${last.what}.cpuprofile`), JSON.stringify(profile))
  }
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
}
