// What a case is: work for one engine in one process, and the rows of the table that it fills.

import type { Peer, PeerDoc } from './peer.ts'

export type Unit = 'ms' | 'µs' | 'B' | 'MB' | 'symbols' | 'round trips'

/** What one process hands to later ones of the same engine. */
export interface Fixture {
  readonly document?: Uint8Array
  readonly [name: string]: unknown
}

export interface Task {
  readonly peer: Peer
  /** What the measurement named in `needs` has made. */
  readonly fixture: Fixture
}

export interface Outcome {
  /** By row; a text where there is no figure, with the reason. */
  readonly rows: Readonly<Record<string, number | string>>
  readonly fixture?: Fixture
}

export interface Measurement {
  readonly id: string
  readonly rows: Readonly<Record<string, Unit>>
  /** The measurement whose fixture this one begins with. */
  readonly needs?: string
  readonly limitMs: number
  /** What is the same each time (bytes) is done once. */
  readonly isOnce?: boolean
  /** Ours alone. */
  readonly isOurs?: boolean
  run(task: Task): Outcome | Promise<Outcome>
}

export const defaultLimitMs = 60_000

export function timeMs(fn: () => void): number {
  const start = performance.now()
  fn()
  return performance.now() - start
}

/** A figure, or the reason why this engine has none. */
export function orMissing<T>(fn: () => T): T | string {
  try {
    return fn()
  } catch (error) {
    return missingText(error)
  }
}

export function missingText(error: unknown): string {
  if (error instanceof Error && error.constructor.name === 'Missing') return `missing: ${error.message}`
  return `failed: ${error instanceof Error ? error.message : String(error)}`
}

export function ensureEqual(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [found, expected].map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
  if (a !== b) throw new Error(`${what} differs: ${String(a).slice(0, 40)} … is not ${String(b).slice(0, 40)} …`)
}

/** The bytes that are held now: heap, array buffers and Wasm memory, after the garbage is gone. */
export async function heldBytes(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers + wasmMemories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
}

const wasmMemories: WebAssembly.Memory[] = []

/** Notes the memories of Wasm modules that are loaded from now on: Node does not count them. */
export function watchWasm(): void {
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, given: ConstructorParameters<typeof WebAssembly.Instance>) {
      const instance = new target(...given)
      for (const value of Object.values(instance.exports))
        if (value instanceof WebAssembly.Memory) wasmMemories.push(value)
      return instance
    },
  })
}

/** The memory of a loaded document, in MB. A small document is loaded before, so that code is not counted. */
export async function loadedMegabytes(peer: Peer, document: () => Uint8Array, read: (doc: PeerDoc) => unknown) {
  const small = peer.create({ actor: 7 })
  orMissing(() => small.insertText(0, 'small'))
  orMissing(() => read(peer.load(small.save(), { actor: 8 })))
  const beforeBytes = await heldBytes()
  const doc = peer.load(document(), { actor: 9 })
  read(doc)
  const bytes = (await heldBytes()) - beforeBytes
  // The document is used once more, so that it is alive until here.
  read(doc)
  return bytes / 1e6
}
