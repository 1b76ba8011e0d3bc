// The service of the to-do example, over real HTTP on this computer, with a peer in memory.

import { request } from 'node:http'
import { openPeer, type Peer } from 'joinery'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Service, startService } from '../../examples/todo-backend/service.ts'
import { type Todo, Todos } from '../../examples/todo-backend/todos.ts'

let peer: Peer
let service: Service
let base: string

beforeAll(async () => {
  peer = await openPeer({ store: 'memory', network: 'none' })
  service = await startService(await Todos.open(await peer.space('Todos')), 0)
  base = `http://localhost:${service.port}`
})
afterAll(async () => {
  await service.close()
  await peer.close()
})

const json = { 'Content-Type': 'application/json' }
const call = (method: string, path: string, value?: unknown): Promise<Response> =>
  fetch(base + path, { method, ...(value === undefined ? {} : { headers: json, body: JSON.stringify(value) }) })
const add = async (title: string): Promise<Todo> => (await (await call('POST', '/todos', { title })).json()) as Todo

describe('a to-do', () => {
  test('is added, read, changed and deleted, and each is there in the document', async () => {
    const added = await call('POST', '/todos', { title: 'milk' })
    expect(added.status).toBe(201)
    const todo = (await added.json()) as Todo
    expect(todo).toMatchObject({ title: 'milk', done: false })
    expect(added.headers.get('Location')).toBe(`/todos/${todo.id}`)
    expect(await (await call('GET', `/todos/${todo.id}`)).json()).toEqual(todo)
    const changed = await call('PATCH', `/todos/${todo.id}`, { done: true })
    expect([changed.status, await changed.json()]).toEqual([200, { ...todo, done: true }])
    expect(await (await call('GET', '/todos')).json()).toEqual([{ ...todo, done: true }])
    const { documents } = (await peer.export()).spaces[0] ?? {}
    expect(documents?.todos).toEqual({ todos: { [todo.id]: { title: 'milk', done: true, createdAt: todo.createdAt } } })
    expect((await call('DELETE', `/todos/${todo.id}`)).status).toBe(204)
    expect(await (await call('GET', '/todos')).json()).toEqual([])
    expect((await call('GET', '/status')).status).toBe(200)
  })

  test('that another member wrote is shown, and what is none is not', async () => {
    const space = await peer.space('Todos')
    const document = await space.open<{ todos: Record<string, unknown> }>('todos')
    const id = crypto.randomUUID()
    document.change((d) => {
      d.todos[id] = { title: 'theirs', done: true, createdAt: 5 }
      d.todos.nonsense = 'not a to-do'
    })
    expect(await (await call('GET', '/todos')).json()).toEqual([{ id, title: 'theirs', done: true, createdAt: 5 }])
    document.change((d) => {
      delete d.todos[id]
      delete d.todos.nonsense
    })
  })
})

test('events tell all to-dos at first, and after each change, whoever made it', async () => {
  const response = await fetch(`${base}/events`)
  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const next = async (): Promise<Todo[]> => JSON.parse(((await reader?.read())?.value ?? '').replace('data: ', ''))
  expect(await next()).toEqual([])
  const todo = await add('bread')
  expect(await next()).toEqual([todo])
  await call('DELETE', `/todos/${todo.id}`)
  expect(await next()).toEqual([])
  await reader?.cancel()
})

describe('what is refused', () => {
  const id = crypto.randomUUID()
  test.each<[string, string, unknown, number]>([
    ['POST', '/todos', {}, 400],
    ['POST', '/todos', { title: '' }, 400],
    ['POST', '/todos', { title: 'x'.repeat(501) }, 400],
    ['POST', '/todos', { title: '\ud800' }, 400],
    ['POST', '/todos', { title: 5 }, 400],
    ['POST', '/todos', { title: 'x', done: 'yes' }, 400],
    ['POST', '/todos', { title: 'x', admin: true }, 400],
    ['POST', '/todos', ['x'], 400],
    ['POST', '/todos', null, 400],
    ['POST', '/todos', { title: 'x'.repeat(20_000) }, 413],
    ['PATCH', `/todos/${id}`, { done: true }, 404],
    ['PATCH', '/todos/__proto__', { done: true }, 404],
    ['GET', `/todos/${id}`, undefined, 404],
    ['DELETE', `/todos/${id}`, undefined, 404],
    ['GET', '/', undefined, 404],
    ['PUT', '/todos', { title: 'x' }, 405],
    ['POST', '/events', { title: 'x' }, 405],
    ['DELETE', '/status', undefined, 405],
  ])('%s %s %j', async (method, path, value, status) => {
    const response = await call(method, path, value)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: expect.stringMatching(/\.$/) })
    expect(await (await call('GET', '/todos')).json()).toEqual([])
  })

  test('a body that is no JSON, or does not say that it is', async () => {
    expect((await fetch(`${base}/todos`, { method: 'POST', headers: json, body: '{' })).status).toBe(400)
    expect((await fetch(`${base}/todos`, { method: 'POST', headers: json, body: Uint8Array.of(0xff) })).status).toBe(
      400,
    )
    expect((await fetch(`${base}/todos`, { method: 'POST', body: '{"title":"x"}' })).status).toBe(415)
  })

  test('another name for this computer, as a page elsewhere would use', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${base}/todos`, { headers: { Host: 'evil.example' } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
    expect(status).toBe(421)
  })
})

test('a hundred at once are all there, and a service that ends answers what it had begun', async () => {
  const other = await openPeer({ store: 'memory', network: 'none' })
  const todos = await Todos.open(await other.space('Todos'))
  const ending = await startService(todos, 0)
  const answers = Array.from({ length: 100 }, (_, i) =>
    fetch(`http://localhost:${ending.port}/todos`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ title: `t${i}` }),
    }).then(
      ({ status }) => status,
      () => 'refused',
    ),
  )
  await answers[0]
  await ending.close()
  const statuses = await Promise.all(answers)
  expect(todos.list()).toHaveLength(statuses.filter((status) => status === 201).length)
  await expect(fetch(`http://localhost:${ending.port}/todos`)).rejects.toThrow()
  await other.close()
})
