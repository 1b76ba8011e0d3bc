// What the browser says of the room that this site has, and whether it keeps what is there when it runs short.

import type { Usage } from '../store.ts'

const asked = new WeakSet<StorageManager>()

/** Asks the browser, once a page, not to clear this site's data by itself. It may say no; some ask the user. */
export function askToPersist(storage: StorageManager | undefined): void {
  if (storage === undefined || asked.has(storage)) return
  asked.add(storage)
  void storage.persist?.().catch(() => false)
}

export async function usageOfSite(storage: StorageManager | undefined): Promise<Usage> {
  const [estimate, persisted] = await Promise.all([
    storage?.estimate?.().catch(() => undefined),
    storage?.persisted?.().catch(() => undefined),
  ])
  return { usedBytes: estimate?.usage, roomBytes: estimate?.quota, persisted }
}
