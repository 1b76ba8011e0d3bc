// The to-dos over HTTP, for programs that speak nothing else. Every peer of the space may run one: there is no primary.
//
//   GET    /todos        200 all of them               POST   /todos      {"title": "milk"}     201 once it is on disk
//   GET    /todos/ID     200 | 404                     PATCH  /todos/ID   {"done": true}        200 once it is on disk | 404
//   GET    /events       200 all of them now, and      DELETE /todos/ID                         204 once it is on disk | 404
//                        after each change (SSE)       GET    /status                           200 is all saved, do all agree
//
// It listens on this computer only, and has no notion of users: put what checks them before it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isJoineryError } from 'joinery'
import { Events } from './events.ts'
import { BadInput, readFields, type Todos } from './todos.ts'

export interface Service {
  readonly port: number
  /** Takes nothing more, finishes what it had begun, and ends. */
  close(): Promise<void>
}

interface Reply {
  readonly status: number
  readonly value?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A to-do is far smaller. */
const bodyBytes = 16 * 1024
const connectionsMax = 1_000
const requestMs = 10_000
/** Whoever has not read its answer by then is cut off when the service ends. */
const closeMs = 3_000

/** Port 0 takes any free one. Rejects if the port cannot be had. */
export async function startService(todos: Todos, port: number): Promise<Service> {
  const events = new Events(() => todos.list())
  const off = todos.subscribe(() => events.tell())
  const server = createServer((request, response) => void serve(todos, events, request, response))
  server.maxConnections = connectionsMax
  server.requestTimeout = requestMs
  server.headersTimeout = requestMs
  await listen(server, port)
  return {
    port: portOf(server),
    async close() {
      off()
      events.close()
      await stop(server)
    },
  }
}

async function serve(todos: Todos, events: Events, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (!isLocal(request)) return send(response, failure(421, 'This service is for this computer only.'))
    const { pathname } = new URL(request.url ?? '', 'http://localhost')
    if (request.method === 'GET' && pathname === '/events') return events.serve(response)
    send(response, await replyTo(todos, pathname, request))
  } catch (error) {
    send(response, failureOf(error))
  }
}

/** One request, one answer. */
async function replyTo(todos: Todos, pathname: string, request: IncomingMessage): Promise<Reply> {
  const { method = '' } = request
  if (pathname === '/status') return method === 'GET' ? { status: 200, value: todos.status } : notAllowed('GET')
  if (pathname === '/events') return notAllowed('GET')
  if (pathname === '/todos') {
    if (method === 'GET') return { status: 200, value: todos.list() }
    if (method !== 'POST') return notAllowed('GET, POST')
    const todo = await todos.add(readFields(await readJson(request)))
    return { status: 201, value: todo, headers: { Location: `/todos/${todo.id}` } }
  }
  const id = /^\/todos\/([0-9a-f-]{36})$/.exec(pathname)?.[1]
  return id === undefined ? failure(404, 'There is nothing here.') : replyToOne(todos, id, request)
}

async function replyToOne(todos: Todos, id: string, request: IncomingMessage): Promise<Reply> {
  const missing = failure(404, 'There is no such to-do.')
  switch (request.method) {
    case 'GET': {
      const todo = todos.get(id)
      return todo === undefined ? missing : { status: 200, value: todo }
    }
    case 'PATCH': {
      const todo = await todos.change(id, readFields(await readJson(request)))
      return todo === undefined ? missing : { status: 200, value: todo }
    }
    case 'DELETE':
      return (await todos.remove(id)) ? { status: 204 } : missing
    default:
      return notAllowed('GET, PATCH, DELETE')
  }
}

/** The body as JSON. That it must say so keeps other sites' forms out: no page can send it here without being asked first. Errors: BadInput, TooLarge. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new WrongType()
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request) {
    length += piece.length
    if (length > bodyBytes) throw new TooLarge()
    pieces.push(piece)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)))
  } catch {
    throw new BadInput('This is not JSON in UTF-8.')
  }
}

class TooLarge extends Error {}
class WrongType extends Error {}

function failureOf(error: unknown): Reply {
  if (error instanceof BadInput) return failure(400, error.message)
  if (error instanceof TooLarge)
    return failure(413, `A request has at most ${bodyBytes} bytes.`, { Connection: 'close' })
  if (error instanceof WrongType) return failure(415, 'Send "Content-Type: application/json".')
  // Nothing was acknowledged, so nothing is promised: whoever asked may ask again later.
  if (isJoineryError(error, 'store-full')) return failure(507, error.message)
  if (isJoineryError(error, 'limit')) return failure(400, error.message)
  if (isJoineryError(error)) return failure(503, error.message)
  return failure(500, 'Something went wrong here.')
}

function failure(status: number, error: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, value: { error }, headers }
}

function notAllowed(methods: string): Reply {
  return failure(405, `Only ${methods} can be done here.`, { Allow: methods })
}

function send(response: ServerResponse, { status, value, headers }: Reply): void {
  if (response.headersSent || response.destroyed) return
  if (value === undefined) {
    response.writeHead(status, headers).end()
    return
  }
  const body = JSON.stringify(value)
  const type = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  }
  response.writeHead(status, { ...type, ...headers }).end(body)
}

/** A page elsewhere whose name was made to lead here (DNS rebinding) names itself in Host. */
function isLocal({ headers }: IncomingMessage): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(headers.host ?? '')
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), closeMs)
    server.close(() => {
      clearTimeout(late)
      resolve()
    })
    server.closeIdleConnections()
  })
}
