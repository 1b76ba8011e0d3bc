// A node in a worker of the page: tells its addresses, echoes streams, and ends without a word when the worker is ended.

import { broadcastChannelNetwork } from '../../src/net/broadcast-channel.ts'
import { shelf } from './shelf.ts'

const { name } = self
const network = await broadcastChannelNetwork({ name })({ shelf: shelf() })
network.handle('/test/echo', async (stream) => {
  for await (const frame of stream.frames) await stream.send(frame)
  await stream.close()
})
self.postMessage(network.addresses)
