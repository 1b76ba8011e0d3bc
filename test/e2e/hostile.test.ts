// Bytes from a member that means ill, over real connections: oversized, truncated, altered, unsigned, signed by a stranger. Each ends the session it came in,
// alone; nothing of it is merged, and everybody else goes on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import type { Session } from '../../src/peer/session.ts'
import { HostileMember } from './hostile-member.ts'
import { openLoopbackPeer } from './loopback-peer.ts'

const NOTES = 'notes'
type Notes = Record<string, string>

const folder = mkdtempSync(join(tmpdir(), 'joinery-hostile-'))
const peers: Peer[] = []
const errors: string[] = []
let ticket: string
let hers: DocHandle<Notes>
let his: DocHandle<Notes>
let edits = 0

// Ada, who is attacked, and Ben, with whom she works meanwhile.
beforeAll(async () => {
  for (const name of ['Ada', 'Ben']) peers.push(await openLoopbackPeer({ path: join(folder, name), name }))
  const [ada, ben] = peers as [Peer, Peer]
  ada.on('error', ({ code }) => errors.push(code))
  const space = await ada.space('Work')
  ticket = await space.invite()
  const same = await ben.join(ticket)
  hers = await space.open<Notes>(NOTES)
  his = await same.open<Notes>(NOTES)
  await same.met({ timeoutMs: 10_000 })
})

afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.close()))
  rmSync(folder, { recursive: true, force: true })
})

type Attack = (hostile: HostileMember, session: Session) => Promise<void>

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 4 : byte))

const badFrames: readonly [string, Attack][] = [
  ['a frame with a bit flipped', withFrames((frame) => flip(frame, 3))],
  ['a frame cut short', withFrames((frame) => frame.subarray(0, -1))],
  ['an empty frame', withFrames(() => new Uint8Array())],
  ['a frame repeated', repeat],
  ['an empty message', withMessages(() => new Uint8Array())],
  ['a message of a type that is unknown', withMessages(() => Uint8Array.of(0, 99))],
  [
    'a message cut short',
    withMessages(
      (plain) => plain.subarray(0, -1),
      (hostile, session) => hostile.offer(session, []),
    ),
  ],
  ['a message with more after its end', withMessages((plain) => Uint8Array.of(...plain, 0))],
  ['a count that lies', withMessages(() => Uint8Array.of(0, 4, 0xff, 0xff, 0xff, 0x7f))],
  ['a message that never ends', endless],
  ['a second introduction', introduceAgain],
]

test.each(badFrames)(
  '%s ends its session alone',
  async (_, attack) => {
    const hostile = await HostileMember.join(ticket, NOTES)
    const { session, ended } = await hostile.meet()
    errors.length = 0
    await attack(hostile, session)
    await ended
    await allGoesOn()
    expect(errors).toContain('bad-message')
    await hostile.close()
  },
  20_000,
)

type Spoil = (good: SignedRange, hostile: HostileMember) => SignedRange | Promise<SignedRange>

const badSignatures: readonly [string, Spoil][] = [
  ['unsigned', (good) => ({ ...good, signature: new Uint8Array() })],
  ['with a signature altered', (good) => ({ ...good, signature: flip(good.signature, 10) })],
  ['signed by a stranger', signedByStranger],
  ['signed for another document', (good, hostile) => hostile.sign(good, 'other')],
  ['in the name of somebody else', inTheNameOf],
]

test.each(badSignatures)(
  'an edit %s is not taken, and ends its session alone',
  async (_, spoil) => {
    const hostile = await HostileMember.join(ticket, NOTES)
    const { session, ended } = await hostile.meet()
    errors.length = 0
    await hostile.offer(session, [await spoil(await hostile.goodRange('mallory'), hostile)])
    await ended
    await allGoesOn()
    expect(errors).toContain('bad-message')
    await hostile.close()
  },
  20_000,
)

// Whoever hands on such an edit may be honest: it is its author who contradicts itself.
const badContents: readonly [string, Spoil][] = [
  ['its body altered', (good) => ({ ...good, body: flip(good.body, good.body.length - 1) })],
  ['its body cut short', (good, hostile) => hostile.sign({ ...good, body: good.body.subarray(0, -1) })],
  ['a hash that is not its own', (good, hostile) => hostile.sign({ ...good, tipHash: flip(good.tipHash, 0) })],
  ['a length that is not its own', (good, hostile) => hostile.sign({ ...good, endSeq: good.endSeq + 5 })],
]

