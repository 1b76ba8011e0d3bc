// What the browser says of the room that this site has, and whether it keeps what is there when it runs short.

import type { Usage } from '../store.ts'

let asked = false

/** Asks the browser, once a page, not to clear this site's data by itself. It may say no; some ask the user. */
export function askToPersist(): void {
  if (asked) return
  asked = true
  void navigator.storage?.persist?.().catch(() => false)
}

export async function usageOfSite(): Promise<Usage> {
  const { storage } = navigator
  const [estimate, persisted] = await Promise.all([
    storage?.estimate?.().catch(() => undefined),
    storage?.persisted?.().catch(() => undefined),
  ])
  return { usedBytes: estimate?.usage, roomBytes: estimate?.quota, persisted }
}
