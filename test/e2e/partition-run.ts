// What the partition test does, inside the container. Reports in JSON, a line each; what it should have been is for the test to say.

import type { Peer } from '../../src/peer/api.ts'
import { type FieldNode, type FieldPeer, startBrowser, startNode } from './field.ts'
import { replay, tracePatches, unitsFrom, wordsFrom } from './histories.ts'
import { asProcessOne, cut, heal } from './namespaces.ts'
import type { Wanted } from './pad-commands.ts'
import type { HealReport, PartitionReport } from './partition-report.ts'

const HARD_LIMIT_MS = 220_000
const PATCHES = 5_000
const WORDS = 500
const ITEMS = 60
const TYPING_MS = 11_000
const LONG_MS = Number(process.env.LONG_PARTITION_MS ?? 50_000)
const ROUND_TRIPS = 10

const [pageFolder = '', ...nodePeer] = process.argv.slice(2)
const startedAt = performance.now()
const everybody: FieldPeer[] = []

await asProcessOne(run, { limitMs: HARD_LIMIT_MS, failed })

async function run(): Promise<void> {
  // 1. Everybody meets everybody, the browsers each other too, directly.
  let nodes = await Promise.all([1, 2, 3].map((k) => startNode(k, nodePeer)))
  const browsers = await Promise.all([4, 5].map((k) => startBrowser(k, pageFolder)))
  everybody.push(...nodes, ...browsers)
  const [n1, n2, n3] = nodes as [FieldNode, FieldNode, FieldNode]
  const [b4, b5] = browsers as [FieldPeer, FieldPeer]
  tell({ step: 'started', ms: sinceStart() })
  const ticket = await n1.call('make', { label: 'Field' })
  await Promise.all([n2, n3, b4, b5].map((peer) => peer.call('join', { ticket })))
  await meet(everybody, 40_000)
  tell({ step: 'met', ms: sinceStart() })

  // 2. Two halves: {n1, n2, b4} and {n3, b5}. Each types a history, words, and edits of the list.
  const halves = [
    [n1, n2, b4],
    [n3, b5],
  ] as const
  const histories = [tracePatches('friendsforever_flat', PATCHES), tracePatches('seph-blog1', PATCHES)] as const
  const words = wordsFrom(1, 2 * WORDS)
  const places = unitsFrom(2, 2 * WORDS)
  const items = Array.from({ length: 2 * ITEMS }, (_, index) => `item ${index}`)
  const atCut = await traffic()
  cut([3, 5])
  const cutAt = performance.now()
  const ofHalf = <T>(list: readonly T[], half: number): readonly T[] =>
    list.slice((half * list.length) / 2, ((half + 1) * list.length) / 2)
  await Promise.all([
    n1.call('type', { field: 'one', patches: histories[0], durationMs: TYPING_MS }),
    b4.call('words', { words: ofHalf(words, 0), places: ofHalf(places, 0), durationMs: TYPING_MS }),
    n2.call('edit', { items: ofHalf(items, 0), places, durationMs: TYPING_MS }),
    b5.call('type', { field: 'two', patches: histories[1], durationMs: TYPING_MS }),
    n3.call('words', { words: ofHalf(words, 1), places: ofHalf(places, 1), durationMs: TYPING_MS }),
    n3.call('edit', { items: ofHalf(items, 1), places, durationMs: TYPING_MS }),
  ])
  const [one, two] = histories.map(replay) as [string, string]
  const kept = items.filter((_, index) => !removed(index % ITEMS))
  const wantedOf = (half: number): Wanted => ({
    one: half === 0 ? one : '',
    two: half === 1 ? two : '',
    words: ofHalf(words, half),
    items: kept.filter((item) => ofHalf(items, half).includes(item)),
    timeoutMs: 20_000,
  })
  const within = await Promise.all(
    halves.flatMap((half, index) => half.map((peer) => peer.call('waitFor', wantedOf(index)))),
  )
  tell({
    step: 'typed apart',
    ms: sinceStart(),
    halvesAgree: within.every(({ reached }) => reached),
    apartMs: Math.round(performance.now() - cutAt),
  })

  // 3. Heal. What each lacks is measured as one delta by a peer that has it.
  const versions = await Promise.all(everybody.map((peer) => peer.call('version', {})))
  const lackedBytes = await Promise.all(
    everybody.map((peer, index) =>
      (peer === n3 || peer === b5 ? n1 : n3).call('deltaBytes', { version: versions[index] ?? [] }),
    ),
  )
  const before = await traffic()
  heal([3, 5])
  const healedAt = performance.now()
  const wanted: Wanted = { one, two, words, items: kept, timeoutMs: 30_000 }
  const healing = await Promise.all(
    everybody.map(async (peer) => {
      const { reached } = await peer.call('waitFor', wanted)
      return { reached, ms: Math.round(performance.now() - healedAt) }
    }),
  )
  const after = await traffic()
  const values = await Promise.all(everybody.map((peer) => peer.call('value', {})))
  const heals: HealReport[] = everybody.map((peer, index) => ({
    name: peer.name,
    reached: healing[index]?.reached ?? false,
    ms: healing[index]?.ms ?? 0,
    lackedBytes: lackedBytes[index] ?? 0,
    syncReceived: (after[index]?.syncReceived ?? 0) - (before[index]?.syncReceived ?? 0),
    syncSent: (after[index]?.syncSent ?? 0) - (before[index]?.syncSent ?? 0),
    gossipReceived: (after[index]?.gossipReceived ?? 0) - (before[index]?.gossipReceived ?? 0),
    gossipSent: (after[index]?.gossipSent ?? 0) - (before[index]?.gossipSent ?? 0),
    apartGossipReceived: (before[index]?.gossipReceived ?? 0) - (atCut[index]?.gossipReceived ?? 0),
    apartGossipSent: (before[index]?.gossipSent ?? 0) - (atCut[index]?.gossipSent ?? 0),
    apartSyncReceived: (before[index]?.syncReceived ?? 0) - (atCut[index]?.syncReceived ?? 0),
    oneHolds: values[index]?.one === one,
    twoHolds: values[index]?.two === two,
    shared: values[index]?.shared ?? '',
    items: values[index]?.items ?? [],
  }))
  tell({ step: 'healed', ms: sinceStart(), heals, words })

  // The browsers' way to each other comes back too: it needs a Node peer for the handshake.
  await meet(everybody, 20_000)
  tell({ step: 'all in contact', ms: sinceStart(), afterHealMs: Math.round(performance.now() - healedAt) })

  // 4. The Node peers die; the browsers go on, both ways.
  await Promise.all(nodes.map((node) => node.kill()))
  const onward: string[] = []
  const roundTripsMs: number[] = []
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const [from, to] = i % 2 === 0 ? [b4, b5] : [b5, b4]
    const word = `alone${i}`
    const sentAt = performance.now()
    onward.push(word)
    const arrived = to.call('waitFor', { words: [...words, ...onward], timeoutMs: 10_000 })
    await from.call('append', { word })
    if ((await arrived).reached) roundTripsMs.push(Math.round(performance.now() - sentAt))
  }
  tell({ step: 'browsers alone', ms: sinceStart(), edits: ROUND_TRIPS, roundTripsMs })

  // 5. One Node peer comes back from its disk, and catches up; then the others.
  const restartedAt = performance.now()
  const again = await startNode(1, nodePeer)
  await again.call('make', { label: 'Field' })
  const onDisk = await again.call('value', {})
  const caughtUp = await again.call('waitFor', { ...wanted, words: [...words, ...onward] })
  tell({
    step: 'restarted',
    ms: sinceStart(),
    caughtUp: caughtUp.reached,
    caughtUpMs: Math.round(performance.now() - restartedAt),
    keptWhatItHad: onDisk.one === one && onDisk.two === two,
  })
  nodes = [again, ...(await Promise.all([2, 3].map((k) => startNode(k, nodePeer))))]
  for (const node of nodes.slice(1)) await node.call('make', { label: 'Field' })
  everybody.splice(0, 3, ...nodes)
  await meet(everybody, 40_000)
  tell({ step: 'met again', ms: sinceStart() })

  // 6. A long partition: long enough for every connection to be given up.
  cut([3, 5])
  await Promise.all([b4.call('append', { word: 'long4' }), b5.call('append', { word: 'long5' })])
  await new Promise((resolve) => setTimeout(resolve, LONG_MS))
  heal([3, 5])
  const healedAgainAt = performance.now()
  const all = [...words, ...onward, 'long4', 'long5']
  const back = await Promise.all(
    everybody.map(async (peer) => {
      const { reached } = await peer.call('waitFor', { words: all, timeoutMs: 40_000 })
      return { name: peer.name, reached, ms: Math.round(performance.now() - healedAgainAt) }
    }),
  )
  const shared = await Promise.all(everybody.map(async (peer) => (await peer.call('value', {})).shared))
  tell({ step: 'healed again', ms: sinceStart(), apartMs: LONG_MS, back, sharedEqual: new Set(shared).size === 1 })
}

