// The package's main entry in browsers: peers that rest in IndexedDB and travel by WebRTC and WebSocket. A secure context is needed.

import type { Off } from './base/emitter.ts'
import { JoineryError } from './base/errors.ts'
import { libp2pNetwork } from './net/libp2p.browser.ts'
import type { Peer, PeerOptions } from './peer/api.ts'
import { openPeerOn } from './peer/peer.ts'
import type { TabChannel } from './peer/tabs.ts'
import { pageLife } from './store/indexeddb/page-life.ts'
import { indexeddbStore } from './store/indexeddb.ts'

/**
 * Opens this browser's peer: its store (by default the IndexedDB database 'joinery') and, in one tab of all, its network.
 * Errors: 'insecure-context', 'no-indexeddb', 'store-newer', 'store-full', 'bad-option'.
 *
 * @example
 * const peer = await openPeer()
 * const space = await peer.space('Family')
 */
export async function openPeer(options: PeerOptions = {}): Promise<Peer> {
  if (!globalThis.isSecureContext) {
    throw new JoineryError(
      'insecure-context',
      'This page is not a secure context, so it has no cryptography, locks or lasting storage. Open it from https:// or from http://localhost.',
    )
  }
  return openPeerOn(
    {
      path: 'joinery',
      store: indexeddbStore(),
      network: libp2pNetwork(),
      awaitNetwork: false,
      mayForget: true,
      tabs: openTabChannel,
      onWake,
      onThrow: (error) => globalThis.reportError(error),
    },
    options,
  )
}

export { libp2pNetwork } from './net/libp2p.browser.ts'

/** The page was frozen or hidden, or the device had no network. */
function onWake(listener: () => void): Off {
  const off = pageLife.onWake(listener)
  globalThis.addEventListener('online', listener)
  return () => {
    off()
    globalThis.removeEventListener('online', listener)
  }
}

function openTabChannel(path: string): TabChannel {
  const channel = new BroadcastChannel(`joinery-tabs:${path}`)
  return {
    post: (message) => channel.postMessage(message),
    onMessage(listener) {
      const listen = ({ data }: MessageEvent): void => listener(data)
      channel.addEventListener('message', listen)
      return () => channel.removeEventListener('message', listen)
    },
    close: () => channel.close(),
  }
}

export * from './public.ts'
export { indexeddbStore } from './store/indexeddb.ts'
