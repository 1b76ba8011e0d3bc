// Meetings by hand between Node networks, over real sockets of this machine: whatever comes of a code is a connection or an error with a code.

import { afterEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { JoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { libp2pNetwork } from '../../src/net/libp2p.node.ts'
import { decodeMeetingCode, encodeMeetingCode } from '../../src/net/meeting-code.ts'
import type { Meeting, Network } from '../../src/net/network.ts'
import { collect, echo, filled, listen, sendAll } from './contract.ts'
import { shelf } from './shelf.ts'

const made: Network[] = []
const network = async (clock: Clock = systemClock): Promise<Network> => {
  const one = await libp2pNetwork({ host: '127.0.0.1', clock })({ shelf: shelf() })
  made.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.close()))
})

const soon = { timeout: 10_000, interval: 5 }
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof JoineryError ? error.code : String(error)),
  )
const meet = async (one: Network): Promise<Meeting> => {
  if (one.meetByHand === undefined) throw new Error('libp2p meets by hand')
  return one.meetByHand()
}
const two = async (): Promise<readonly [Network, Network, Meeting, Meeting]> => {
  const [a, b] = await Promise.all([network(), network()])
  return [a, b, await meet(a), await meet(b)]
}

test('two that take each other’s codes are connected, as by any other way', async () => {
  const [a, b, ours, theirs] = await two()
  expect(await Promise.all([ours.take(theirs.code), theirs.take(ours.code)])).toEqual([b.id, a.id])
  await expect.poll(() => b.connections.get(a.id)?.every(({ direct }) => direct), soon).toBe(true)
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    expect(one.connections.get(other.id)).toMatchObject([{ transport: 'webrtc' }])

  echo(b)
  const stream = await a.open(b.id, '/test/echo')
  const sizes = [0, 1, 300_000, limits.frameBytes, 5]
  const sending = sendAll(stream, sizes.map(filled))
  expect((await collect(stream)).map(({ length }) => length)).toEqual(sizes)
  await sending
  listen(a, 'news')
  const heard = listen(b, 'news')
  await expect.poll(() => a.subscribers('news'), soon).toEqual([b.id])
  await a.publish('news', Uint8Array.of(7))
  await expect.poll(() => heard, soon).toEqual(['7'])

  await a.hangUp(b.id)
  await expect.poll(() => b.connections.size, soon).toBe(0)
})

test('who takes a code long before the other waits, and stops waiting when told to', async () => {
  const [, , ours, theirs] = await two()
  const taking = codeOf(ours.take(theirs.code))
  expect(await codeOf(ours.take(theirs.code))).toBe('bad-option')
  expect(await Promise.race([taking, new Promise((resolve) => setTimeout(resolve, 1_500, 'waits'))])).toBe('waits')
  ours.close()
  expect(await taking).toBe('closed')
  const enough = new AbortController()
  const late = codeOf(theirs.take(ours.code, { signal: enough.signal }))
  enough.abort()
  expect(await late).toBe('aborted')
})

test('a damaged code is refused, and the whole one is taken after it', async () => {
  const [a, , ours, theirs] = await two()
  for (const bad of ['', 'joinery:AAEC', theirs.code.slice(0, -1), `${theirs.code.slice(0, -2)}AA`, ours.code])
    expect(await codeOf(ours.take(bad)), bad).toBe('bad-code')
  // Programs without types hand in anything.
  expect(await codeOf(ours.take(undefined as never))).toBe('bad-code')
  const [, met] = await Promise.all([ours.take(theirs.code), theirs.take(ours.code)])
  expect(met).toBe(a.id)
})

test('a code that led to a meeting leads to no other', async () => {
  const [a, b, ours, theirs] = await two()
  await Promise.all([ours.take(theirs.code), theirs.take(ours.code)])
  expect(await codeOf(ours.take(theirs.code))).toBe('closed')
  const [clock, ageing] = aging()
  const third = await network(clock)
  const replaying = codeOf((await meet(third)).take(theirs.code))
  await new Promise((resolve) => setTimeout(resolve, 500))
  ageing()
  expect(await replaying).toBe('timeout')
  expect([third.connections.size, a.connections.size, b.connections.size]).toEqual([0, 1, 1])
})

test('where somebody else is than the code says, there is no connection', async () => {
  const [a, b, ours, theirs] = await two()
  // Who begins follows from the ids. Where the two disagree on that, nobody begins, and the codes grow old.
  let stranger = await network()
  while (a.id < stranger.id !== a.id < b.id) stranger = await network()
  const forged = encodeMeetingCode({ ...decodeMeetingCode(theirs.code), node: stranger.id })
  // The other took a good code, and may believe itself connected for a moment.
  const [mine] = await Promise.all([codeOf(ours.take(forged)), codeOf(theirs.take(ours.code))])
  expect(mine).toBe('network')
  await expect.poll(() => [a.connections.size, b.connections.size], soon).toEqual([0, 0])
})

test('a code is good for ten minutes', async () => {
  const [clock, ageing] = aging()
  const [a, b] = await Promise.all([network(clock), network()])
  const [ours, theirs] = [await meet(a), await meet(b)]
  ageing()
  const error = await ours.take(theirs.code).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('10 minutes') })
  const again = await meet(a)
  expect(await Promise.all([again.take(theirs.code), theirs.take(again.code)])).toEqual([b.id, a.id])
})

test('a pause and a close call meetings off, and none begins then', async () => {
  const [a, b, ours, theirs] = await two()
  const [taking, waiting] = [codeOf(ours.take(theirs.code)), codeOf(theirs.take(ours.code.replace(/.$/, '')))]
  await a.pause()
  expect([await taking, await waiting]).toEqual(['closed', 'bad-code'])
  expect(await codeOf(meet(a))).toBe('network')
  await a.resume()
  await (await meet(a)).close()
  await b.close()
  expect(await codeOf(theirs.take(ours.code))).toBe('closed')
  expect(await codeOf(meet(b))).toBe('closed')
})

test('so many codes wait at once, and no more (Invariant 9)', async () => {
  const a = await network()
  const waiting: Meeting[] = []
  for (let count = 0; count < limits.meetings; count++) waiting.push(await meet(a))
  expect(await codeOf(meet(a))).toBe('limit')
  waiting[0]?.close()
  expect(await codeOf(meet(a))).toBe('none')
})

/** The system's clock, on which the ten minutes of a meeting pass when told to. */
function aging(): readonly [Clock, () => unknown] {
  const waits = new Set<() => void>()
  const after: Clock['after'] = (delayMs, act) => {
    if (delayMs !== limits.meetingMs) return systemClock.after(delayMs, act)
    waits.add(act)
    return () => waits.delete(act)
  }
  return [{ ...systemClock, after }, () => [...waits].map((act) => act())]
}
