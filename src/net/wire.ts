// A libp2p stream as a Wire. libp2p 3 streams are event emitters: `send` answers false until 'drain', data comes as 'message' events.

import type { Stream } from '@libp2p/interface'
import type { Wire } from './frames.ts'

/** Told of every byte. */
export interface Meter {
  sent(sizeBytes: number): void
  received(sizeBytes: number): void
}

/** Has to be made and started in the turn in which the stream was handed out: messages without a listener only wait up to 4 MiB. */
export function streamWire(stream: Stream, remote: string, meter: Meter): Wire {
  return {
    remote,
    start(on) {
      let ended = false
      const end = (error?: Error): void => {
        if (ended) return
        ended = true
        on.end(error)
      }
      stream.addEventListener('message', ({ data }) => {
        meter.received(data.byteLength)
        if (data instanceof Uint8Array) on.data(data)
        else for (const part of data) on.data(part)
      })
      stream.addEventListener('end', () => end())
      stream.addEventListener('close', (event) => end(event.error))
      // A stream that closed before anybody listened emits nothing any more.
      if (stream.status !== 'open' || stream.readableEnded) queueMicrotask(end)
    },
    async send(bytes) {
      meter.sent(bytes.length)
      if (!stream.send(bytes)) await drained(stream)
    },
    close: () => settled(stream),
    abort: (error) => stream.abort(error),
  }
}

function drained(stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
    }
    const onDrain = (): void => {
      settle()
      resolve()
    }
    const onClose = (event: { readonly error?: Error | undefined }): void => {
      settle()
      reject(event.error ?? new Error('the stream closed'))
    }
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
  })
}

/** A close that the other end does not answer becomes a cut. */
async function settled(stream: Stream): Promise<void> {
  try {
    await stream.close()
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
