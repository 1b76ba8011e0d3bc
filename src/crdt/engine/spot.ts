// A place in a document, as a live handle has it: its container is looked for once, and gone straight to as long as it shows there.

import { JoineryError } from '../../base/errors.ts'
import { valueAt } from '../at-path.ts'
import type { Path } from '../patch.ts'
import type { EngineDocument } from './document.ts'
import { formatPath } from './input.ts'
import type { Recorder } from './recorder.ts'
import { type Container, isShown } from './state.ts'

/** What has a document that can be edited. */
export interface Editable {
  readonly document: EngineDocument
  readonly value: unknown
  change<R>(fn: (draft: unknown) => R): R
  /** Begins a change of one edit, which end() ends, or abandon() if it threw. Errors: 'bad-change'. */
  begin(): Recorder
  end(): void
  abandon(): void
  /** Where one edit of so many ops, which was checked before, may be recorded at once (a stroke), and then struck() be called; else it is to go by begin(). */
  ready(units: number): Recorder | undefined
  struck(units: number): void
}

export class Spot {
  readonly path: Path
  readonly #target: Editable
  /** Where an index leads may be another place next time. */
  readonly #isFixed: boolean
  #known: Container | undefined

  constructor(target: Editable, path: Path) {
    this.#target = target
    this.path = path
    this.#isFixed = !path.some((key) => typeof key === 'number')
  }

  /** The container, if it is what is wanted. Errors: 'bad-path'. */
  container<C extends Container>(isWanted: (container: Container) => container is C, kind: string): C {
    const container = this.find()
    if (container === undefined || !isWanted(container)) throw this.#not(kind)
    return container
  }

  /** The value, if it is what is wanted. Errors: 'bad-path'. */
  read<V>(isWanted: (value: unknown) => value is V, kind: string): V {
    const value = valueAt(this.#target.value, this.path)
    if (!isWanted(value)) throw this.#not(kind)
    return value
  }

  /** One edit that was checked before: a change of its own. */
  edit(record: (recorder: Recorder) => void): void {
    const recorder = this.begin()
    try {
      record(recorder)
    } catch (error) {
      throw this.abandoned(error)
    }
    this.end()
  }

  ready(units: number): Recorder | undefined {
    return this.#target.ready(units)
  }

  struck(units: number): void {
    this.#target.struck(units)
  }

  begin(): Recorder {
    return this.#target.begin()
  }

  end(): void {
    this.#target.end()
  }

  /** Takes a change back that threw, and gives what it threw. */
  abandoned(error: unknown): unknown {
    this.#target.abandon()
    return error
  }

  /** An edit of several steps by a draft: all or nothing. Errors: 'bad-path', and those of change(). */
  change<D, R>(isWanted: (draft: unknown) => draft is D, kind: string, fn: (draft: D) => R): R {
    return this.#target.change((root) => {
      const draft = valueAt(root, this.path)
      if (!isWanted(draft)) throw this.#not(kind)
      return fn(draft)
    })
  }

  /** The container there, of whatever type. */
  find(): Container | undefined {
    const known = this.#known
    if (known !== undefined && isVisible(known)) return known
    const found = this.#target.document.containerAt(this.path)
    this.#known = this.#isFixed ? found : undefined
    return found
  }

  #not(kind: string): JoineryError {
    // Says how far the path leads, if not to its end.
    valueAt(this.#target.value, this.path)
    return new JoineryError('bad-path', `${formatPath(this.path)} is not a ${kind}`, { details: { path: this.path } })
  }
}

/** Whether a container shows, and all around it. */
function isVisible(container: Container): boolean {
  for (let at: Container | undefined = container; at !== undefined; at = at.parent) if (!isShown(at)) return false
  return true
}
