// What differs by platform, and the store that a peer is opened on there: the folder or database at its path, or one in memory that forgets, where a browser
// gives no other.

import type { Sealer } from '../auth/seal.ts'
import type { Signing } from '../auth/signing.ts'
import type { Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import type { NetworkFactory } from '../net/network.ts'
import { memoryDisk, memoryStore } from '../store/memory.ts'
import type { Store, StoreFactory } from '../store/store.ts'
import type { PeerOptions } from './api.ts'
import type { TabChannel } from './tabs.ts'

/** Filled in by node.ts and browser.ts. */
export interface Platform {
  readonly path: string
  readonly store: StoreFactory
  readonly network: NetworkFactory
  /** Whether opening waits for the network to listen: in Node, where a program wants its addresses at once. */
  readonly awaitNetwork: boolean
  /** The way to other tabs on the same path, where there can be any. */
  readonly tabs?: (path: string) => TabChannel
  /** Where the platform may have no place to keep anything: the peer opens all the same, forgets, and says so. */
  readonly mayForget?: boolean
  /** The platform slept, or has a network again. */
  readonly onWake?: (listener: () => void) => Off
  /** Tells the platform of an error that a listener of the application threw. */
  readonly onThrow: (error: unknown) => void
  /** For tests that must show they would notice a missing seal. */
  readonly sealer?: Sealer
  /** For simulations. */
  readonly signing?: Signing
}

/** What the newest part of the house asks of the platform stands for all of it. Errors: 'unsupported'. */
export function checkPlatform(): void {
  if (typeof Promise.withResolvers === 'function' && typeof Map.groupBy === 'function') return
  throw new JoineryError(
    'unsupported',
    'This platform is too old for joinery, which needs Node 22.12 or newer, or a current browser.',
  )
}

/** Errors: 'bad-option'. */
export function checkOptions(options: PeerOptions): void {
  const known = ['path', 'store', 'network', 'name', 'clock', 'random', 'trace']
  const stray = Object.keys(options).find((key) => !known.includes(key))
  if (stray !== undefined)
    throw new JoineryError('bad-option', `openPeer has no option "${stray}". It has: ${known.join(', ')}.`)
  if (options.name !== undefined && typeof options.name !== 'string')
    throw new JoineryError('bad-option', 'The option "name" is a text: how members of your spaces see this peer.')
}

export interface OpenedStore {
  readonly store: Store
  /** Why it keeps nothing, where it was to. */
  readonly forgets?: JoineryError
}

/** Errors: 'bad-option', and the store's. */
export async function openStore(platform: Platform, options: PeerOptions): Promise<OpenedStore> {
  const path = options.path ?? platform.path
  if (typeof path !== 'string' || path === '')
    throw new JoineryError(
      'bad-option',
      'The option "path" is a text that is not empty: a folder in Node, a database name in a browser.',
    )
  const inMemory = (): Promise<Store> => memoryStore(memoryDisk())(path)
  if (options.store === 'memory') return { store: await inMemory() }
  try {
    return { store: await (options.store ?? platform.store)(path) }
  } catch (error) {
    const mayForget = options.store === undefined && platform.mayForget === true
    if (!mayForget || !isJoineryError(error, 'no-indexeddb')) throw error
    return { store: await inMemory(), forgets: forgetting(error) }
  }
}

function forgetting(cause: JoineryError): JoineryError {
  return new JoineryError(
    'no-indexeddb',
    'This browser keeps nothing for this page, perhaps because the window is private: what is written here is gone when the page is closed, unless another member has stored it.',
    { cause },
  )
}
