// Every state that a power cut may leave of a recorded workload, each opened by the real store and held to what was promised. States that are the
// same are opened once; so are contents, by the documents above.

import { createHash } from 'node:crypto'
import { seededRandom } from '../../../src/base/random.ts'
import { crashStates, type DiskImage, everything } from '../../../src/testing/crash-states.ts'
import { type Content, checkStore, type Expected, goOn, reopen } from './check.ts'
import { recoveryStates } from './recovery.ts'
import { type Moment, type Recording, record, reopenerOf, type WorkloadOptions } from './workload.ts'

export interface ExploreOptions extends WorkloadOptions {
  /** Looks at each state with this chance; 1 is all. */
  readonly chance?: number
  /** Stops at the first failure: to prove that faults are found. */
  readonly untilFailure?: boolean
  /** Cuts the recovery from each content short, too, and looks at what that leaves with this chance. */
  readonly recovering?: number
  readonly progress?: (line: string) => void
}

export interface Failure {
  readonly at: string
  readonly reason: string
}

export interface Explored {
  readonly calls: number
  readonly own: number
  readonly received: number
  readonly compactions: number
  /** How many states were made, and how many different ones there were. */
  readonly states: number
  readonly distinct: number
  /** Different contents of the store, each gone on with. */
  readonly contents: number
  /** Of these, how many say that something that was never acknowledged is missing, after writes that came out of order. */
  readonly degraded: number
  /** States that a power cut in the middle of a recovery left: each held to the same. */
  readonly recoveries: number
  readonly failures: readonly Failure[]
}

interface Found {
  readonly content: Content
  readonly image: DiskImage
  /** The last moment at which this may be what is left. */
  last: Moment
}

export async function explore(options: ExploreOptions): Promise<Explored> {
  const recording = await record(options)
  const random = seededRandom(options.seed + 2)
  const byState = new Map<string, Found | undefined>()
  const byContent = new Map<string, Found>()
  const failures: Failure[] = []
  let states = 0
  const fail = (moment: Moment, error: unknown): void => {
    const { call } = moment
    const at = call === undefined ? 'an acknowledgement' : `call ${call.index}, ${call.name} ${call.path}`
    failures.push({ at, reason: error instanceof Error ? error.message : String(error) })
  }
  const isOver = (): boolean => options.untilFailure === true && failures.length > 0

  for (const [i, moment] of recording.moments.entries()) {
    if (isOver()) break
    if (i % 100 === 0)
      options.progress?.(`moment ${i} of ${recording.moments.length}: ${byState.size} distinct of ${states} states`)
    for (const image of crashStates(moment.disk, { random, chance: options.chance ?? 1 })) {
      states++
      const state = digestOf(image)
      if (byState.has(state)) {
        const found = byState.get(state)
        if (found !== undefined && found.last !== moment) met(found, moment, fail)
        continue
      }
      try {
        const content = await reopen(reopenerOf(image, options))
        const known = byContent.get(content.digest)
        const found = known ?? { content, image, last: moment }
        byContent.set(content.digest, found)
        byState.set(state, found)
        met(found, moment, fail)
        // Later it is held to all that was promised by then; who looks for one failure need not wait.
        if (known === undefined && options.untilFailure) await goOnWithFound(recording, found, options, fail)
        if (isOver()) break
      } catch (error) {
        byState.set(state, undefined)
        fail(moment, error)
        if (isOver()) break
      }
    }
  }
  await goOnWithAll(recording, [...byContent.values()], options, fail, isOver)
  const recoveries = await recoverFrom(recording, [...byContent.values()], options, fail)
  const { own, received, compactions } = recording
  const degraded = [...byContent.values()].filter(({ content }) => content.degraded).length
  const calls = recording.moments.filter(({ call }) => call !== undefined).length
  return {
    calls,
    own,
    received,
    compactions,
    states,
    distinct: byState.size,
    contents: byContent.size,
    degraded,
    recoveries,
    failures,
  }
}

type Fail = (moment: Moment, error: unknown) => void

/** A state that was met at a later moment is held to what was promised then. */
function met(found: Found, moment: Moment, fail: Fail): void {
  found.last = moment
  try {
    const { promised, disk } = moment
    const mayHaveHoles = disk.unsynced.some(({ node }) => node.type !== 'folder')
    checkStore(found.content, promised, mayHaveHoles)
  } catch (error) {
    fail(moment, error)
  }
}

async function goOnWithAll(
  recording: Recording,
  all: readonly Found[],
  options: ExploreOptions,
  fail: Fail,
  isOver: () => boolean,
): Promise<void> {
  for (const [i, found] of all.entries()) {
    if (isOver()) return
    if (i % 200 === 0) options.progress?.(`content ${i} of ${all.length}`)
    await goOnWithFound(recording, found, options, fail)
  }
  // A kill leaves all that was written, synced or not.
  for (const moment of recording.moments) {
    if (isOver() || options.untilFailure) return
    if (moment.call !== undefined) continue
    await goOnWith(
      recording,
      everything(moment.disk),
      moment,
      { versions: moment.promised.relaxed, degraded: false },
      options,
      fail,
    )
  }
}

/** What a second cut leaves has to hold what was promised before the first; and what differs from what was found then is gone on with. */
async function recoverFrom(
  recording: Recording,
  all: readonly Found[],
  options: ExploreOptions,
  fail: Fail,
): Promise<number> {
  const chosen = { random: seededRandom(options.seed + 3), chance: options.recovering ?? 0 }
  let count = 0
  if (chosen.chance === 0) return count
  for (const [i, found] of all.entries()) {
    if (i % 200 === 0) options.progress?.(`recovery of content ${i} of ${all.length}: ${count} states`)
    const seen = new Set<string>()
    for await (const image of recoveryStates(found.image, options, chosen)) {
      const state = digestOf(image)
      if (seen.has(state)) continue
      seen.add(state)
      count++
      try {
        const content = await reopen(reopenerOf(image, options))
        const again = { content, image, last: found.last }
        met(again, found.last, fail)
        if (content.digest !== found.content.digest) await goOnWithFound(recording, again, options, fail)
      } catch (error) {
        fail(found.last, error)
      }
    }
  }
  return count
}

function goOnWithFound(
  recording: Recording,
  { content, image, last }: Found,
  options: ExploreOptions,
  fail: Fail,
): Promise<void> {
  const expected = { versions: last.promised.strict, degraded: content.degraded }
  return goOnWith(recording, image, last, expected, options, fail)
}

async function goOnWith(
  recording: Recording,
  image: DiskImage,
  moment: Moment,
  expected: Omit<Expected, 'seenCount'>,
  options: ExploreOptions,
  fail: Fail,
): Promise<void> {
  if (moment.promised.incarnation === undefined) return
  try {
    await goOn(reopenerOf(image, options), recording, { ...expected, seenCount: moment.promised.seen })
  } catch (error) {
    fail(moment, error)
  }
}

const digests = new WeakMap<Uint8Array, string>()

function digestOf({ files, folders }: DiskImage): string {
  const hash = createHash('sha1').update(folders.join())
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path) ?? new Uint8Array(0)
    const digest = digests.get(bytes) ?? createHash('sha1').update(bytes).digest('base64')
    digests.set(bytes, digest)
    hash.update(path).update(digest)
  }
  return hash.digest('base64')
}
