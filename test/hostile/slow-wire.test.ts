// A member whose bytes stop in the middle of a frame, or come one a second: it is left as one that is silent, since nothing whole is heard of it.

import { expect, test } from 'vitest'
import { makeSpace, spaceKeys } from '../../src/auth/keys.ts'
import { cryptoRunning } from '../../src/auth/platform.ts'
import { xchacha } from '../../src/auth/seal.ts'
import { limits } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { FramedStream, type Wire } from '../../src/net/frames.ts'
import { type Introduction, initiate, respond, type Session } from '../../src/peer/session.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { makeDevice } from './rogue.ts'

type Sink = Parameters<Wire['start']>[0]

/** One direction of a wire: what goes in comes out at once, until `through` decides otherwise. */
class Lane {
  sink: Sink | undefined
  through: (bytes: Uint8Array) => void = (bytes) => this.sink?.data(bytes)
}

function wire(remote: string, out: Lane, into: Lane): Wire {
  return {
    remote,
    start: (sink) => {
      into.sink = sink
    },
    send: async (bytes) => {
      const sent = bytes.slice()
      queueMicrotask(() => out.through(sent))
    },
    close: async () => {},
    abort: () => out.sink?.end(new Error('the wire was cut')),
  }
}

const stops: readonly [string, (lane: Lane, clock: ManualClock) => void][] = [
  [
    'stop in the middle of a frame',
    (lane) => {
      lane.through = (bytes) => {
        lane.sink?.data(bytes.subarray(0, bytes.length >> 1))
        lane.through = () => {}
      }
    },
  ],
  [
    'stop in the middle of the length of a frame',
    (lane) => {
      lane.through = (bytes) => {
        lane.sink?.data(bytes.subarray(0, 2))
        lane.through = () => {}
      }
    },
  ],
  [
    'come one a second',
    (lane, clock) => {
      const waiting: number[] = []
      lane.through = (bytes) => void waiting.push(...bytes)
      const drip = (): void => {
        const byte = waiting.shift()
        if (byte !== undefined) lane.sink?.data(Uint8Array.of(byte))
        clock.after(1_000, drip)
      }
      drip()
    },
  ],
]

test.each(stops)('a member whose bytes %s is silent', async (_, stop) => {
  const clock = new ManualClock()
  const random = seededRandom(1)
  const device = await makeDevice()
  const keys = spaceKeys(makeSpace(device.publicKey, random))
  const us: Introduction = { name: '', incarnation: new Uint8Array(16), durable: true, book: 0 }
  const context = (node: string) => ({ clock, random, sealer: xchacha, device, node })
  const [there, here] = [new Lane(), new Lane()]
  const [rogue, honest] = [new FramedStream(wire('b', there, here)), new FramedStream(wire('a', here, there))]
  const [theirs, found] = await Promise.all([
    initiate(rogue, keys, context('a'), us),
    respond(honest, [{ keys }], context('b'), async () => us),
  ])
  if (theirs === undefined || found === undefined) throw new Error('no session')

  let silentAt: number | undefined
  const live = (session: Session, onSilence: () => void): void => void session.run(() => {}, onSilence)
  live(theirs, () => {})
  live(found.session, () => {
    silentAt ??= clock.now()
  })
  await clock.advance(10_000, turns)
  expect(silentAt).toBeUndefined()

  const stoppedAt = clock.now()
  stop(there, clock)
  void theirs.send({ type: 'news', records: [random.bytes(60)] })
  await clock.advance(30_000, turns)
  expect((silentAt ?? Number.POSITIVE_INFINITY) - stoppedAt).toBeLessThanOrEqual(limits.silenceMs + 2 * limits.pingMs)
})

async function turns(): Promise<void> {
  for (let i = 0; i < 5 || cryptoRunning() > 0; i++) await new Promise((resolve) => setImmediate(resolve))
}
