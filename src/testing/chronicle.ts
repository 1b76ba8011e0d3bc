// What is noted of a simulated world while it runs: events and faults are counted, each has a line if somebody wants to read it, and the first thing that must
// not be ends the run.

import type { Trace } from '../base/trace.ts'
import type { Violation } from './claims.ts'
import { mix } from './simulated-crypto.ts'

/** Thrown to end a run: what was violated stands in the chronicle. */
export class Stopped extends Error {}

const TRACE_LINES = 4_000

export class Chronicle {
  readonly events = { frames: 0, timers: 0, stores: 0 }
  /** How often each fault struck. */
  readonly faults: Record<string, number> = {}
  readonly lines: string[] = []
  /** Of all that travelled, byte for byte, and when. */
  digest = 0
  violation: (Violation & { readonly atMs: number }) | undefined
  readonly isTracing: boolean
  readonly #elapsedMs: () => number

  constructor(elapsedMs: () => number, isTracing: boolean) {
    this.#elapsedMs = elapsedMs
    this.isTracing = isTracing
  }

  struck(kind: string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1
  }

  carried(from: string, to: string, bytes: Uint8Array, delayMs: number): void {
    this.events.frames++
    this.digest = mix(this.digest ^ (this.#elapsedMs() + delayMs), bytes)
    if (this.isTracing) this.line(from, 'sends', to, `${bytes.length} bytes, there in ${delayMs} ms`)
  }

  /** One line for one event, in fixed columns. */
  line(name: string, event: string, ...details: readonly unknown[]): void {
    if (!this.isTracing) return
    const at = `+${this.#elapsedMs()}ms`.padStart(10)
    this.lines.push(`${at}  ${name.padEnd(5)}  ${event.padEnd(9)}  ${details.join(' ')}`)
    if (this.lines.length > TRACE_LINES) this.lines.shift()
  }

  traceOf(name: string): Trace {
    return (event, ...details) => this.line(name, event, ...details)
  }

  /** The run ends where it next looks. */
  record(violation: Violation): void {
    this.violation ??= { ...violation, atMs: this.#elapsedMs() }
    this.line('world', 'VIOLATED', violation.rule, violation.message)
  }

  fail(violation: Violation): never {
    this.record(violation)
    throw new Stopped()
  }

  failIf(violation: Violation | undefined): void {
    if (violation !== undefined) this.fail(violation)
  }
}
