// A crowd of whole peers in one process: each signs, seals and stores as shipped, over real sockets with its data in files, or all in memory.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { libp2pNetwork } from '../../src/net/libp2p.node.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import { filesystemStore } from '../../src/node.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { allSpeak, Ledger, ownerOf, type Told, VOICES } from './crowd-ledger.ts'

export interface CrowdOptions {
  readonly peers: number
  readonly wire: 'tcp' | 'memory'
  readonly durationMs: number
}

export interface CrowdResult {
  /** From the first peer's opening until every peer is in contact with every other, as far as that goes. */
  readonly metMs: number
  /** Each peer says 20 words with each voice, in one go: until all have heard all. */
  readonly twentyMs: number
  /** Words heard, where each travels alone, and where each voice says 20 in one go. */
  readonly single: Told
  readonly bursts: Told | undefined
  /** Messages that were sent to the topic for the two. */
  readonly singleMessages: number
  readonly burstMessages: number
  readonly memory: Memory
  /** Bytes that all peers sent while each word travelled alone: by gossip, and in sessions. */
  readonly gossipBytes: number
  readonly sessionBytes: number
}

/** Megabytes that one more peer costs, of the crowd that is connected and idle. */
export interface Memory {
  readonly heapMB: number
  readonly outsideMB: number
  readonly residentMB: number
}

const BURST = 20
/** Each peer of a crowd has a disk of its own; on one disk, what would be measured is how it copes with so many. */
const ramDisk = '/dev/shm'
type Words = Record<string, number>

/** `began` is told when what is measured begins. */
export async function crowdOfOurs(
  { peers: count, wire, durationMs }: CrowdOptions,
  began: (what: 'single' | 'bursts' | 'over') => void = () => {},
): Promise<CrowdResult> {
  const folder = mkdtempSync(join(existsSync(ramDisk) ? ramDisk : tmpdir(), 'joinery-crowd-'))
  const hub = memoryHub({ clock: systemClock })
  const peers: Peer[] = []
  let messages = 0
  const open = (name: string): Promise<Peer> =>
    openPeerOn(
      {
        path: join(folder, name),
        store: wire === 'tcp' ? filesystemStore() : memoryStore(memoryDisk()),
        network: wire === 'tcp' ? libp2pNetwork({ host: '127.0.0.1', mdns: false }) : memoryNetwork(hub, { id: name }),
        awaitNetwork: true,
        onThrow: (error) => {
          throw error
        },
      },
      {
        name,
        trace: (event, what) => {
          if (event === 'gossip' && what === 'sent') messages++
        },
      },
    )
  try {
    const memoryBefore = weigh()
    const beganAt = performance.now()
    for (let i = 0; i < count; i++) peers.push(await open(`p${i}`))
    const first = await (peers[0] as Peer).space('Crowd')
    const ticket = await first.invite()
    const spaces: Space[] = [first]
    for (const peer of peers.slice(1)) spaces.push(await peer.join(ticket))
    const ledger = new Ledger(count)
    const byPeer: (readonly DocHandle<Words>[])[] = []
    for (const [peer, space] of spaces.entries()) byPeer.push(await openAll(space, peer, ledger))
    await until(() => spaces.every((space) => contacts(space) === count - 1))
    const metMs = performance.now() - beganAt
    await pause(2_000)
    const memory = perPeer(memoryBefore, weigh(), count)
    // What is said in several documents travels in several messages.
    const say = (voice: number, number: number): void =>
      byPeer[ownerOf(voice)]?.[voice % VOICES]?.change((d) => void (d[`v${voice}`] = number))
    const warm = await allSpeak(ledger, [], { burst: 1, durationMs: durationMs / 4, say })
    messages = 0
    began('single')
    const before = sent(peers)
    const single = await allSpeak(ledger, warm.next, { burst: 1, durationMs, say })
    const after = sent(peers)
    const singleMessages = messages
    messages = 0
    began('bursts')
    const bursts = await allSpeak(ledger, single.next, { burst: BURST, durationMs, say })
    const burstMessages = messages
    began('over')
    const twenty = await allSpeak(ledger, bursts.next, { burst: BURST, durationMs: 0, say })
    await until(() => spaces.every((space) => space.status.current.upToDate))
    return {
      ...{ metMs, twentyMs: twenty.ms, single, bursts, singleMessages, burstMessages, memory },
      ...{ gossipBytes: after.gossip - before.gossip, sessionBytes: after.sessions - before.sessions },
    }
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Opens the documents of a peer, one for each voice. */
async function openAll(space: Space, peer: number, ledger: Ledger): Promise<readonly DocHandle<Words>[]> {
  const documents: DocHandle<Words>[] = []
  for (let i = 0; i < VOICES; i++) {
    const document = await space.open<Words>(`words ${i}`)
    document.on('patch', ({ patches, local }) => {
      if (local) return
      for (const patch of patches)
        if (patch.type === 'set') ledger.hears(peer, Number(String(patch.path[0]).slice(1)), Number(patch.value))
    })
    documents.push(document)
  }
  return documents
}

function sent(peers: readonly Peer[]): { readonly gossip: number; readonly sessions: number } {
  const sum = (of: (traffic: Peer['traffic']) => number): number =>
    peers.reduce((total, { traffic }) => total + of(traffic), 0)
  return { gossip: sum(({ gossipSent }) => gossipSent), sessions: sum(({ syncSent }) => syncSent) }
}

function contacts(space: Space): number {
  return space.status.current.peers.filter(({ connected }) => connected).length
}

/** Bytes in use, after the garbage is gone. */
export function weigh(): NodeJS.MemoryUsage {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  return process.memoryUsage()
}

export function perPeer(before: NodeJS.MemoryUsage, after: NodeJS.MemoryUsage, count: number): Memory {
  const each = (of: (usage: NodeJS.MemoryUsage) => number): number => (of(after) - of(before)) / count / 1e6
  return {
    heapMB: each(({ heapUsed }) => heapUsed),
    outsideMB: each(({ external }) => external),
    residentMB: each(({ rss }) => rss),
  }
}

export async function until(isTrue: () => boolean, timeoutMs = 120_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`it did not come true within ${timeoutMs} ms`)
    await pause(20)
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
