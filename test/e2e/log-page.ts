// The writer of the log in a page. The test hears of settled entries through `told`, a function it puts there.

import { openPeer } from '../../src/browser.ts'
import { type LogCommands, logCommands } from './log-commands.ts'

declare global {
  var writer: LogCommands
  var told: (entry: string) => void
}

globalThis.writer = logCommands(openPeer, (entry) => globalThis.told(entry))
