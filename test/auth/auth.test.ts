import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { nodeSigning } from '../../src/auth/device.node.ts'
import { deviceId, openDevice } from '../../src/auth/device.ts'
import { admitKey, craftTorsionSignature, verify, verifyExactly } from '../../src/auth/ed25519.ts'
import {
  firstHello,
  NONCE_BYTES,
  readFirstHello,
  readSecondHello,
  secondHello,
  sessionKeys,
} from '../../src/auth/hello.ts'
import { docTag, makeSpace, spaceKeys } from '../../src/auth/keys.ts'
import { FrameSealer, openGossip, sealGossip, xchacha } from '../../src/auth/seal.ts'
import { decodeTicket, encodeTicket } from '../../src/auth/ticket.ts'
import { tipBytes, verifyRange } from '../../src/auth/tip.ts'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { memberActor } from '../../src/core/ids.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'

const random = seededRandom(7)
const space = makeSpace(random.bytes(32), random)
const keys = spaceKeys(space)

function codeOf(fn: () => unknown): string {
  try {
    fn()
  } catch (error) {
    return isJoineryError(error) ? error.code : `untyped ${error}`
  }
  return 'no error'
}

describe('tickets', () => {
  const ticket = { ...space, label: 'Familie Müller', addresses: ['/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW'] }
  const text = encodeTicket(ticket)

  test('a ticket read back says what was written', () => {
    expect(decodeTicket(text)).toEqual(ticket)
    expect(decodeTicket(`  http://localhost:4680/#${text}\n`)).toEqual(ticket)
  })

  test('a ticket cut short anywhere, or with any character changed, is refused as damaged or foreign', () => {
    for (let end = 0; end < text.length; end++)
      expect(codeOf(() => decodeTicket(text.slice(0, end)))).toBe('bad-ticket')
    for (let at = 'joinery:'.length; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      const code = codeOf(() => decodeTicket(text.slice(0, at) + other + text.slice(at + 1)))
      // The first character holds the version.
      expect(['bad-ticket', 'ticket-newer']).toContain(code)
    }
  })

  test('a ticket of a newer version says so', () => {
    const newer = encodeTicket(ticket).replace('joinery:AA', 'joinery:AQ')
    expect(codeOf(() => decodeTicket(newer))).toBe('ticket-newer')
  })

  test.each([
    '',
    'hello',
    'https://example.org',
    'joinery:',
    'joinery:%%%',
    `joinery:${'A'.repeat(10_000)}`,
    'joinery:äöü',
  ])('the foreign text %j is refused in a sentence', (foreign) => {
    expect(codeOf(() => decodeTicket(foreign))).toBe('bad-ticket')
  })

  test('golden bytes of a ticket of version 0', () => {
    const fixed = {
      genesis: fromHex(`0001${'11'.repeat(32)}${'22'.repeat(16)}`),
      secret: fromHex('33'.repeat(32)),
      label: 'Home',
      addresses: ['/a'],
    }
    expect(encodeTicket(fixed)).toBe(
      'joinery:AAABEREREREREREREREREREREREREREREREREREREREREREiIiIiIiIiIiIiIiIiIiIiMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMESG9tZQEAAQACL2GCcoPw',
    )
  })
})

describe('addresses in a ticket', () => {
  const id = '12D3KooWNbZUyF2ho4AmyvxiioLeUz3d83VJBHyiyteYqhEgogDB'
  const hash = 'uEiCfmEk4qIkNxd8pqDfhK-B-Jpxl7lUdJap9Xg9UBD9Jlg'
  const common = [
    `/ip4/192.0.2.2/tcp/40187/p2p/${id}`,
    `/ip4/192.0.2.2/tcp/36469/ws/p2p/${id}`,
    `/ip4/192.0.2.2/udp/55669/webrtc-direct/certhash/${hash}/p2p/${id}`,
    `/ip4/127.0.0.1/tcp/36469/ws/p2p/${id}`,
  ]
  const strange = [
    '',
    '/',
    'memory:a',
    '/dns4/example.org/tcp/443/wss',
    `/ip6/::1/tcp/1/p2p/${id}`,
    '/ip4/999.1.1.1/tcp/1',
    '/ip4/1.2.3.4/tcp/99999',
    '/ip4/01.2.3.4/tcp/1',
    '/ip4/1.2.3.4/tcp/0080',
    '/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/uA',
    '/ip4/1.2.3.4/tcp/1/p2p/0OIl',
    `/ip4/1.2.3.4/tcp/1/p2p/${id}/p2p-circuit/webrtc/p2p/${id}`,
  ]

  test('come back letter for letter, the strangest too', () => {
    for (const addresses of [common, ...strange.map((one) => [one]), strange.slice(0, 4), []])
      expect(decodeTicket(encodeTicket({ ...space, label: 'Home', addresses })).addresses).toEqual(addresses)
  })

  test('of the common kinds take so little that the ticket fits a QR code of 80 columns', () => {
    expect(encodeTicket({ ...space, label: 'Home', addresses: common }).length).toBeLessThan(290)
  })
})

