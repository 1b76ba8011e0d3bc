// A peer in a page: steered and asked by the test that opened the page, through `globalThis.pad`.

import { openPeer } from '../../src/browser.ts'
import { padCommands } from './pad-commands.ts'

declare global {
  var pad: ReturnType<typeof padCommands>
  var tracing: string[]
}

globalThis.tracing = []
globalThis.pad = padCommands(openPeer, (...words) => {
  globalThis.tracing.push(`+${performance.now().toFixed(0)}ms ${words.join(' ')}`)
  if (globalThis.tracing.length > 5_000) globalThis.tracing.splice(0, 1_000)
})
