// Meetings by hand in a real Chromium: between two nodes of a page, and with a Node peer of this machine. That two browsers apart meet so, with
// nothing else alive, is for the end-to-end test to show.

import { afterEach, expect, test } from 'vitest'
import { commands } from 'vitest/browser'
import { libp2pNetwork } from '../../src/net/libp2p.browser.ts'
import { decodeMeetingCode, encodeMeetingCode } from '../../src/net/meeting-code.ts'
import type { Meeting, Network } from '../../src/net/network.ts'
import { collect, echo, filled, sendAll } from './contract.ts'
import { shelf } from './shelf.ts'

const made: Network[] = []
const peers: string[] = []
const browser = async (): Promise<readonly [Network, Meeting]> => {
  const network = await libp2pNetwork()({ shelf: shelf() })
  made.push(network)
  if (network.meetByHand === undefined) throw new Error('libp2p meets by hand')
  return [network, await network.meetByHand()]
}
afterEach(async () => {
  await Promise.all([
    ...made.splice(0).map((one) => one.close()),
    ...peers.splice(0).map((id) => commands.stopNodePeer(id)),
  ])
})

const until = (condition: () => boolean | undefined): Promise<void> =>
  expect.poll(condition, { timeout: 20_000, interval: 5 }).toBe(true)

test('two browser nodes that take each other’s codes are connected, with no relay', async () => {
  const [[a, ours], [b, theirs]] = [await browser(), await browser()]
  const startedMs = performance.now()
  expect(await Promise.all([ours.take(theirs.code), theirs.take(ours.code)])).toEqual([b.id, a.id])
  console.log(
    `met by codes of ${ours.code.length} characters in ${Math.round(performance.now() - startedMs)} ms: Chromium to Chromium`,
  )
  await until(() => b.connections.get(a.id)?.every(({ direct }) => direct))
  echo(b)
  const stream = await a.open(b.id, '/test/echo')
  const sizes = [0, 1, 2_000_000, 5]
  const sending = sendAll(stream, sizes.map(filled))
  expect((await collect(stream)).map(({ length }) => length)).toEqual(sizes)
  await sending
  await b.hangUp(a.id)
  await until(() => a.connections.size === 0)
})

test('a browser and a Node peer meet by codes', async () => {
  const [[a, ours], peer] = [await browser(), await commands.startNodePeer()]
  peers.push(peer.id)
  const theirs = await commands.meetNodePeer(peer.id)
  const [met] = await Promise.all([ours.take(theirs), commands.takeCode(peer.id, ours.code)])
  expect(met).toBe(peer.id)
  await until(() => a.subscribers('echo').includes(peer.id))
  const stream = await a.open(peer.id, '/test/echo')
  const sending = sendAll(stream, [filled(300_000)])
  expect((await collect(stream)).map(({ length }) => length)).toEqual([300_000])
  await sending
})

test('who shows another certificate than the code says is not met', async () => {
  const [[a, ours], [b, theirs]] = [await browser(), await browser()]
  const point = decodeMeetingCode(theirs.code)
  const forged = encodeMeetingCode({ ...point, fingerprint: point.fingerprint.map((byte) => byte ^ 1) })
  const [mine, its] = await Promise.allSettled([ours.take(forged), theirs.take(ours.code)])
  expect([mine, its]).toMatchObject([{ reason: { code: 'network' } }, { reason: { code: 'network' } }])
  expect([a.connections.size, b.connections.size]).toEqual([0, 0])
})