describe('the keys of a space', () => {
  test('its id is the hash of its genesis, and every use has a key of its own', () => {
    const all = [keys.gossipKey, keys.helloKey, keys.nameKey].map(toHex)
    expect(new Set(all).size).toBe(3)
    expect(keys.idHex).toBe(toHex(keys.spaceId))
    expect(spaceKeys({ ...space, secret: random.bytes(32) }).topic).not.toBe(keys.topic)
  })

  test('a document has one tag on every member, another one in each generation', () => {
    expect(docTag(keys.nameKey, 'groceries', 0)).toEqual(docTag(keys.nameKey, 'groceries', 0))
    const tags = [
      docTag(keys.nameKey, 'groceries', 0),
      docTag(keys.nameKey, 'groceries', 1),
      docTag(keys.nameKey, 'groceries1', 0),
    ]
    expect(new Set(tags.map(toHex)).size).toBe(3)
  })
})

describe('sealing', () => {
  test('gossip opens for members, and for nobody after any bit was flipped', () => {
    const sealed = sealGossip(xchacha, keys, utf8('secret words'), random)
    expect(openGossip(xchacha, keys, sealed)).toEqual(utf8('secret words'))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Uint8Array.from(sealed)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(codeOf(() => openGossip(xchacha, keys, flipped))).toBe('bad-message')
    }
    for (let end = 0; end < sealed.length; end++)
      expect(codeOf(() => openGossip(xchacha, keys, sealed.subarray(0, end)))).toBe('bad-message')
  })

  test('frames of a session open once, in order, and not in the other direction', () => {
    const key = random.bytes(32)
    const [sender, receiver, late] = [
      new FrameSealer(xchacha, key),
      new FrameSealer(xchacha, key),
      new FrameSealer(xchacha, key),
    ]
    const [one, two] = [sender.seal(utf8('one')), sender.seal(utf8('two'))]
    expect(receiver.open(one)).toEqual(utf8('one'))
    expect(receiver.open(two)).toEqual(utf8('two'))
    expect(codeOf(() => late.open(two))).toBe('bad-message')
  })
})

describe('hello', () => {
  const ends = { initiator: 'node-a', responder: 'node-b' }
  const [nonceA, nonceB] = [random.bytes(NONCE_BYTES), random.bytes(NONCE_BYTES)]

  test('two members find that they share a space, and derive the same keys', () => {
    expect(readFirstHello(keys.helloKey, ends, firstHello(keys.helloKey, ends, nonceA))).toEqual(nonceA)
    const nonces = { initiator: nonceA, responder: nonceB }
    expect(readSecondHello(keys.helloKey, ends, nonceA, secondHello(keys.helloKey, ends, nonces))).toEqual(nonces)
    const session = sessionKeys(keys.helloKey, keys.spaceId, ends, nonces)
    expect(session.toInitiator).not.toEqual(session.toResponder)
  })

  test('a frame overheard is worth nothing from another node, nor with another key', () => {
    const overheard = firstHello(keys.helloKey, ends, nonceA)
    expect(readFirstHello(keys.helloKey, { ...ends, initiator: 'node-m' }, overheard)).toBeUndefined()
    expect(readFirstHello(random.bytes(32), ends, overheard)).toBeUndefined()
  })

  test('frames of another length or version are refused', () => {
    expect(codeOf(() => readFirstHello(keys.helloKey, ends, new Uint8Array()))).toBe('bad-message')
    expect(codeOf(() => readFirstHello(keys.helloKey, ends, random.bytes(66)))).toBe('bad-message')
    const newer = firstHello(keys.helloKey, ends, nonceA)
    newer[0] = 2
    expect(codeOf(() => readFirstHello(keys.helloKey, ends, newer))).toBe('bad-message')
  })
})

