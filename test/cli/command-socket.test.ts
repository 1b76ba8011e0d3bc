import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JoineryError } from '../../src/base/errors.ts'
import {
  ask,
  type CommandServer,
  connectToPeer,
  type Handler,
  listenForCommands,
} from '../../src/cli/command-socket.ts'
import { decodeLine, encodeLine, LineReader } from '../../src/cli/lines.ts'

let folder: string
let server: CommandServer | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-socket-'))
})

afterEach(async () => {
  await server?.close()
  server = undefined
  await rm(folder, { recursive: true, force: true })
})

const socketFile = (): string => join(folder, 'command.sock')

const echo: Handler = async function* (request) {
  yield request
}

async function answers(request: object, signal = new AbortController().signal): Promise<unknown[]> {
  const socket = await connectToPeer(folder)
  if (socket === undefined) throw new Error('nobody listens')
  return collect(ask(socket, request, { signal, firstAnswerMs: 2_000 }))
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

describe('lines', () => {
  test('messages come out whole, however the bytes are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), sizes, (messages, cuts) => {
        const bytes = Buffer.from(messages.map((message) => encodeLine(message, 1e6)).join(''))
        const reader = new LineReader(1e6)
        const lines: string[] = []
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const end = start + (cuts[turn % cuts.length] ?? 1)
          lines.push(...reader.push(bytes.subarray(start, end)))
          start = end
        }
        expect(lines.map(decodeLine)).toEqual(messages.map((message) => JSON.parse(JSON.stringify(message))))
      }),
    )
  })

  test('garbage is lines or a typed error, and never more than a line is held', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const reader = new LineReader(16)
        try {
          for (const chunk of chunks) for (const line of reader.push(chunk)) decodeLine(line)
        } catch (error) {
          expect(error).toBeInstanceOf(JoineryError)
        }
      }),
    )
  })

  test('a line over the limit is refused before it ends', () => {
    expect(() => new LineReader(4).push(Buffer.from('12345'))).toThrow(expect.objectContaining({ code: 'limit' }))
    expect(() => encodeLine('12345', 4)).toThrow(expect.objectContaining({ code: 'limit' }))
  })

  test('a value nested without end is a sentence, not a stack that ran over', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(() => encodeLine(deep, 1e9)).toThrow(expect.objectContaining({ code: 'limit' }))
  })
})

