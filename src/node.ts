// The package's main entry in Node: peers that rest in files and travel by TCP, WebSocket, WebRTC-direct, found nearby by mDNS.

import { nodeSigning } from './auth/device.node.ts'
import { libp2pNetwork } from './net/libp2p.node.ts'
import type { Peer, PeerOptions } from './peer/api.ts'
import { openPeerOn } from './peer/peer.ts'
import { filesystemStore } from './store/filesystem.ts'

/**
 * Opens this device's peer: its store (by default the folder './.joinery') and its network. Resolves when it listens.
 * Errors: 'store-locked', 'store-denied', 'store-full', 'store-newer', 'bad-option', 'network'.
 *
 * @example
 * const peer = await openPeer()
 * const space = await peer.space('Family')
 */
export function openPeer(options: PeerOptions = {}): Promise<Peer> {
  return openPeerOn(
    {
      path: './.joinery',
      store: filesystemStore(),
      network: libp2pNetwork(),
      signing: nodeSigning,
      awaitNetwork: true,
      onThrow: (error) => {
        queueMicrotask(() => {
          throw error
        })
      },
    },
    options,
  )
}

export { checkFolder, type Finding, type FolderReport, type RepairReport, repairFolder } from './fsck.node.ts'
export { libp2pNetwork } from './net/libp2p.node.ts'
export * from './public.ts'
export { filesystemStore } from './store/filesystem.ts'
