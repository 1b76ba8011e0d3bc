// A small store of the real writer, closed, and then harmed file by file: each byte flipped, each length it may be cut to, the file gone, or another
// store's in its place. It opens; nothing it gives is wrong, and what is missing is said to be; and a peer who has it all gives it back.

import { isJoineryError } from '../../../src/base/errors.ts'
import { seededRandom } from '../../../src/base/random.ts'
import { containsVersion } from '../../../src/core/version.ts'
import { type DiskImage, everything } from '../../../src/testing/crash-states.ts'
import { checkBytes, Witness } from './check.ts'
import { openParts } from './parts.ts'
import { type Recording, record, reopenerOf, type WorkloadOptions } from './workload.ts'

export interface Harmed {
  readonly what: string
  readonly image: DiskImage
}

export interface HarmReport {
  readonly harms: number
  /** Opened whole, opened with something missing and said to be, and refused with a code. */
  readonly whole: number
  readonly missing: number
  readonly refused: number
  readonly failures: readonly string[]
}

const workload: WorkloadOptions = { seed: 1, edits: 12, compacting: 0.3, segmentBytes: 1024 }

/** Tries one flip or cut of so many, and all else. */
export async function harmAll(every: number): Promise<HarmReport> {
  const [recording, image] = await closedStore(workload)
  const [, foreign] = await closedStore({ ...workload, seed: 2 })
  const report = { harms: 0, whole: 0, missing: 0, refused: 0, failures: [] as string[] }
  let count = 0
  for (const { what, image: harmed } of harms(image, foreign)) {
    if (/\d$/.test(what) && count++ % every !== 0) continue
    report.harms++
    try {
      report[await heal(recording, harmed)]++
    } catch (error) {
      report.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return report
}

async function closedStore(options: WorkloadOptions): Promise<[Recording, DiskImage]> {
  const recording = await record(options)
  await recording.store.close()
  return [recording, everything(recording.disk.moment())]
}

function* harms(image: DiskImage, foreign: DiskImage): Generator<Harmed> {
  const having = (name: string, bytes: Uint8Array | undefined): DiskImage => {
    const files = new Map(image.files)
    if (bytes === undefined) files.delete(name)
    else files.set(name, bytes)
    return { ...image, files }
  }
  for (const [name, bytes] of image.files) {
    for (let i = 0; i < bytes.length; i++) {
      for (const mask of [0x01, 0xff]) {
        const flipped = bytes.slice()
        flipped[i] = (flipped[i] ?? 0) ^ mask
        yield { what: `${name}[${i}] ^ ${mask}`, image: having(name, flipped) }
      }
      yield { what: `${name} cut to ${i}`, image: having(name, bytes.slice(0, i)) }
    }
    yield { what: `${name} gone`, image: having(name, undefined) }
    const other = foreign.files.get(name)
    // Another device's key is a key; whoever puts it there is that device.
    if (other !== undefined && !name.includes('key-pair')) yield { what: `${name} swapped`, image: having(name, other) }
  }
}

async function heal(recording: Recording, image: DiskImage): Promise<'whole' | 'missing' | 'refused'> {
  const open = reopenerOf(image, workload)
  const store = await open()
  let isMissing = false
  try {
    const parts = await openParts({ store, random: seededRandom(3) })
    checkBytes(parts, recording.ada)
    const streams = await Promise.all((await store.streams()).map((stream) => store.read(stream)))
    const isDegraded = streams.some(({ degraded }) => degraded)
    for (const { id, replica } of recording.ada.documents.all) {
      const held = parts.documents.open(id.name)
      held.replica.check()
      if (containsVersion(held.replica.version, replica.version)) continue
      isMissing = true
      if (!isDegraded && streams.length > 0) throw new Error(`"${id.name}" misses something, and nobody says so`)
    }
    const witness = new Witness(recording.ada)
    for (const { name, range } of recording.seen) witness.receive(name, range)
    parts.edit('note', (draft) => {
      draft.counts ??= {}
      draft.counts.after = 1
    })
    witness.tell(parts)
    await parts.writer.flush()
    witness.hear(parts)
    await parts.documents.healed()
    const end = new Map(parts.documents.all.map(({ id, replica }) => [id.name, replica.version]))
    await store.close()
    const next = await open()
    const again = await openParts({ store: next, random: seededRandom(4) })
    if (again.documents.all.some(({ degraded, isEmpty }) => degraded && !isEmpty))
      throw new Error('it is damaged still')
    for (const [name, version] of end)
      if (!containsVersion(again.documents.open(name).replica.version, version))
        throw new Error(`"${name}" was whole again, and is not after reopening`)
  } catch (error) {
    if (isJoineryError(error, 'store-damaged')) return 'refused'
    throw error
  }
  return isMissing ? 'missing' : 'whole'
}
