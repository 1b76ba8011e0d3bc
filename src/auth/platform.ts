// What the platform's own threads are asked to compute, counted: a simulated world stands still until they are done, so that its time does not run
// while real work is under way.

let running = 0

/** How many signatures and checks are under way. */
export function cryptoRunning(): number {
  return running
}

/** Counts a piece of work of the platform's until it is done. */
export async function onPlatform<T>(work: () => Promise<T>): Promise<T> {
  running++
  try {
    return await work()
  } finally {
    running--
  }
}
