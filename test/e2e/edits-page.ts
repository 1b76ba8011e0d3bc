// A page that makes many edits as fast as it can and says how long it took until all were on disk; and the same number of bare records, as a floor.

import { openDB } from 'idb'
import { openPeer } from '../../src/browser.ts'

export interface Measured {
  /** Until every edit was made, and until all were on disk. */
  readonly editedMs: number
  readonly durableMs: number
  readonly reopenMs: number
  readonly kept: number
}

declare global {
  var edits: (count: number, atOnce: number) => Promise<Measured>
  var bareRecords: (count: number) => Promise<number>
}

globalThis.edits = async (count, atOnce) => {
  const path = `edits-${crypto.randomUUID()}`
  const peer = await openPeer({ path, network: 'none' })
  const log = await (await peer.space('Home')).open<{ items: string[] }>('log', { init: { items: [] } })
  await log.settled()
  const begin = performance.now()
  for (let i = 0; i < count; i++) {
    log.change((d) => void d.items.push(`edit ${i}`))
    // A breath now and then, as typing or a message gives one: what is written meanwhile goes to disk.
    if (i % atOnce === atOnce - 1) await breath()
  }
  const editedMs = performance.now() - begin
  await log.settled()
  const durableMs = performance.now() - begin
  await peer.close()
  const reopening = performance.now()
  const again = await openPeer({ path, network: 'none' })
  const kept = (await (await again.space('Home')).open<{ items: string[] }>('log')).value.items.length
  const reopenMs = performance.now() - reopening
  await again.close()
  return { editedMs, durableMs, reopenMs, kept }
}

globalThis.bareRecords = async (count) => {
  const name = `bare-${crypto.randomUUID()}`
  const database = await openDB(name, 1, {
    upgrade: (made) => void made.createObjectStore('records', { autoIncrement: true }),
  })
  const begin = performance.now()
  const transaction = database.transaction('records', 'readwrite', { durability: 'strict' })
  for (let i = 0; i < count; i++) void transaction.store.add(new Uint8Array(100))
  await transaction.done
  const tookMs = performance.now() - begin
  database.close()
  return tookMs
}

function breath(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => resolve()
    port2.postMessage(0)
  })
}
