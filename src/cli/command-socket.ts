// How a command reaches the peer that runs on a folder: a socket in the folder, for its owner only (0600). One connection is one
// request: a line of JSON. Answers are lines too: {"value":…} any number of times, then {"end":true} or {"error":{…}}.
// A client that hangs up ends its request.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ErrorCode, errorCodes, JoineryError, messageOf } from '../base/errors.ts'
import { decodeLine, encodeLine, LineReader } from './lines.ts'

/** Does one request; every value it yields is an answer. `signal` fires when the asker is gone. */
export type Handler = (request: unknown, signal: AbortSignal) => AsyncIterable<unknown>

export interface CommandServer {
  /** Ends all requests and removes the socket. Never rejects. */
  close(): Promise<void>
}

const fileName = 'command.sock'
const version = 1
/** One request or answer: room for every value that a document can hold. */
const messageBytes = 64 * 1024 * 1024
/** Commands at one time: people type few, and scripts wait for theirs. */
const connectionsMax = 64
/** A request comes whole within this time. */
const requestMs = 10_000

/**
 * Takes requests for the peer on this folder. To be called only by the process that holds the folder's lock: whatever socket is
 * there was left by a process that is no more, and is replaced. Errors: 'store-denied'.
 */
export async function listenForCommands(folder: string, handler: Handler): Promise<CommandServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    void converse(socket, handler)
  })
  server.maxConnections = connectionsMax
  server.on('error', () => {}) // One connection that could not be taken; the server goes on.
  const path = socketPath(folder)
  await rm(path, { force: true })
  await withShortPath(folder, (short) => bind(server, short))
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(path, { force: true })
    },
  }
}

/** A connection to the peer that runs on this folder; undefined when none does. Errors: 'store-denied', 'network'. */
export async function connectToPeer(folder: string): Promise<Socket | undefined> {
  return withShortPath(folder, connect)
}

/**
 * Sends a request and yields the answers. Errors: what the peer answers, 'closed' when it ends midway, 'timeout' when nothing comes
 * within `firstAnswerMs`.
 */
export async function* ask(
  socket: Socket,
  request: object,
  { signal, firstAnswerMs }: { readonly signal: AbortSignal; readonly firstAnswerMs: number },
): AsyncGenerator<unknown> {
  const hangUp = (): unknown => socket.destroy()
  signal.addEventListener('abort', hangUp, { once: true })
  socket.setTimeout(firstAnswerMs, () => socket.destroy(noAnswer(firstAnswerMs)))
  try {
    socket.write(encodeLine({ version, ...request }, messageBytes))
    for await (const line of readLines(socket)) {
      socket.setTimeout(0)
      const answer = decodeAnswer(line)
      if (answer.type === 'end') return
      yield answer.value
    }
    throw endedEarly()
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', hangUp)
    socket.destroy()
  }
}

// --- the side of the peer ---

async function converse(socket: Socket, handler: Handler): Promise<void> {
  const gone = new AbortController()
  socket.on('error', () => {}) // 'close' follows, and nobody is left to be told.
  socket.on('close', () => gone.abort())
  try {
    const request = checkVersion(decodeLine(await readRequest(socket)))
    for await (const value of handler(request, gone.signal)) await send(socket, { value }, gone.signal)
    await send(socket, { end: true }, gone.signal)
  } catch (error) {
    await send(socket, { error: encodeError(error) }, gone.signal).catch(() => {}) // The asker is gone: nobody to tell.
  }
  socket.end()
  socket.resume()
}

/** The first line. What comes after it is read and dropped, so that the end of the connection is seen. */
function readRequest(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new LineReader(messageBytes)
    const take = (chunk: Uint8Array): void => {
      try {
        const [line] = reader.push(chunk)
        if (line === undefined) return
        resolve(line)
      } catch (error) {
        reject(error)
      }
      socket.off('data', take)
      socket.setTimeout(0)
      socket.resume()
    }
    socket.on('data', take)
    socket.on('close', () => reject(endedEarly()))
    socket.setTimeout(requestMs, () => reject(new JoineryError('timeout', `No whole request came in ${requestMs} ms.`)))
  })
}

function checkVersion(message: unknown): unknown {
  if (typeof message === 'object' && message !== null && 'version' in message && message.version === version)
    return message
  throw new JoineryError('bad-message', `The request is not of version ${version}. Use the joinery that runs the peer.`)
}

