// The to-do example as a process of its own, killed in the middle of requests: every change it acknowledged is there when it runs again.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { nodeProgram } from './bundle.ts'

const KILLS = 8
const AT_ONCE = 4

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Todo {
  readonly id: string
  readonly title: string
  readonly done: boolean
}

/** What the service acknowledged; and of which to-dos a change was asked for and not answered: it may have been made, or not. */
class Ledger {
  readonly todos = new Map<string, Todo>()
  readonly asked = new Map<string, 'to change' | 'to delete'>()
  readonly gone = new Set<string>()

  expectHeld(held: readonly Todo[]): void {
    const byId = new Map(held.map((todo) => [todo.id, todo]))
    expect(byId.size, 'each is there once').toBe(held.length)
    for (const [id, todo] of this.todos) {
      const asked = this.asked.get(id)
      const { title } = todo
      if (asked !== 'to delete') expect(byId.get(id)).toMatchObject(asked === undefined ? todo : { title })
      // Whichever it is, it stays so.
      if (asked === 'to delete' && !byId.has(id)) this.gone.add(id)
      this.todos.set(id, byId.get(id) ?? todo)
    }
    for (const id of this.gone) this.todos.delete(id)
    this.asked.clear()
    for (const id of this.gone) expect(byId.has(id), 'what was deleted stays deleted').toBe(false)
  }
}

test(`a service killed ${KILLS} times in the middle of requests keeps every to-do that it answered 201 for`, async () => {
  const program = await nodeProgram('../../examples/todo-backend/main.ts')
  const path = mkdtempSync(join(tmpdir(), 'joinery-todo-'))
  closing.push(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  const random = seededRandom(7)
  const ledger = new Ledger()
  for (let run = 0; run < KILLS; run++) {
    const service = await start(program, path)
    ledger.expectHeld(await service.list())
    const writing = Array.from({ length: AT_ONCE }, (_, i) => write(service.url, ledger, `${run}.${i}`))
    while (ledger.todos.size <= run) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 20 + 200 * random.unit()))
    service.child.kill('SIGKILL')
    await Promise.all(writing)
  }
  const last = await start(program, path)
  ledger.expectHeld(await last.list())
  expect(ledger.todos.size).toBeGreaterThan(KILLS)
  const exited = once(last.child, 'exit')
  last.child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  console.log(
    `killed ${KILLS} times: ${ledger.todos.size + ledger.gone.size} to-dos were acknowledged, all are as they were`,
  )
}, 120_000)

/** Adds, ticks and deletes, one after another, until nobody answers. */
async function write(url: string, ledger: Ledger, name: string): Promise<void> {
  try {
    for (let number = 0; ; number++) {
      const todo = (await send(url, 'POST', { title: `${name}.${number}` }, 201)) as Todo
      ledger.todos.set(todo.id, todo)
      if (number % 2 === 0) {
        ledger.asked.set(todo.id, 'to change')
        ledger.todos.set(todo.id, (await send(`${url}/${todo.id}`, 'PATCH', { done: true }, 200)) as Todo)
      }
      if (number % 5 === 4) {
        ledger.asked.set(todo.id, 'to delete')
        await send(`${url}/${todo.id}`, 'DELETE', undefined, 204)
        ledger.todos.delete(todo.id)
        ledger.gone.add(todo.id)
      }
      ledger.asked.delete(todo.id)
    }
  } catch (error) {
    // fetch says so when the connection broke; anything else is a failure.
    if (!(error instanceof TypeError)) throw error
  }
}

async function send(url: string, method: string, value: unknown, status: number): Promise<unknown> {
  const body =
    value === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) }
  const response = await fetch(url, { method, ...body })
  const text = await response.text()
  if (response.status !== status) throw new Error(`${method} was answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function start(
  [node = '', ...args]: readonly string[],
  path: string,
): Promise<{ child: ChildProcess; url: string; list(): Promise<Todo[]> }> {
  const child = spawn(node, [...args, '--path', path, '--port', '0', '--local'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  closing.push(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('http')) continue
    return { child, url: line, list: async () => (await (await fetch(line)).json()) as Todo[] }
  }
  throw new Error('the service ended before it listened')
}
