// A Node peer as a program: opened, steered and asked over stdin and stdout.

import { appendFileSync } from 'node:fs'
import { openPeer } from '../../src/node.ts'
import { serveLines } from './line-server.ts'
import { padCommands } from './pad-commands.ts'

const { JOINERY_TRACE: traceFile } = process.env
const startedAt = performance.now()

serveLines(
  padCommands(
    openPeer,
    traceFile === undefined
      ? undefined
      : (...words) =>
          appendFileSync(traceFile, `+${(performance.now() - startedAt).toFixed(0)}ms ${words.join(' ')}\n`),
  ),
)
