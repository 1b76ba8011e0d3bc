// What every network keeps, whatever carries it. Run on memory and on libp2p over real sockets.

import { afterEach, describe, expect, test } from 'vitest'
import { equalBytes } from '../../src/base/bytes.ts'
import { JoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { FrameStream, Network, NetworkEvents } from '../../src/net/network.ts'

export interface ContractOptions {
  /** A new network, not connected to anybody. */
  readonly make: () => Promise<Network>
  /** Sent through a slow reader, in bytes. */
  readonly bulkBytes: number
}

const patience = { timeout: 10_000, interval: 5 }
const until = (condition: () => boolean): Promise<void> => expect.poll(condition, patience).toBe(true)
const code = (error: unknown): string => (error instanceof JoineryError ? error.code : String(error))
const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'none', code)

export function networkContract(name: string, { make, bulkBytes }: ContractOptions): void {
  const made: Network[] = []
  const network = async (): Promise<Network> => {
    const one = await make()
    made.push(one)
    return one
  }
  const pair = async (): Promise<readonly [Network, Network]> => {
    const [a, b] = await Promise.all([network(), network()])
    await join(a, b)
    return [a, b]
  }

  afterEach(async () => {
    await Promise.all(made.splice(0).map((one) => one.close()))
  })

  describe(`a network: ${name}`, () => {
    test('who dials learns whom it reached, and both sides are told, once', async () => {
      const [a, b] = await Promise.all([network(), network()])
      const seen = [record(a), record(b)]
      expect(await a.dial(b.addresses)).toBe(b.id)
      await until(() => seen.every((events) => events.length > 0))
      expect(seen).toEqual([[`connect ${b.id}`], [`connect ${a.id}`]])
      expect(a.connections.get(b.id)?.[0]).toMatchObject({ direct: true, direction: 'outbound' })
      expect(b.connections.get(a.id)?.[0]).toMatchObject({ direct: true, direction: 'inbound' })
    })

    test('a node that is connected is not dialled again', async () => {
      const [a, b] = await pair()
      expect(await a.dial(b.addresses)).toBe(b.id)
      expect(a.connections.get(b.id)).toHaveLength(1)
    })

    test('when one hangs up, both are told', async () => {
      const [a, b] = await pair()
      const seen = [record(a), record(b)]
      await a.hangUp(b.id)
      await until(() => seen.every((events) => events.length > 0))
      expect(seen).toEqual([[`disconnect ${b.id}`], [`disconnect ${a.id}`]])
      expect([a.connections.size, b.connections.size]).toEqual([0, 0])
      await a.hangUp(b.id)
    })

    test.each([
      ['no address at all', []],
      ['garbage', ['', 'garbage', '/', '/ip4/999.1.1.1/tcp/1', '\u0000']],
      ['an address of another world', ['/unix/tmp']],
      ['a port where nobody listens', ['/ip4/127.0.0.1/tcp/9', 'memory:nobody']],
    ])('%s is an error with a sentence, not a crash', async (_, addresses) => {
      const a = await network()
      const error = await a.dial(addresses).catch((thrown: unknown) => thrown)
      expect(code(error)).toBe('network')
      expect(String(error)).toMatch(/none of these|nobody answers|no address answered/)
    })

    test('one good address among bad ones is enough', async () => {
      const [a, b] = await Promise.all([network(), network()])
      expect(await a.dial(['garbage', '/ip4/127.0.0.1/tcp/9', ...b.addresses])).toBe(b.id)
    })

    test('a signal that fires ends dialling and opening', async () => {
      const [a, b, c] = await Promise.all([network(), network(), network()])
      const fired = AbortSignal.abort(new Error('enough'))
      expect(await codeOf(a.dial(b.addresses, { signal: fired }))).toBe('aborted')
      const soon = new AbortController()
      const dialling = codeOf(a.dial(b.addresses, { signal: soon.signal }))
      soon.abort(new Error('enough'))
      expect(await dialling).toBe('aborted')
      await join(a, c)
      expect(await codeOf(a.open(c.id, '/test/none', { signal: fired }))).toBe('aborted')
    })

    test('frames arrive whole and in order, from empty ones to the largest', async () => {
      const [a, b] = await pair()
      const sizes = [0, 1, 3, 0, 65_535, 1000, limits.frameBytes, 2]
      echo(b)
      const stream = await a.open(b.id, '/test/echo')
      const sending = sendAll(
        stream,
        sizes.map((size) => filled(size)),
      )
      const received = await collect(stream)
      await sending
      expect(received.map(({ length }) => length)).toEqual(sizes)
      expect(received.every((frame) => equalBytes(frame, filled(frame.length)))).toBe(true)
    })

    test('a handler hears who opened, and a protocol nobody handles is refused', async () => {
      const [a, b] = await pair()
      const remotes: string[] = []
      b.handle('/test/who', (stream) => {
        remotes.push(stream.remote)
        return stream.close()
      })
      const stream = await a.open(b.id, '/test/who')
      expect(stream.remote).toBe(b.id)
      expect(await collect(stream)).toEqual([])
      expect(remotes).toEqual([a.id])
      expect(await codeOf(a.open(b.id, '/test/unknown'))).toBe('network')
    })

    test('a handler that throws ends its stream, and no other', async () => {
      const [a, b] = await pair()
      echo(b)
      b.handle('/test/throws', () => {
        throw new Error('a mistake')
      })
      const [broken, whole] = [await a.open(b.id, '/test/throws'), await a.open(b.id, '/test/echo')]
      expect(await codeOf(collect(broken))).toBe('network')
      await sendAll(whole, [filled(5)])
      expect(await collect(whole)).toEqual([filled(5)])
    })

    test('a frame over the limit is refused before it is sent (Invariant 9)', async () => {
      const [a, b] = await pair()
      echo(b)
      const stream = await a.open(b.id, '/test/echo')
      expect(await codeOf(stream.send(new Uint8Array(limits.frameBytes + 1)))).toBe('limit')
      await sendAll(stream, [filled(7)])
      expect(await collect(stream)).toEqual([filled(7)])
    })

    test('a slow reader holds its sender back (Invariant 9)', { timeout: 60_000 }, async () => {
      const [a, b] = await pair()
      const size = 256 * 1024
      let read = 0
      let sent = 0
      let ahead = 0
      const done = new Promise<void>((resolve) => {
        b.handle('/test/slow', async (stream) => {
          for await (const frame of stream.frames) {
            if (read % (16 * size) === 0) await turn()
            read += frame.length
            ahead = Math.max(ahead, sent - read)
          }
          resolve()
        })
      })
      const stream = await a.open(b.id, '/test/slow')
      for (; sent < bulkBytes; sent += size) await stream.send(filled(size))
      await stream.close()
      await done
      expect(read).toBe(bulkBytes)
      expect(ahead).toBeLessThanOrEqual(2 * limits.frameBytes)
    })

    test('a sender whose reader never reads waits, and stops waiting when the stream is cut', async () => {
      const [a, b] = await pair()
      const streams: FrameStream[] = []
      b.handle('/test/deaf', (stream) => void streams.push(stream))
      const stream = await a.open(b.id, '/test/deaf')
      let sent = 0
      const sending = codeOf(
        (async () => {
          for (; sent < 20; sent++) await stream.send(new Uint8Array(limits.frameBytes))
        })(),
      )
      await until(() => sent > 0 && streams.length > 0)
      await turn()
      expect(sent).toBeLessThan(4)
      streams[0]?.abort(new Error('not today'))
      expect(await sending).toBe('network')
    })

    test('closing one side leaves the other open; a cut is an error at the other end', async () => {
      const [a, b] = await pair()
      b.handle('/test/late', async (stream) => {
        await collect(stream)
        await stream.send(filled(9))
        await stream.close()
      })
      const half = await a.open(b.id, '/test/late')
      await half.close()
      await half.close()
      expect(await codeOf(half.send(filled(1)))).toBe('closed')
      expect(await collect(half)).toEqual([filled(9)])

      const ends: Promise<string>[] = []
      b.handle('/test/cut', (stream) => void ends.push(codeOf(collect(stream))))
      const cut = await a.open(b.id, '/test/cut')
      await cut.send(filled(1))
      await until(() => ends.length > 0)
      cut.abort(new Error('enough'))
      expect(await ends[0]).toBe('network')
      expect(await codeOf(cut.send(filled(1)))).toBe('network')
    })

    test('streams break with their connection', async () => {
      const [a, b] = await pair()
      b.handle('/test/held', () => {})
      const stream = await a.open(b.id, '/test/held')
      const end = codeOf(collect(stream))
      await b.hangUp(a.id)
      expect(await end).toBe('network')
      await stream.close()
      expect(await codeOf(a.open(b.id, '/test/held'))).toBe('network')
    })

    test('what is said on a topic reaches all who listen, once, and not the one who said it', async () => {
      const nodes = await Promise.all([network(), network(), network()])
      const [a, b, c] = nodes as [Network, Network, Network]
      await Promise.all([join(a, b), join(b, c), join(a, c)])
      const heard = nodes.map((node) => listen(node, 'news'))
      await until(() => nodes.every((node) => node.subscribers('news').length === 2))
      for (let i = 0; i < 20; i++) await a.publish('news', Uint8Array.of(i))
      await until(() => heard[1]?.length === 20 && heard[2]?.length === 20)
      await turn()
      expect(heard.map((messages) => messages.length)).toEqual([0, 20, 20])
      expect(new Set(heard[1]).size).toBe(20)
      expect(a.counters.gossipSent).toBeGreaterThanOrEqual(40)
      expect(b.counters.gossipReceived).toBeGreaterThanOrEqual(20)
    })

    test('three in a line: what the middle one accepts goes on, what it rejects or ignores does not', async () => {
      const [a, b, c] = (await Promise.all([network(), network(), network()])) as [Network, Network, Network]
      await Promise.all([join(a, b), join(b, c)])
      listen(a, 'line')
      b.subscribe('line', async ({ bytes, from }) => {
        expect(from).toBe(a.id)
        await turn()
        return bytes[0] === 1 ? 'reject' : bytes[0] === 2 ? 'ignore' : 'accept'
      })
      const heard = listen(c, 'line')
      await until(() => b.subscribers('line').length === 2 && a.subscribers('line').length === 1)
      for (const first of [1, 2, 3]) await a.publish('line', Uint8Array.of(first, 9))
      await until(() => heard.length > 0)
      await turn()
      expect(heard).toEqual(['3,9'])
    })

    test('publishing to nobody is no error; publishing too much is', async () => {
      const a = await network()
      await a.publish('empty', Uint8Array.of(1))
      expect(await codeOf(a.publish('empty', new Uint8Array(limits.gossipFrameBytes + 1)))).toBe('limit')
    })

    test('the largest message passes, and others after it', async () => {
      const [a, b] = await pair()
      const heard: number[] = []
      b.subscribe('large', ({ bytes }) => {
        heard.push(bytes.length)
        return 'accept'
      })
      listen(a, 'large')
      await until(() => a.subscribers('large').length === 1)
      await a.publish('large', new Uint8Array(limits.gossipFrameBytes))
      await a.publish('large', Uint8Array.of(1))
      await until(() => heard.length === 2)
      expect(heard.sort((x, y) => x - y)).toEqual([1, limits.gossipFrameBytes])
    })

    test('who stops listening hears nothing more', async () => {
      const [a, b] = await pair()
      const heard: string[] = []
      const off = b.subscribe('quiet', ({ bytes }) => {
        heard.push(String(bytes))
        return 'accept'
      })
      listen(a, 'quiet')
      await until(() => a.subscribers('quiet').length === 1)
      off()
      await until(() => a.subscribers('quiet').length === 0)
      await a.publish('quiet', Uint8Array.of(1))
      await turn()
      expect(heard).toEqual([])
    })

    test('a paused network is cut off both ways, and comes back under the same addresses', async () => {
      const [a, b] = await pair()
      const heard = listen(b, 'pause')
      listen(a, 'pause')
      const { addresses } = b
      await b.pause()
      expect(b.connections.size).toBe(0)
      await until(() => a.connections.size === 0)
      expect(await codeOf(b.dial(a.addresses))).toBe('network')
      // A denied dialler may believe itself connected for a moment: what counts is that nobody is, in the end.
      await a.dial(addresses).catch(() => {})
      await until(() => a.connections.size === 0 && b.connections.size === 0)
      await a.publish('pause', Uint8Array.of(1))
      expect(heard).toEqual([])

      await b.resume()
      expect(b.addresses).toEqual(addresses)
      expect(await a.dial(addresses)).toBe(b.id)
      await until(() => a.subscribers('pause').length === 1)
      await a.publish('pause', Uint8Array.of(2))
      await until(() => heard.length > 0)
      expect(heard).toEqual(['2'])
    })

    test('a closed network takes nothing more, and closing it again is no error', async () => {
      const [a, b] = await pair()
      const seen = record(b)
      await a.close()
      await a.close()
      await until(() => seen.length > 0)
      expect(seen).toEqual([`disconnect ${a.id}`])
      expect(await codeOf(a.dial(b.addresses))).toBe('closed')
      expect(await codeOf(a.open(b.id, '/test/echo'))).toBe('closed')
      expect(await codeOf(a.publish('t', Uint8Array.of(1)))).toBe('closed')
      expect(await codeOf(b.dial(a.addresses))).toBe('network')
    })
  })
}

/** Connects, and waits until both sides know. */
export async function join(a: Network, b: Network): Promise<void> {
  await a.dial(b.addresses)
  await until(() => b.connections.has(a.id))
}

/** Everything said on the topic from now on. */
export function listen(network: Network, topic: string): string[] {
  const heard: string[] = []
  network.subscribe(topic, ({ bytes }) => {
    heard.push(String(bytes))
    return 'accept'
  })
  return heard
}

export function echo(network: Network): void {
  network.handle('/test/echo', async (stream) => {
    for await (const frame of stream.frames) await stream.send(frame)
    await stream.close()
  })
}

export async function collect(stream: FrameStream): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const frame of stream.frames) frames.push(frame)
  return frames
}

export async function sendAll(stream: FrameStream, frames: readonly Uint8Array[]): Promise<void> {
  for (const frame of frames) await stream.send(frame)
  await stream.close()
}

export function filled(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i += 97) bytes[i] = i % 251
  return bytes
}

function record(network: Network): string[] {
  const events: string[] = []
  for (const name of ['connect', 'disconnect'] as const satisfies readonly (keyof NetworkEvents)[]) {
    network.on(name, ({ node }) => events.push(`${name} ${node}`))
  }
  return events
}

/** Time for what should not happen to happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}
