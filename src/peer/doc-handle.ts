// One open document, as the application sees it.

import { Emitter, type Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { applyAt, valueAt } from '../crdt/at-path.ts'
import type { PatchEvent, Path } from '../crdt/patch.ts'
import type { Draft, Value } from '../crdt/types.ts'
import { type Cursor, cursorAt, decodeCursor, type Side } from '../replica/cursor.ts'
import type { DocEvents, DocHandle, Observable, SettledOptions, Status } from './api.ts'
import { DocPresence } from './doc-presence.ts'
import type { Document, DocumentListener } from './document.ts'
import { ObservableValue } from './observable.ts'
import type { SpaceImpl } from './space.ts'
import { equalStatus, whyNotSynced } from './status.ts'

export class DocHandleImpl<T extends object> implements DocHandle<T>, DocumentListener {
  readonly name: string
  readonly space: SpaceImpl
  readonly document: Document
  readonly presence: DocPresence
  readonly #emitter: Emitter<DocEvents<T>>
  readonly #status: ObservableValue<Status>
  #ended: JoineryError | undefined

  constructor(space: SpaceImpl, document: Document, onThrow: (error: unknown) => void) {
    this.space = space
    this.document = document
    this.name = document.id.name
    this.#emitter = new Emitter(onThrow)
    this.#status = new ObservableValue<Status>(() => space.statusOf(document), equalStatus, onThrow)
    this.presence = new DocPresence(space.presence, document.id, { onThrow, assertOpen: () => this.#assertOpen() })
    document.listeners.add(this)
  }

  get value(): Value<T> {
    return this.document.replica.value as Value<T>
  }

  get status(): Observable<Status> {
    return this.#status
  }

  why(): string | undefined {
    return whyNotSynced(this.#status.current)
  }

  change<R>(fn: (draft: Draft<T>) => R, options: { readonly message?: string } = {}): R {
    this.#assertOpen()
    return this.space.change(this.document, fn as (draft: never) => R, options.message)
  }

  set(path: Path, value: unknown): void {
    this.change((draft) => applyAt(draft, path, value))
  }

  get(path: Path): unknown {
    return valueAt(this.value, path)
  }

  cursor(path: Path, index: number, side: Side = 'before'): Cursor {
    this.#assertOpen()
    const { replica } = this.document
    return cursorAt(replica.history, replica.awake(), path, index, side)
  }

  openCursor(bytes: Uint8Array | string): Cursor {
    this.#assertOpen()
    const { replica } = this.document
    return decodeCursor(replica.history, replica.awake(), bytes)
  }

  on<Name extends keyof DocEvents<T>>(name: Name, listener: (event: DocEvents<T>[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  readonly subscribe = (listener: () => void): Off => this.#emitter.on('change', () => listener())

  async settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    await this.space.settle([this.document], options)
  }

  close(): void {
    this.#end(
      undefined,
      new JoineryError('closed', `The handle of "${this.name}" was closed. Open the document again.`),
    )
  }

  // ── what the document tells ────────────────────────────────────────────────────────────────────────────────────────────────────

  get wantsPatches(): boolean {
    return this.#emitter.count('patch') > 0
  }

  changed(events: readonly PatchEvent[]): void {
    this.#emitter.inOrder(() => {
      for (const event of events) this.#emitter.emit('patch', event)
      this.#emitter.emit('change', this.value)
    })
  }

  failed(error: JoineryError): void {
    this.#emitter.emit('error', error)
  }

  ended(error: JoineryError | undefined): void {
    this.#end(
      error,
      error ?? new JoineryError('closed', `"${this.name}" is closed, since its peer or space was. Open it again.`),
    )
  }

  /** The status may be another one. */
  touch(): void {
    this.#status.touch()
  }

  tellStatus(): void {
    // A space may have thousands of documents open: what nobody waits for is computed when somebody asks.
    if (!this.#status.isHeard && !this.#emitter.hears('status')) return
    if (this.#status.tell()) this.#emitter.emit('status', this.#status.current)
  }

  #end(told: JoineryError | undefined, later: JoineryError): void {
    if (this.#ended !== undefined) return
    this.#ended = later
    this.document.listeners.delete(this)
    this.space.forgetHandle(this)
    this.presence.close()
    this.#emitter.emit('close', told)
    this.#status.close()
    this.#emitter.clear()
  }

  #assertOpen(): void {
    if (this.#ended !== undefined) throw this.#ended
  }
}
