// Presence over real sockets and real files: seen, followed, gone; by way of others; and nowhere on disk.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DocHandle, libp2pNetwork, openPeer, type Peer, text } from 'joinery'
import { afterEach, expect, test } from 'vitest'
import type { Network } from '../../src/net/network.ts'

const folder = mkdtempSync(join(tmpdir(), 'joinery-presence-'))
const peers: Peer[] = []
const networks = new Map<string, Network>()

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
  rmSync(folder, { recursive: true, force: true })
})

async function open(name: string): Promise<Peer> {
  const make = libp2pNetwork({ host: '127.0.0.1', mdns: false })
  const peer = await openPeer({
    path: join(folder, name),
    name,
    network: async (context) => {
      const network = await make(context)
      networks.set(name, network)
      return network
    },
  })
  peers.push(peer)
  return peer
}

type Note = { body: ReturnType<typeof text> }
const within = { timeout: 5_000, interval: 10 }
const names = (note: DocHandle<Note>): string[] => note.presence.current.map(({ name }) => name).sort()

test('three peers see one another’s cursors in a text, the newest within half a second; who closes is gone at once, who crashes within ten seconds', {
  timeout: 60_000,
}, async () => {
  const ada = await open('ada')
  const space = await ada.space('Team')
  const a = await space.open<Note>('plan', { init: { body: text('Sea, then mountains.') } })
  const ticket = await space.invite()
  const others: DocHandle<Note>[] = []
  for (const name of ['bo', 'cy']) {
    const joined = await (await open(name)).join(ticket)
    await joined.met({ timeoutMs: 20_000 })
    others.push(await joined.open<Note>('plan', { init: { body: text('Sea, then mountains.') } }))
  }
  const [b, c] = others as [DocHandle<Note>, DocHandle<Note>]
  a.presence.set({ caret: a.cursor(['body'], 5) })
  b.presence.set('bo is here')
  c.presence.set('cy is here')
  await expect
    .poll(() => [names(a), names(b), names(c)], within)
    .toEqual([
      ['bo', 'cy'],
      ['ada', 'cy'],
      ['ada', 'bo'],
    ])

  const caret = (): unknown => {
    const shown = c.presence.current.find(({ name }) => name === 'ada')?.state as { caret: string }
    return c.openCursor(shown.caret).index
  }
  expect(caret()).toBe(5)
  c.change((d) => d.body.insert(0, 'The '))
  expect(caret()).toBe(9)
  const startedAt = performance.now()
  a.presence.set('a-marker-on-no-disk')
  await expect.poll(() => c.presence.current.map(({ state }) => state), within).toContain('a-marker-on-no-disk')
  expect(performance.now() - startedAt).toBeLessThan(500)

  // The process ends without a word.
  await networks.get('cy')?.close()
  const crashedAt = performance.now()
  await expect.poll(() => names(a), { timeout: 12_000, interval: 50 }).toEqual(['bo'])
  expect(performance.now() - crashedAt).toBeLessThan(10_000)

  await peers[1]?.close()
  await expect.poll(() => names(a), { timeout: 1_000, interval: 10 }).toEqual([])
  await ada.close()
  expect(contents(folder).length).toBeGreaterThan(9)
  for (const bytes of contents(folder)) expect(bytes.includes('a-marker-on-no-disk')).toBe(false)
})

/** All that is in files beneath a folder. */
function contents(of: string): Buffer[] {
  return readdirSync(of, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
}