/** Sends one answer and waits until there is room for the next. Rejects when the asker is gone. */
async function send(socket: Socket, answer: object, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted()
  const hasRoom = socket.write(encodeLine(answer, messageBytes))
  if (!hasRoom) await once(socket, 'drain', { signal: gone })
}

function encodeError(error: unknown): object {
  if (!(error instanceof JoineryError)) return { code: 'internal', message: messageOf(error) }
  return { code: error.code, message: error.message, details: error.details }
}

// --- the side of the command ---

async function* readLines(socket: Socket): AsyncGenerator<string> {
  const reader = new LineReader(messageBytes)
  try {
    for await (const chunk of socket) yield* reader.push(chunk)
  } catch (error) {
    throw error instanceof JoineryError ? error : endedEarly(error)
  }
}

type Answer = { readonly type: 'value'; readonly value: unknown } | { readonly type: 'end' }

/** Errors: the one that the answer is, or 'bad-message'. */
function decodeAnswer(line: string): Answer {
  const answer = decodeLine(line)
  if (typeof answer === 'object' && answer !== null) {
    if ('value' in answer) return { type: 'value', value: answer.value }
    if ('end' in answer) return { type: 'end' }
    if ('error' in answer) throw decodeError(answer.error)
  }
  throw new JoineryError('bad-message', 'The peer on this folder gave an answer that cannot be understood.')
}

function decodeError(error: unknown): JoineryError {
  const { code, message, details } = { code: '', message: '', details: {}, ...(error as object) }
  return new JoineryError(isErrorCode(code) ? code : 'internal', String(message), { details })
}

function isErrorCode(code: string): code is ErrorCode {
  return errorCodes.some((known) => known === code)
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.off('error', refuse)
      resolve(socket)
    })
    const refuse = (error: NodeJS.ErrnoException): void => {
      socket.destroy()
      // A file without a listener was left by a process that was killed.
      if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK'].includes(error.code ?? '')) resolve(undefined)
      else reject(cannotReach(error))
    }
    socket.once('error', refuse)
  })
}

function cannotReach(cause: NodeJS.ErrnoException): JoineryError {
  if (cause.code !== 'EACCES' && cause.code !== 'EPERM') {
    return new JoineryError('network', `The peer on this folder cannot be reached: ${cause.message}.`, { cause })
  }
  return new JoineryError('store-denied', 'The data folder belongs to another user. Name your own with --path.', {
    cause,
  })
}

function noAnswer(waitedMs: number): JoineryError {
  return new JoineryError(
    'timeout',
    `The peer that runs on this folder gave no answer in ${waitedMs / 1000} s. Is it stopped?`,
  )
}

function endedEarly(cause?: unknown): JoineryError {
  return new JoineryError('closed', 'The peer on this folder ended before it had answered. Try again.', { cause })
}

// --- the path ---

/** A pipe's name instead of a file on Windows. */
function socketPath(folder: string): string {
  const path = join(resolve(folder), fileName)
  if (process.platform !== 'win32') return path
  return `\\\\.\\pipe\\joinery-${createHash('sha256').update(path.toLowerCase()).digest('hex').slice(0, 32)}`
}

// The system's limit for the path of a socket is 104 bytes on some systems and 108 on others, with the final zero.
const socketPathBytes = 103

/** Calls `use` with a path of the socket that the system takes: where the folder's own is too long, through a short-lived link. */
async function withShortPath<T>(folder: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = socketPath(folder)
  if (process.platform === 'win32' || Buffer.byteLength(path) <= socketPathBytes) return use(path)
  const shortcut = await mkdtemp(join(tmpdir(), 'joinery-'))
  try {
    await symlink(resolve(folder), join(shortcut, 'f'))
    return await use(join(shortcut, 'f', fileName))
  } finally {
    await rm(shortcut, { recursive: true, force: true })
  }
}

/** Listens with the mode 0600 from the first moment: the file is made while no other mode can be given. */
async function bind(server: Server, path: string): Promise<void> {
  const listening = once(server, 'listening')
  const before = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(before)
  }
  await listening.catch((cause) => {
    throw new JoineryError('store-denied', `No command socket can be made in the data folder: ${messageOf(cause)}.`, {
      cause,
    })
  })
}