describe('a peer that listens', () => {
  test('is asked, and answers as often as it likes', async () => {
    server = await listenForCommands(folder, async function* () {
      yield 1
      yield { two: 'zwei\n' }
      yield null
    })
    expect(await answers({ command: 'x' })).toEqual([1, { two: 'zwei\n' }, null])
  })

  test.skipIf(process.platform === 'win32')('is open to its owner alone', async () => {
    server = await listenForCommands(folder, echo)
    expect((await stat(socketFile())).mode & 0o777).toBe(0o600)
  })

  test('answers errors with code, sentence and details', async () => {
    server = await listenForCommands(folder, async function* () {
      yield 1
      throw new JoineryError('ambiguous-space', 'Which?', { details: { ids: ['a', 'b'] } })
    })
    await expect(answers({})).rejects.toMatchObject({
      code: 'ambiguous-space',
      message: 'Which?',
      details: { ids: ['a', 'b'] },
    })
  })

  test("answers our own mistakes as 'internal', without a stack", async () => {
    server = await listenForCommands(folder, async function* () {
      yield await Promise.reject(new TypeError('x is not a function'))
    })
    const socket = connect(socketFile())
    socket.write('{"version":1}\n')
    const answer = await text(socket)
    expect(JSON.parse(answer)).toMatchObject({ error: { code: 'internal' } })
    expect(answer).not.toContain('    at ')
  })

  test('hears when the asker hangs up', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    server = await listenForCommands(folder, async function* (_request, signal) {
      signal.addEventListener('abort', () => resolve())
      yield 1
      await ended
    })
    const asker = new AbortController()
    const socket = await connectToPeer(folder)
    if (socket === undefined) throw new Error('nobody listens')
    for await (const answer of ask(socket, {}, { signal: asker.signal, firstAnswerMs: 2_000 })) {
      expect(answer).toBe(1)
      asker.abort()
    }
    await ended
  })

  test('waits for an asker that reads slowly', async () => {
    let made = 0
    server = await listenForCommands(folder, async function* (_request, signal) {
      for (; made < 10_000 && !signal.aborted; made++) yield 'x'.repeat(10_000)
    })
    const socket = connect(socketFile())
    socket.write('{"version":1}\n')
    await new Promise((resolve) => socket.once('readable', resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(made).toBeLessThan(1_000)
    socket.destroy()
  })

  test.each([
    ['not JSON', 'hello\n', 'bad-message'],
    ['no version', '{"command":"ls"}\n', 'bad-message'],
    ['a newer version', '{"version":2,"command":"ls"}\n', 'bad-message'],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x0a]), 'bad-message'],
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'bad-message'],
    ['an empty line', '\n', 'bad-message'],
    ['a null', 'null\n', 'bad-message'],
  ])('answers %s with a typed error and goes on', async (_name, bytes, code) => {
    server = await listenForCommands(folder, echo)
    const socket = connect(socketFile())
    socket.write(bytes)
    expect(JSON.parse(await text(socket))).toMatchObject({ error: { code } })
    expect(await answers({ command: 'ls' })).toEqual([{ version: 1, command: 'ls' }])
  })

  test('any bytes at all are answered or waited for, and the next asker is served', async () => {
    server = await listenForCommands(folder, echo)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const socket = connect(socketFile())
        socket.end(bytes)
        await text(socket).catch(() => {}) // It may be cut as well: both end the connection.
      }),
      { numRuns: 50 },
    )
    expect(await answers({ command: 'ls' })).toHaveLength(1)
  })

  test('ends what is asked when it closes, and leaves no socket', async () => {
    const listening = await listenForCommands(folder, async function* () {
      yield 1
      await new Promise(() => {})
    })
    const socket = await connectToPeer(folder)
    if (socket === undefined) throw new Error('nobody listens')
    const asked = ask(socket, {}, { signal: new AbortController().signal, firstAnswerMs: 2_000 })
    expect(await asked.next()).toEqual({ done: false, value: 1 })
    await listening.close()
    await expect(asked.next()).rejects.toMatchObject({ code: 'closed' })
    await expect(stat(socketFile())).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await connectToPeer(folder)).toBeUndefined()
  })
})

describe('a folder on which no peer listens', () => {
  test('is told from one that does', async () => {
    expect(await connectToPeer(folder)).toBeUndefined()
    expect(await connectToPeer(join(folder, 'nowhere'))).toBeUndefined()
  })

  test('may hold a file with the name of the socket', async () => {
    await writeFile(socketFile(), '')
    expect(await connectToPeer(folder)).toBeUndefined()
    server = await listenForCommands(folder, echo)
    expect(await answers({ command: 'ls' })).toHaveLength(1)
  })

  test.skipIf(process.platform === 'win32')('a path too long for a socket works all the same', async () => {
    const deep = join(folder, 'x'.repeat(100), 'y'.repeat(100))
    await mkdir(deep, { recursive: true })
    expect(await connectToPeer(deep)).toBeUndefined()
    const listening = await listenForCommands(deep, echo)
    expect((await stat(join(deep, 'command.sock'))).mode & 0o777).toBe(0o600)
    const socket = await connectToPeer(deep)
    expect(socket).toBeDefined()
    socket?.destroy()
    await listening.close()
    await expect(stat(join(deep, 'command.sock'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a peer that does not behave', () => {
  const listen = (onConnection: (socket: Socket) => void) =>
    new Promise<CommandServer>((resolve) => {
      const other = createServer((socket) => onConnection(socket.resume()))
      other.listen(socketFile(), () => resolve({ close: () => new Promise((done) => other.close(() => done())) }))
    })

  test('and says nothing is given up', async () => {
    server = await listen(() => {})
    const socket = await connectToPeer(folder)
    if (socket === undefined) throw new Error('nobody listens')
    const asked = collect(ask(socket, {}, { signal: new AbortController().signal, firstAnswerMs: 50 }))
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
  })

  test.each([
    ['garbage', 'garbage\n', 'bad-message'],
    ['an answer of no kind', '{}\n', 'bad-message'],
    ['an error of no known code', '{"error":{"code":"what","message":"Hm."}}\n', 'internal'],
    ['an error that is none', '{"error":null}\n', 'internal'],
  ])('and says %s is told as an error', async (_name, bytes, code) => {
    server = await listen((socket) => socket.end(bytes))
    await expect(answers({})).rejects.toMatchObject({ code })
  })
})
