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
