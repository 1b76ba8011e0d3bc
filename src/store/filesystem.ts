// A store in a folder, for Node.

import { systemRandom } from '../base/random.ts'
import { folderStore } from './filesystem/folder-store.ts'
import { nodeDisk } from './filesystem/node-disk.ts'
import type { StoreFactory } from './store.ts'

export interface FilesystemStoreOptions {
  /** @internal Size at which the next segment is begun; small in tests. */
  readonly segmentBytes?: number
}

/**
 * Opens stores in folders; a missing folder is made. Rejects 'store-locked' (another process has it), 'store-denied' (it cannot be read and
 * written), 'store-full', 'store-newer' (a newer joinery wrote it; it stays as it is).
 *
 * @example
 * const peer = await openPeer({ store: filesystemStore(), path: './.joinery' })
 */
export function filesystemStore(options: FilesystemStoreOptions = {}): StoreFactory {
  return folderStore({ disk: nodeDisk, random: systemRandom }, options)
}
