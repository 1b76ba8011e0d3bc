// Commands of the browser project: a test in Chromium asks the test process for Node peers to talk to, and tells it to stop them.

import { present } from '../../src/base/assert.ts'
import { libp2pNetwork } from '../../src/net/libp2p.node.ts'
import type { Meeting, Network } from '../../src/net/network.ts'
import { shelf } from './shelf.ts'

const running = new Map<string, Network>()
const meetings = new Map<string, Meeting>()

export const netCommands = {
  /** A Node peer on this machine that relays for everybody, echoes streams of /test/echo and answers on the topic 'echo'. */
  async startNodePeer(): Promise<{ readonly id: string; readonly addresses: readonly string[] }> {
    const network = await libp2pNetwork({ host: '127.0.0.1' })({ shelf: shelf() })
    network.admitRelayed(() => true)
    network.handle('/test/echo', async (stream) => {
      for await (const frame of stream.frames) await stream.send(frame)
      await stream.close()
    })
    network.subscribe('echo', ({ bytes }) => {
      if (bytes[0] === 0)
        void network.publish(
          'echo',
          Uint8Array.from(bytes, (byte, i) => (i === 0 ? 1 : byte)),
        )
      return 'accept'
    })
    running.set(network.id, network)
    return { id: network.id, addresses: network.addresses }
  },

  async pauseNodePeer(_context: unknown, id: string): Promise<void> {
    await present(running.get(id), `no peer ${id} runs`).pause()
  },

  async resumeNodePeer(_context: unknown, id: string): Promise<void> {
    await present(running.get(id), `no peer ${id} runs`).resume()
  },

  /** The peer's code for meeting by hand. */
  async meetNodePeer(_context: unknown, id: string): Promise<string> {
    const meeting = present(await running.get(id)?.meetByHand?.(), `no peer ${id} runs`)
    meetings.set(id, meeting)
    return meeting.code
  },

  async takeCode(_context: unknown, id: string, code: string): Promise<string> {
    return present(meetings.get(id), `${id} has no meeting`).take(code)
  },

  async stopNodePeer(_context: unknown, id: string): Promise<void> {
    await running.get(id)?.close()
    running.delete(id)
  },
}

type Command<F> = F extends (context: never, ...args: infer Args) => infer Result ? (...args: Args) => Result : never

declare module 'vitest/browser' {
  interface BrowserCommands {
    startNodePeer: () => ReturnType<typeof netCommands.startNodePeer>
    pauseNodePeer: Command<typeof netCommands.pauseNodePeer>
    resumeNodePeer: Command<typeof netCommands.resumeNodePeer>
    meetNodePeer: Command<typeof netCommands.meetNodePeer>
    takeCode: Command<typeof netCommands.takeCode>
    stopNodePeer: Command<typeof netCommands.stopNodePeer>
  }
}