describe('Invariant 12: signatures have one verdict everywhere', () => {
  test('a device in Node signs on the spot what the platform would sign, with the key that the store kept', async () => {
    const store = await memoryStore(memoryDisk())('d')
    const device = await nodeSigning.open(store)
    for (const message of [new Uint8Array(0), utf8('a tip'), new Uint8Array(5000).fill(7)]) {
      const signature = device.signNow?.(message)
      expect(signature).toEqual(await device.sign(message))
      expect(signature).toEqual(await (await openDevice(store)).sign(message))
      expect(await verify(device.publicKey, signature ?? message, message)).toBe(true)
    }
  })

  test('what a device signs, others verify, exactly as the slow twin does', async () => {
    const device = await openDevice(await memoryStore(memoryDisk())('d'))
    expect(deviceId(device.publicKey)).toMatch(/^peer:[0-9a-f]{16}$/)
    for (const text of ['', 'a', 'x'.repeat(1000)]) {
      const signature = await device.sign(utf8(text))
      expect(await verify(device.publicKey, signature, utf8(text))).toBe(true)
      expect(verifyExactly(device.publicKey, signature, utf8(text))).toBe(true)
      for (const at of [0, 31, 32, 63]) {
        const bent = Uint8Array.from(signature)
        bent[at] = (bent[at] as number) ^ 1
        expect(await verify(device.publicKey, bent, utf8(text))).toBe(false)
        expect(verifyExactly(device.publicKey, bent, utf8(text))).toBe(false)
      }
    }
  })

  test('a signature that only verifiers with the cofactor take is refused', async () => {
    const { publicKey, signature, message } = craftTorsionSignature()
    expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true)
    expect(verifyExactly(publicKey, signature, message)).toBe(false)
    expect(await verify(publicKey, signature, message)).toBe(false)
  })

  test('keys that could sign in two ways are not admitted', () => {
    const identity = ed25519.Point.ZERO.toBytes()
    const mixed = ed25519.Point.BASE.add(ed25519.Point.fromAffine({ x: 0n, y: ed25519.Point.Fp.ORDER - 1n })).toBytes()
    for (const key of [identity, mixed, new Uint8Array(32).fill(255), new Uint8Array(31)])
      expect(codeOf(() => admitKey(key))).toBe('bad-message')
  })

  test('a range signed by somebody else, for another document or at another tip, is refused', async () => {
    const disk = memoryDisk()
    const [device, other] = [
      await openDevice(await memoryStore(disk)('a')),
      await openDevice(await memoryStore(memoryDisk())('b')),
    ]
    const document = { spaceId: keys.spaceId, docTag: docTag(keys.nameKey, 'x', 0) }
    const tip = {
      actor: memberActor(device.publicKey, 0),
      fromSeq: 0,
      endSeq: 5,
      body: new Uint8Array(),
      tipHash: random.bytes(32),
    }
    const signature = await device.sign(tipBytes(document, tip))
    await expect(verifyRange(document, { ...tip, signature })).resolves.toBeUndefined()
    const wrong = [
      verifyRange(document, { ...tip, signature: await other.sign(tipBytes(document, tip)) }),
      verifyRange(document, { ...tip, signature: new Uint8Array() }),
      verifyRange(document, { ...tip, endSeq: 6, signature }),
      verifyRange(document, { ...tip, tipHash: random.bytes(32), signature }),
      verifyRange({ ...document, docTag: docTag(keys.nameKey, 'y', 0) }, { ...tip, signature }),
      verifyRange({ ...document, spaceId: random.bytes(32) }, { ...tip, signature }),
      verifyRange(document, { ...tip, actor: memberActor(device.publicKey, 1), signature }),
    ]
    const verdicts = await Promise.allSettled(wrong)
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({ status: 'rejected', reason: { code: 'bad-message' } })
  })
})