/** Which items `edit` takes out again. */
function removed(index: number): boolean {
  return index % 5 === 2
}

async function meet(peers: readonly FieldPeer[], timeoutMs: number): Promise<void> {
  const names = peers.map(({ name }) => name)
  const met = await Promise.all(
    peers.map((peer) =>
      peer.call('waitForContacts', { names: names.filter((name) => name !== peer.name), direct: true, timeoutMs }),
    ),
  )
  const lonely = names.filter((_, index) => !met[index])
  if (lonely.length > 0) throw new Error(`not met by all, directly, within ${timeoutMs} ms: ${lonely.join(', ')}`)
}

function traffic(): Promise<readonly Peer['traffic'][]> {
  return Promise.all(everybody.map((peer) => peer.call('traffic', {})))
}

function sinceStart(): number {
  return Math.round(performance.now() - startedAt)
}

function tell(report: PartitionReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

async function failed(error: unknown): Promise<void> {
  const contacts = await soon(
    Promise.all(everybody.map(async (peer) => `${peer.name} ${JSON.stringify(await soon(peer.call('contacts', {})))}`)),
  )
  const tails = await soon(Promise.all(everybody.map(async (peer) => `--- ${peer.name}\n${await soon(peer.tail())}`)))
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n${contacts}\n${tails}\n`)
}

/** A peer that does not answer holds nothing up. */
function soon<T>(promise: Promise<T>): Promise<T | string> {
  return Promise.race([
    promise.catch((error: unknown) => `(${error})`),
    new Promise<string>((resolve) => setTimeout(resolve, 3_000, '(no answer)')),
  ])
}
