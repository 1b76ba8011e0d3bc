// A Node service that reads and writes a space, and exposes it by HTTP. Other peers edit the same to-dos, with this one or without it.
//
//   npm run todo-backend -- --path ./todo-data --port 8080 [--ticket joinery:…]

import { parseArgs } from 'node:util'
import { libp2pNetwork, openPeer } from 'joinery'
import { startService } from './service.ts'
import { Todos } from './todos.ts'

const { values } = parseArgs({
  options: {
    path: { type: 'string', default: './todo-data' },
    port: { type: 'string', default: '8080' },
    ticket: { type: 'string' },
    /** For this computer alone: neither heard nor found by others on the network. */
    local: { type: 'boolean', default: false },
  },
})

const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`--port is a number from 0 to 65535, not "${values.port}"`)
  process.exit(2)
}
const network = values.local ? libp2pNetwork({ host: '127.0.0.1', mdns: false }) : libp2pNetwork()
const peer = await openPeer({ path: values.path, name: 'to-do service', network })
peer.on('error', (error) => console.error(`${error.code}: ${error.message}`))
const space =
  values.ticket === undefined ? (peer.spaces[0] ?? (await peer.space('Todos'))) : await peer.join(values.ticket)
const service = await startService(await Todos.open(space), port)
console.log(`http://localhost:${service.port}/todos`)
console.log(`invite others: ${await space.invite()}`)

// Asked twice, it ends at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end())

/** What was begun is answered first; then the peer saves what is left, and says goodbye. */
async function end(): Promise<void> {
  await service.close()
  await peer.close()
  process.exit(0)
}
