// The writer of the log as a Node program.

import { libp2pNetwork, openPeer } from '../../src/node.ts'
import { serveLines, tell } from './line-server.ts'
import { logCommands } from './log-commands.ts'

const network = libp2pNetwork({ host: '127.0.0.1', mdns: false })
serveLines(
  logCommands(
    (options) => openPeer({ ...options, network }),
    (settled) => tell({ settled }),
  ),
)
