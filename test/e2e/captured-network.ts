// A real network whose traffic is also written down, above the encryption of its connections: what a relay, a neighbour in the mesh, or a thief of
// connection keys would see.

import type { FrameStream, Network, NetworkFactory } from '../../src/net/network.ts'

export interface Capture {
  /** Frames of streams and messages of topics, both ways. */
  readonly bytes: Uint8Array[]
  /** The first frame that went out on each stream we opened. */
  readonly firstFrames: Uint8Array[]
}

export function capture(): Capture {
  return { bytes: [], firstFrames: [] }
}

export function captured(make: NetworkFactory, into: Capture): NetworkFactory {
  return async (context) => {
    const network = await make(context)
    return new Proxy(network, {
      get: (target, name) => overrides(target, into)[name as keyof Network] ?? bound(target, name),
    })
  }
}

function overrides(network: Network, into: Capture): Partial<Network> {
  return {
    open: async (...args) => {
      const stream = await network.open(...args)
      let isFirst = true
      return noted(stream, into, (frame) => {
        if (isFirst) into.firstFrames.push(frame.slice())
        isFirst = false
      })
    },
    handle: (protocol, handler) => network.handle(protocol, (stream) => handler(noted(stream, into))),
    subscribe: (topic, listener) =>
      network.subscribe(topic, (message) => {
        into.bytes.push(message.bytes.slice())
        return listener(message)
      }),
    publish: (topic, bytes) => {
      into.bytes.push(bytes.slice())
      return network.publish(topic, bytes)
    },
  }
}

function noted(stream: FrameStream, into: Capture, onSent: (frame: Uint8Array) => void = () => {}): FrameStream {
  return {
    remote: stream.remote,
    send: (frame) => {
      onSent(frame)
      into.bytes.push(frame.slice())
      return stream.send(frame)
    },
    frames: notedFrames(stream.frames, into),
    close: () => stream.close(),
    abort: (reason) => stream.abort(reason),
  }
}

async function* notedFrames(frames: AsyncIterable<Uint8Array>, into: Capture): AsyncIterable<Uint8Array> {
  for await (const frame of frames) {
    into.bytes.push(frame.slice())
    yield frame
  }
}

function bound(network: Network, name: string | symbol): unknown {
  const value: unknown = Reflect.get(network, name, network)
  return typeof value === 'function' ? value.bind(network) : value
}
