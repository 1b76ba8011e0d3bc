// One open document, as the application sees it.

import { Emitter, type Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { applyAt, valueAt } from '../crdt/at-path.ts'
import type { PatchEvent, Path } from '../crdt/patch.ts'
import type { Draft, Value } from '../crdt/types.ts'
import { type Cursor, cursorAt, decodeCursor, type Side } from '../replica/cursor.ts'
import { Ages } from './ages.ts'
import type {
  ChangeOptions,
  DocEvents,
  DocHandle,
  Frontier,
  Observable,
  OpenOptions,
  SettledOptions,
  Status,
  WaitOptions,
} from './api.ts'
import { DocPresence } from './doc-presence.ts'
import type { Document, DocumentListener } from './document.ts'
import { type Following, staleSentence } from './following.ts'
import { FrontierImpl } from './frontier.ts'
import { ObservableValue } from './observable.ts'
import type { SpaceImpl } from './space.ts'
import { equalStatus } from './status.ts'

type HandleOptions = Pick<OpenOptions<object>, 'session' | 'whileStale'> & {
  readonly onThrow: (error: unknown) => void
}

export class DocHandleImpl<T extends object> implements DocHandle<T>, DocumentListener {
  readonly name: string
  readonly space: SpaceImpl
  readonly document: Document
  readonly presence: DocPresence
  /** What sessions saw elsewhere. */
  readonly following: Following
  readonly #whileStale: 'edit' | 'refuse'
  readonly #emitter: Emitter<DocEvents<T>>
  readonly #status: ObservableValue<Status>
  readonly #ages: Ages
  #ended: JoineryError | undefined

  /** Errors: 'bad-session', 'session-newer', 'limit'. */
  constructor(space: SpaceImpl, document: Document, { session, whileStale = 'edit', onThrow }: HandleOptions) {
    this.space = space
    this.document = document
    this.name = document.id.name
    this.#emitter = new Emitter(onThrow)
    this.following = space.followingOf(document)
    this.#whileStale = whileStale
    if (session !== undefined) space.follow(this, session)
    this.#ages = new Ages(space.ages)
    this.#status = new ObservableValue<Status>(() => space.statusOf(this, this.#ages), equalStatus, onThrow)
    this.presence = new DocPresence(space.presence, document.id, { onThrow, assertOpen: () => this.#assertOpen() })
    document.listeners.add(this)
  }

  get value(): Value<T> {
    // Closed, it shows what there is for as long as that is in memory.
    if (this.#ended !== undefined && this.document.asleep !== undefined) throw this.#ended
    return this.document.replica.value as Value<T>
  }

  get status(): Observable<Status> {
    return this.#status
  }

  why(): string | undefined {
    return this.space.why(this.#status.current)
  }

  get frontier(): Frontier {
    return new FrontierImpl(this.document, this.space.keys.idHex)
  }

  change<R>(fn: (draft: Draft<T>) => R, options: ChangeOptions = {}): R {
    this.#assertOpen()
    if (this.#whileStale === 'refuse' && this.following.isStale) throw staleError(this.name, this.following)
    return this.space.change(this.document, fn as (draft: never) => R, options)
  }

  follow(session: Uint8Array): void {
    this.#assertOpen()
    this.space.follow(this, session)
  }

  async caughtUp(options: WaitOptions = {}): Promise<void> {
    this.#assertOpen()
    await this.space.caughtUp(this, options)
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
    if (name === 'status') return this.#status.subscribe(listener as (status: Status) => void)
    return this.#emitter.on(name, listener)
  }

  readonly subscribe = (listener: () => void): Off => this.#emitter.on('change', () => listener())

  async settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    await this.space.settle(this.document, options)
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
      // A value that nobody waits for is made when somebody asks.
      if (this.#emitter.count('change') > 0) this.#emitter.emit('change', this.value)
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
    // A space may have ten thousand documents open: what nobody waits for is computed when somebody asks.
    if (this.#status.isHeard) this.#status.tell()
    else this.#ages.forget()
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

function staleError(name: string, following: Following): JoineryError {
  const message = `${staleSentence(name, following)} This handle edits when they are: await caughtUp().`
  return new JoineryError('stale', message, { details: { edits: following.edits } })
}
