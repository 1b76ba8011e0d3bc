// Where and with what was measured: figures without it mean nothing.

import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGB: number
  readonly system: string
  readonly node: string
  readonly date: string
  /** Of the last 1, 5 and 15 minutes, before and after. */
  readonly load: readonly number[]
  readonly loadAfter?: readonly number[]
}

const packages: Readonly<Record<string, string>> = {
  joinery: '../../package.json',
  yjs: 'node_modules/yjs/package.json',
  'json-joy': 'node_modules/json-joy/package.json',
  loro: 'node_modules/loro-crdt/package.json',
  automerge: 'node_modules/@automerge/automerge/package.json',
  'diamond-types': 'node_modules/diamond-types-node/package.json',
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
    load: load(),
  }
}

export function load(): readonly number[] {
  return loadavg().map((value) => Math.round(value * 100) / 100)
}

export function versions(peers: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    peers.map((peer) => {
      const file = new URL(packages[peer] ?? '', import.meta.url)
      return [peer, JSON.parse(readFileSync(file, 'utf8')).version]
    }),
  )
}

export function machineLine({ cpu, cores, memoryGB, system, node, load }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGB} GB, ${system}, Node ${node}, load ${load.join(' ')}`
}
