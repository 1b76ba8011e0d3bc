// Web Locks, which the browser frees the moment a tab dies: held until released, and leases of actors' instance numbers made of them.

import { JoineryError } from '../../base/errors.ts'

export interface Held {
  /** Resolves when the lock was stolen. */
  readonly lost: Promise<void>
  release(): Promise<void>
}

/** What `hold` rejects with where a lock was asked for only if available. */
export const taken = new Error('the lock is taken')

/** What is done once the lock is ours, and before anybody is told. It may take long, in a tab that sleeps: `isLost` says whether the lock is still ours. */
export type Begin = (isLost: () => boolean) => Promise<void>

/** Takes a lock and keeps it until released. Where `begin` fails the lock is free again. */
export function hold(
  locks: LockManager | undefined,
  name: string,
  options: LockOptions,
  begin: Begin = async () => {},
): Promise<Held> {
  if (locks === undefined)
    throw new JoineryError('insecure-context', 'Tabs share data only on https: or http://localhost pages.')
  const granted = Promise.withResolvers<Held>()
  const released = Promise.withResolvers<void>()
  const lost = Promise.withResolvers<void>()
  let isLost = false
  const request = locks.request(name, options, async (lock) => {
    if (lock === null) throw taken
    await begin(() => isLost)
    granted.resolve({ lost: lost.promise, release })
    await released.promise
  })
  const release = async (): Promise<void> => {
    released.resolve()
    await request.catch(() => {}) // Stolen meanwhile: then it is as free as we wanted it.
  }
  request.catch((error: unknown) => {
    isLost = true
    granted.reject(error)
    lost.resolve()
  })
  return granted.promise
}

/** Invariant 11: the lowest instance number that no living tab holds. It is free again the moment its holder dies. */
export async function holdInstance(
  locks: LockManager | undefined,
  name: string,
): Promise<Held & { readonly instance: number }> {
  for (let instance = 0; ; instance++) {
    const held = await hold(locks, `${name}:${instance}`, { ifAvailable: true }).catch((error: unknown) => {
      if (error === taken) return undefined
      throw error
    })
    if (held !== undefined) return { instance, ...held }
  }
}