test.each(badContents)(
  'an edit under a good signature with %s is not taken, and is told of',
  async (_, spoil) => {
    const hostile = await HostileMember.join(ticket, NOTES)
    const { session } = await hostile.meet()
    errors.length = 0
    await hostile.offer(session, [await spoil(await hostile.goodRange('mallory'), hostile)])
    await until(() => errors.includes('bad-message'))
    await allGoesOn()
    await hostile.close()
  },
  20_000,
)

test('none of these edits is taken by gossip either; a good one by the same member is', async () => {
  const hostile = await HostileMember.join(ticket, NOTES)
  const { session } = await hostile.meet()
  hostile.network.subscribe(hostile.keys.topic, () => 'accept')
  await until(() => hostile.network.subscribers(hostile.keys.topic).length > 0)
  const good = await hostile.goodRange('mallory')
  for (const [, spoil] of [...badSignatures, ...badContents]) await hostile.gossip([await spoil(good, hostile)])
  await allGoesOn()
  // The attacks came by a way that works.
  const welcome = await hostile.goodRange('welcome')
  const offered = hostile.gossip([welcome])
  await Promise.race([until(() => hers.value.welcome === 'was here'), offered.then(() => pause(1_500))])
  if (hers.value.welcome === undefined) await hostile.gossip([welcome])
  await until(() => hers.value.welcome === 'was here' && his.value.welcome === 'was here')
  await session.close('closing')
  await hostile.close()
})

/** Edits still go both ways between the honest members, who never lost one another, and nothing ill is in what they read. */
async function allGoesOn(): Promise<void> {
  const before = peers.map(
    (peer) =>
      peer.spaces[0]?.status.current.peers.filter(({ connected, name }) => connected && name !== 'Mallory').length,
  )
  expect(before).toEqual([1, 1])
  edits++
  hers.change((d) => {
    d.hers = String(edits)
  })
  his.change((d) => {
    d.his = String(edits)
  })
  await until(() => hers.value.his === String(edits) && his.value.hers === String(edits))
  expect(hers.value.mallory).toBeUndefined()
}

function ping(session: Session): Promise<void> {
  return session.send({ type: 'ping' })
}

function withFrames(mangle: (frame: Uint8Array) => Uint8Array): Attack {
  return (hostile, session) => {
    hostile.mangleFrame = mangle
    return ping(session)
  }
}

function withMessages(mangle: (plain: Uint8Array) => Uint8Array, say: Attack = (_, session) => ping(session)): Attack {
  return (hostile, session) => {
    hostile.mangleMessage = mangle
    return say(hostile, session)
  }
}

async function repeat(hostile: HostileMember, session: Session): Promise<void> {
  let first: Uint8Array | undefined
  hostile.mangleFrame = (frame) => {
    first ??= frame
    return first
  }
  await ping(session)
  await ping(session)
}

/** Parts of one message, each as large as a frame can be, without a last one. */
async function endless(hostile: HostileMember, session: Session): Promise<void> {
  const part = new Uint8Array(limits.frameBytes - 64)
  part[0] = 1
  hostile.mangleMessage = () => part
  for (let i = 0; i < 20 && !session.ended; i++) await ping(session)
}

function introduceAgain(hostile: HostileMember, session: Session): Promise<void> {
  return session.send({
    type: 'who',
    device: hostile.device.publicKey,
    signature: new Uint8Array(64),
    name: 'Eve',
    incarnation: new Uint8Array(16),
    durable: true,
    book: 0,
  })
}

async function signedByStranger(good: SignedRange): Promise<SignedRange> {
  const stranger = await HostileMember.join(ticket, NOTES)
  const signed = await stranger.sign(good)
  await stranger.close()
  return signed
}

/** Ben's actor, which Mallory may name but not sign for. */
async function inTheNameOf(good: SignedRange, hostile: HostileMember): Promise<SignedRange> {
  const ben = Uint8Array.from({ length: 32 }, (_, index) => hostile.device.publicKey[31 - index] ?? 0)
  return hostile.sign({ ...good, actor: memberActor(ben, 0) })
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error('it did not come true within 10 s')
    await pause(10)
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
