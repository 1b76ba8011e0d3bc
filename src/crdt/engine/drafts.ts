// What a change function is handed: drafts that behave as plain objects and arrays do, while every edit becomes an op. A container has one draft,
// made once and kept; whether it may be used is told by the number of the change that handed it out last.

import { JoineryError } from '../../base/errors.ts'
import { Json, type Scalar } from '../../core/value.ts'
import type { Path } from '../patch.ts'
import { build } from './build.ts'
import type { Context } from './context.ts'

import { type Plan, plainPlan, readPlan } from './input.ts'
import { listHandler } from './list-draft.ts'
import { MapHandler } from './map-draft.ts'
import type { Recorder } from './recorder.ts'
import { type Container, isContainer } from './state.ts'
import { CounterDraft, LogDraft, RegisterDraft, SetDraft, TextDraft } from './type-drafts.ts'

export class Drafts {
  readonly context: Context
  readonly #recorder: Recorder
  /** The number of the change under way; an ended one's is never met again. */
  #change = 0
  readonly #containers = new WeakMap<object, Container>()

  /** Of a document. It has one set of drafts only: a container keeps its own. */
  constructor({ context, recorder }: { readonly context: Context; readonly recorder: Recorder }) {
    this.context = context
    this.#recorder = recorder
  }

  /**
   * Hands `fn` the root's draft while the recorder is open, and gives its result with the drafts in it turned into values. From here on the
   * recorder can roll back. Errors: 'bad-change' if it is async.
   */
  run(fn: (draft: object) => unknown): unknown {
    this.context.rollback.begin()
    this.#change++
    try {
      return this.#plainOf(refuseAsync(fn(this.draftOf(this.context.root))))
    } finally {
      this.#change++
    }
  }

  /** Called by everything a draft does. Errors: 'bad-change'. */
  use(container: Container): Recorder {
    if (container.draftChange !== this.#change)
      throw new JoineryError(
        'bad-change',
        'this draft belongs to a change that is over: read doc.value, or make another change',
      )
    return this.#recorder
  }

  /** The same draft for the same container: so that indexOf and === work. */
  draftOf(container: Container): object {
    container.draftChange = this.#change
    if (container.draft !== undefined) return container.draft
    const draft = this.#make(container)
    container.draft = draft
    this.#containers.set(draft, container)
    return draft
  }

  /** The container behind a draft of this change. */
  readonly containerOf = (value: object): Container | undefined => {
    const container = this.#containers.get(value)
    return container?.draftChange === this.#change ? container : undefined
  }

  /** What reading gives: a draft for a container, else the value (copied, where writing into it would go unnoticed). */
  read(value: Scalar | Container): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (isContainer(value)) return this.draftOf(value)
    if (value instanceof Date) return new Date(value)
    if (value instanceof Uint8Array) return value.slice()
    return value instanceof Json ? value.value : value
  }

  plan(value: unknown, inside: Container, key: string | number): Plan {
    return plainPlan(value) ?? readPlan(value, [...this.pathOf(inside), key], inside.depth + 1, this.containerOf)
  }

  pathOf(container: Container): Path {
    return this.context.pathOf(container) ?? []
  }

  valueOf(container: Container): unknown {
    return build(container, this.context.rollback)
  }

  #plainOf(result: unknown, around?: ReadonlySet<object>): unknown {
    if (typeof result !== 'object' || result === null || around?.has(result)) return result
    const container = this.#containers.get(result)
    if (container !== undefined) return this.valueOf(container)
    const inner = new Set(around).add(result)
    if (Array.isArray(result)) {
      const items = result.map((item) => this.#plainOf(item, inner))
      return items.some((item, i) => item !== result[i]) ? items : result
    }
    if (Object.getPrototypeOf(result) !== Object.prototype) return result
    const entries = Object.entries(result).map(([key, item]) => [key, item, this.#plainOf(item, inner)] as const)
    if (entries.every(([, item, plain]) => item === plain)) return result
    return Object.fromEntries(entries.map(([key, , plain]) => [key, plain]))
  }

  #make(container: Container): object {
    switch (container.type) {
      case 'map':
        return new Proxy({}, new MapHandler(this, container))
      case 'list':
        return new Proxy([], listHandler(this, container))
      case 'text':
        return new TextDraft(this, container)
      case 'counter':
      case 'gcounter':
        return new CounterDraft(this, container)
      case 'set':
      case 'rwset':
        return new SetDraft(this, container)
      case 'log':
        return new LogDraft(this, container)
      case 'register':
        return new RegisterDraft(this, container)
    }
  }
}

/** Refuses what an async function gives, before any of it is recorded. */
function refuseAsync(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('then' in result) || typeof result.then !== 'function')
    return result
  // The function goes on and meets a draft that is over: that is its caller's mistake too, and told by the error below.
  Promise.resolve(result).catch(() => {})
  throw new JoineryError('bad-change', 'a change function cannot be async: await first, then change')
}
