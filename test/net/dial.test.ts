// Which addresses are asked, and when: by a clock that does not run by itself.

import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { dialAny } from '../../src/net/dial.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'

test('an address that does not answer is asked again, since the way to it may be free by now; one that said no is not', async () => {
  const clock = new ManualClock()
  const [silent, refusing] = [multiaddr('/ip4/10.0.0.1/tcp/1'), multiaddr('/ip4/10.0.0.2/tcp/2')]
  const asked: string[] = []
  let isFree = false
  const dialOne = async (address: typeof silent, signal: AbortSignal): Promise<Connection> => {
    asked.push(`${address} at ${clock.monotonic()}`)
    if (address === refusing) throw new Error('ECONNREFUSED')
    if (isFree) return { status: 'open' } as Connection
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  const dialled = dialAny([silent, refusing], { clock, dialOne })
  const begin = clock.monotonic()
  await clock.advance(1_700)
  isFree = true
  await clock.advance(1_300)
  expect(await dialled).toEqual({ status: 'open' })
  const times = (address: typeof silent): number[] =>
    asked.filter((one) => one.startsWith(`${address} `)).map((one) => Number(one.split(' at ')[1]) - begin)
  expect(times(refusing)).toEqual([250])
  expect(times(silent)).toEqual([0, 1_750, 3_000])
})
