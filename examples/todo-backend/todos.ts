// The to-dos of a space: what one is, what may be written, and when a write counts: only when it is on disk.

import type { DocHandle, Space } from 'joinery'

/** A to-do, as others read it. */
export interface Todo {
  readonly id: string
  readonly title: string
  readonly done: boolean
  /** Milliseconds since 1970, by the clock of whoever added it. */
  readonly createdAt: number
}

type Kept = { title: string; done: boolean; createdAt: number }
/** A map by id, and no list: two peers who add at once add two, and nobody's index is another's. */
type Document = { todos: Record<string, Kept> }

export interface Fields {
  readonly title?: string
  readonly done?: boolean
}

/** What a caller did wrong, in a sentence. */
export class BadInput extends Error {}

const titleChars = 500
/** More than anybody does, and few enough to be sent whole. */
const todosMax = 10_000

export class Todos {
  readonly #handle: DocHandle<Document>

  private constructor(handle: DocHandle<Document>) {
    this.#handle = handle
  }

  static async open(space: Space): Promise<Todos> {
    return new Todos(await space.open<Document>('todos', { init: { todos: {} } }))
  }

  /** All of them, oldest first. */
  list(): Todo[] {
    const all = Object.keys(this.#kept).flatMap((id) => this.get(id) ?? [])
    return all.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  }

  get(id: string): Todo | undefined {
    const kept = this.#kept
    return Object.hasOwn(kept, id) ? readTodo(id, kept[id]) : undefined
  }

  /** Other members may write anything, in the place of the map too. */
  get #kept(): Readonly<Record<string, Kept>> {
    const { todos } = this.#handle.value as Partial<Document>
    return typeof todos === 'object' && todos !== null ? todos : {}
  }

  /** Resolves when it is on disk. Errors: BadInput, and those of the store. */
  async add(fields: Fields): Promise<Todo> {
    const { title, done = false } = fields
    if (title === undefined) throw new BadInput('"title" is missing.')
    if (Object.keys(this.#kept).length >= todosMax)
      throw new BadInput(`There are ${todosMax} to-dos, which is the most there can be. Delete some.`)
    const id = crypto.randomUUID()
    this.#handle.change((d) => {
      if (typeof d.todos !== 'object' || d.todos === null) d.todos = {}
      d.todos[id] = { title, done, createdAt: Date.now() }
    })
    const todo = this.get(id)
    await this.#handle.settled()
    if (todo === undefined) throw new Error(`${id} was just added`)
    return todo
  }

  /** Resolves when it is on disk; undefined if there is none of that id. */
  async change(id: string, { title, done }: Fields): Promise<Todo | undefined> {
    if (this.get(id) === undefined) return undefined
    this.#handle.change((d) => {
      const todo = d.todos[id]
      if (todo === undefined) return
      // Field by field: whoever changes the other one at the same time keeps that.
      if (title !== undefined) todo.title = title
      if (done !== undefined) todo.done = done
    })
    const todo = this.get(id)
    await this.#handle.settled()
    return todo
  }

  /** Resolves when it is on disk; false if there was none of that id. */
  async remove(id: string): Promise<boolean> {
    if (this.get(id) === undefined) return false
    this.#handle.change((d) => {
      delete d.todos[id]
    })
    await this.#handle.settled()
    return true
  }

  /** Calls `listener` after each change, whoever made it. */
  subscribe(listener: () => void): () => void {
    return this.#handle.subscribe(listener)
  }

  /** Whether all of ours is on disk, and whether those in contact have the same. */
  get status(): { readonly saved: boolean; readonly upToDate: boolean } {
    const { saved, upToDate } = this.#handle.status.current
    return { saved, upToDate }
  }
}

/** Checks what came from outside. Errors: BadInput. */
export function readFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadInput('Send a JSON object.')
  const stray = Object.keys(value).find((key) => key !== 'title' && key !== 'done')
  if (stray !== undefined) throw new BadInput(`"${stray}" is no field of a to-do: there are "title" and "done".`)
  const { title, done } = value as Record<string, unknown>
  if (title !== undefined && !isTitle(title)) throw new BadInput(`"title" is a text of 1 to ${titleChars} characters.`)
  if (done !== undefined && typeof done !== 'boolean') throw new BadInput('"done" is true or false.')
  return { ...(title === undefined ? {} : { title }), ...(done === undefined ? {} : { done }) }
}

function isTitle(title: unknown): title is string {
  return typeof title === 'string' && title.trim() !== '' && title.length <= titleChars && title.isWellFormed()
}

/** Other members may write anything into the document: what is no to-do is not shown as one. */
function readTodo(id: string, kept: Kept | undefined): Todo | undefined {
  if (typeof kept !== 'object' || kept === null) return undefined
  const { title, done, createdAt } = kept as Partial<Kept>
  if (typeof title !== 'string' || typeof done !== 'boolean' || typeof createdAt !== 'number') return undefined
  return { id, title, done, createdAt }
}
