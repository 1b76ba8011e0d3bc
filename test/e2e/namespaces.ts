// The namespaces that net.sh made, seen from inside their container: how a program runs in one, and how some are cut off the others.

import { execFileSync } from 'node:child_process'

/** What stands before a command line, so that it runs in namespace k. */
export const inNamespace = (k: number): readonly string[] => ['ip', 'netns', 'exec', `n${k}`]

/** Cuts these namespaces off the others: silent loss, of TCP, UDP and multicast alike. */
export function cut(half: readonly number[]): void {
  for (const k of half) onBridge(k, 'brB')
}

export function heal(half: readonly number[]): void {
  for (const k of half) onBridge(k, 'brA')
}

function onBridge(k: number, bridge: string): void {
  execFileSync('ip', ['link', 'set', `p${k}`, 'master', bridge])
}

/**
 * Runs as process 1 of a container: nobody else handles its signals, and its end is the end of all in there. `failed` tells what went wrong, and what can be
 * said of those who are left.
 */
export async function asProcessOne(
  run: () => Promise<void>,
  { limitMs, failed }: { readonly limitMs: number; readonly failed: (error: unknown) => Promise<void> },
): Promise<never> {
  const end = async (error: unknown): Promise<never> => {
    await failed(error)
    process.exit(1)
  }
  setTimeout(() => void end(new Error(`not done after ${limitMs} ms`)), limitMs)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1))
  process.on('unhandledRejection', (error) => void end(error))
  try {
    await run()
  } catch (error) {
    return end(error)
  }
  process.exit(0)
}
