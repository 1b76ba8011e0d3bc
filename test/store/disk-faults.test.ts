// One call to the disk fails, any of them: no room, too many open files, a bad sector. Whoever called is told by a code, nothing acknowledged is
// lost, nothing refused comes back, and the store goes on or opens again.

import { crc32 } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Store } from '../../src/store/store.ts'
import { type DiskFault, SimulatedDisk, simulatedStore } from '../../src/testing/simulated-disk.ts'
import { records, texts } from './contract.ts'

vi.setConfig({ testTimeout: 60_000 })

const strict = { durability: 'strict' } as const
const relaxed = { durability: 'relaxed' } as const
const path = '/store'

interface Outcome {
  /** What was acknowledged of each stream, in order; of 'c' after its end. */
  readonly kept: Record<'a' | 'b' | 'c', string[]>
  /** What was refused: it may not show, unless the store could not know what reached the disk. */
  readonly refused: Set<string>
  readonly codes: string[]
}

/** Appends, compacts, ends and begins streams over several segments; notes what was acknowledged. */
async function work(store: Store): Promise<Outcome> {
  const kept: Outcome['kept'] = { a: [], b: [], c: [] }
  const refused = new Set<string>()
  const codes: string[] = []
  const attempt = async (action: Promise<unknown>, done: () => void, undone = (): void => {}): Promise<void> => {
    try {
      await action
      done()
    } catch (error) {
      if (!isJoineryError(error)) throw error
      codes.push(error.code)
      undone()
    }
  }
  for (let i = 0; i < 12; i++) {
    const [a, b] = [`a${i}`, `b${i}`.padEnd(60, '.')]
    await attempt(
      store.append(records(`a:${a}`, `b:${b}`), i % 3 === 0 ? relaxed : strict),
      () => [kept.a.push(a), kept.b.push(b)],
      () => refused.add(a).add(b),
    )
    if (i % 4 === 3 && kept.a.length > 0) {
      const all = `S(${kept.a.join(' ')})`
      await attempt(store.compact('a', utf8(all), store.cursor()), () =>
        kept.a.splice(0, Number.POSITIVE_INFINITY, all),
      )
    }
    if (i % 5 === 2)
      await attempt(
        store.append(records(`c:${i}`), strict),
        () => kept.c.push(`${i}`),
        () => refused.add(`${i}`),
      )
    // Where the sync of an end fails, nobody knows whether it was one.
    const ended = (): void => void kept.c.splice(0)
    if (i === 8) await attempt(store.drop('c'), ended, ended)
    if (i % 6 === 1) await attempt(store.set('key', utf8(`${i}`)), () => {})
  }
  return { kept, refused, codes }
}

function newDisk(fault?: (index: number, name: string) => DiskFault | undefined): SimulatedDisk {
  const disk = new SimulatedDisk({ random: seededRandom(3), crc32 })
  disk.fault = ({ index, name }) => fault?.(index, name)
  return disk
}

const options = { segmentBytes: 400 }
const faults: readonly DiskFault[] = [{ code: 'EIO' }, { code: 'ENOSPC' }, { code: 'EMFILE' }, { takes: 7 }]

test.each(faults.map((fault) => ({ fault, name: 'code' in fault ? fault.code : 'a short write' })))(
  '$name at any call is told by a code and loses nothing',
  async ({ fault }) => {
    let calls = 0
    const healthy = newDisk((index) => {
      calls = index
      return undefined
    })
    await work(await simulatedStore(healthy, options)(path))
    expect(calls).toBeGreaterThan(150)
    const seen = new Set<string>()
    for (let at = 0; at <= calls; at++) await once(at, fault, seen)
    expect([...seen].every((code) => /^store-(full|failed|denied|damaged)$/.test(code))).toBe(true)
  },
)

/** The whole work with one fault, and what is found after it: by the same store where it goes on, and by the next. */
async function once(at: number, fault: DiskFault, seen: Set<string>): Promise<void> {
  const disk = newDisk((index, name) => (index === at && ('code' in fault || name === 'write') ? fault : undefined))
  const open = simulatedStore(disk, options)
  const store = await open(path).catch((error: unknown) => {
    if (!isJoineryError(error)) throw error
    seen.add(error.code)
    return undefined
  })
  if (store === undefined) {
    await (await open(path)).close() // The fault is over, and nothing of it stays.
    return
  }
  const outcome = await work(store)
  for (const code of outcome.codes) seen.add(code)
  const hasFailed = outcome.codes.includes('store-failed')
  await store.close()
  const again = await open(path)
  for (const stream of ['a', 'b', 'c'] as const) {
    const loaded = await again.read(stream)
    const found = loaded.records.map((bytes) => texts({ records: [bytes], degraded: false }))
    const where = `call ${at}, ${stream}`
    const isIn = (text: string): boolean =>
      found.some((one) => one === text || one.includes(`${text} `) || one.includes(`${text})`))
    for (const text of outcome.kept[stream]) expect(`${where}: ${text} ${isIn(text)}`).toBe(`${where}: ${text} true`)
    if (!hasFailed)
      expect([where, found.filter((text) => outcome.refused.has(text)), loaded.degraded]).toEqual([where, [], false])
  }
  await again.append(records('d:after'), strict)
  await again.close()
}
