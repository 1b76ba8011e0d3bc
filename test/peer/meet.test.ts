// Meetings by hand between peers: the connection is an ordinary one, so that hello decides who shares what.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { libp2pNetwork, type Meeting, openPeer, type Peer } from 'joinery'
import { afterAll, afterEach, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'joinery-meet-'))
const peers: Peer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open = async (name: string, network: 'none' | 'loopback' = 'loopback'): Promise<Peer> => {
  const loopback = libp2pNetwork({ host: '127.0.0.1', mdns: false })
  const peer = await openPeer({ path: join(folder, name), name, network: network === 'none' ? network : loopback })
  peers.push(peer)
  return peer
}

/** An invitation of somebody who had no network then: it holds no address. */
async function bareInvitation(name: string): Promise<string> {
  const peer = await open(name, 'none')
  const space = await peer.space('Team')
  const plan = await space.open('plan', { init: { title: '' } })
  plan.set(['title'], 'Summer')
  const ticket = await space.invite()
  await peer.close()
  return ticket
}

const exchange = async (a: Peer, b: Peer): Promise<readonly [Meeting, Meeting]> => [await a.meet(), await b.meet()]

test('members who know no address of one another meet by codes, and agree', async () => {
  const ticket = await bareInvitation('ada')
  const [ada, bo] = [await open('ada'), await open('bo')]
  const joined = await bo.join(ticket)
  const [ours, theirs] = await exchange(ada, bo)
  expect(ours.code.length).toBeLessThan(250)
  const shared = await Promise.all([ours.take(theirs.code), theirs.take(ours.code)])
  expect(shared.map((spaces) => spaces.map(({ id }) => id))).toEqual([[joined.id], [joined.id]])
  await joined.met({ timeoutMs: 10_000 })
  expect((await joined.open('plan')).value).toEqual({ title: 'Summer' })
  expect(joined.status.current.peers).toMatchObject([{ name: 'ada', transport: 'webrtc', connected: true }])
})

test('a code lets nobody in: strangers who met by codes share nothing, until one is invited', {
  timeout: 30_000,
}, async () => {
  const ticket = await bareInvitation('cy')
  const [cy, eve] = [await open('cy'), await open('eve')]
  const own = await eve.space('Own')
  const [ours, theirs] = await exchange(cy, eve)
  const taking = [ours.take(theirs.code), theirs.take(ours.code)].map((taken) => taken.catch((error: unknown) => error))
  expect(await Promise.all(taking)).toMatchObject([{ code: 'no-such-space' }, { code: 'no-such-space' }])
  expect(own.status.current.peers).toEqual([])
  const joined = await eve.join(ticket)
  const [again, anew] = await exchange(cy, eve)
  await Promise.all([again.take(anew.code), anew.take(again.code)])
  await joined.met({ timeoutMs: 10_000 })
})

test('without a network, or paused, there is no meeting', async () => {
  const [alone, paused] = [await open('alone', 'none'), await open('paused')]
  await expect(alone.meet()).rejects.toMatchObject({ code: 'unsupported' })
  paused.pause()
  await expect.poll(() => paused.meet().catch((error: { code: string }) => error.code)).toBe('network')
  await paused.close()
  await expect(paused.meet()).rejects.toMatchObject({ code: 'closed' })
})
