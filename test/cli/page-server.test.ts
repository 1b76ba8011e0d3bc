import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PageServer, servePage } from '../../src/cli/page-server.ts'

let root: string
let server: PageServer

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'joinery-page-'))
  const page = join(root, 'notes')
  await mkdir(join(page, 'fonts'), { recursive: true })
  await writeFile(join(root, 'secret.txt'), 'secret')
  await writeFile(join(page, 'index.html'), '<!doctype html>page')
  await writeFile(join(page, 'page.js'), 'script()')
  await writeFile(join(page, 'fonts', 'a b.woff2'), 'font')
  await symlink(join(root, 'secret.txt'), join(page, 'link.txt'))
  server = await servePage(page, 0)
})

afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})

interface Asked {
  readonly path?: string
  readonly method?: string
  readonly host?: string
  readonly headers?: Record<string, string>
  readonly address?: string
}

/** Asks without the help of a client that would tidy the path or forbid the Host. */
async function ask({
  path = '/',
  method = 'GET',
  host = `localhost:${server.port}`,
  headers = {},
  address = '127.0.0.1',
}: Asked) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    headers: Record<string, unknown>
    body: string
  }>()
  const asked = request(
    { host: address, port: server.port, path, method, headers: { host, ...headers } },
    async (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: await text(response) })
    },
  )
  asked.on('error', reject).end()
  return promise
}

describe('files', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<!doctype html>page'],
    ['/index.html', 'text/html; charset=utf-8', '<!doctype html>page'],
    ['/page.js', 'text/javascript; charset=utf-8', 'script()'],
    ['/page.js?v=1', 'text/javascript; charset=utf-8', 'script()'],
    ['/fonts/a%20b.woff2', 'font/woff2', 'font'],
  ])('%s is served with its type', async (path, type, body) => {
    expect(await ask({ path })).toMatchObject({ status: 200, body, headers: { 'content-type': type } })
  })

  test.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/fonts/../../secret.txt',
    '/fonts/..\\..\\secret.txt',
    '//index.html',
    '/./index.html',
    '/link.txt',
    '/fonts',
    '/fonts/',
    '/secret.txt',
    '/constructor',
    '/%00',
    '/page.js%00.html',
  ])('%s is nothing that is served', async (path) => {
    const { status, body } = await ask({ path })
    expect(status).toBe(404)
    expect(body).not.toContain('secret\n')
  })

  test('HEAD gives the same head without the body', async () => {
    const get = await ask({})
    const head = await ask({ method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, body: '' })
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' })
  })

  test('a file that the browser has is not sent again, and is asked for each time', async () => {
    const { headers } = await ask({ path: '/page.js' })
    expect(headers['cache-control']).toBe('no-cache')
    const again = await ask({ path: '/page.js', headers: { 'if-none-match': String(headers.etag) } })
    expect(again).toMatchObject({ status: 304, body: '' })
    expect(await ask({ path: '/page.js', headers: { 'if-none-match': '"other"' } })).toMatchObject({ status: 200 })
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('%s is refused', async (method) => {
    expect(await ask({ method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })
})

describe('who may ask', () => {
  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])('the Host %s with our port is ours', async (name) => {
    expect(await ask({ host: `${name}:${server.port}` })).toMatchObject({ status: 200 })
  })

  test.each([
    'evil.example',
    'localhost',
    'localhost:1',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
    'localhost:',
  ])('the Host %j is not, so a name that leads here (DNS rebinding) reads nothing', async (host) => {
    const { status, body } = await ask({ host: host.includes('.') ? `${host}:${server.port}` : host })
    expect(status).toBe(421)
    expect(body).not.toContain('page\n')
  })

  test('a request without a Host is refused', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 421 /)
  })

  test('garbage is refused, and the server goes on', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(Uint8Array.from({ length: 4096 }, (_, index) => (index * 97) & 255))
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
    expect(await ask({})).toMatchObject({ status: 200 })
  })

  test('every answer forbids what the page does not need', async () => {
    for (const asked of [{}, { path: '/none' }, { method: 'POST' }, { host: 'evil.example' }]) {
      const { headers } = await ask(asked)
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      expect(headers['content-security-policy']).toMatch(
        /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
      )
      expect(headers).not.toHaveProperty('access-control-allow-origin')
      expect(headers).not.toHaveProperty('set-cookie')
    }
  })
})

describe('the port', () => {
  test('one that is in use is an error that says what to do', async () => {
    await expect(servePage(root, server.port)).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(/^Port \d+ is in use\. .*--port/),
    })
  })

  test('one that another program holds on ::1 only is in use as well: a browser might ask that one', async () => {
    const other = createServer()
    const { promise: isListening, resolve } = Promise.withResolvers<boolean>()
    other.on('error', () => resolve(false)).listen({ host: '::1', port: 0 }, () => resolve(true))
    if (!(await isListening)) return // This computer has no IPv6.
    const address = other.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    await expect(servePage(root, port)).rejects.toMatchObject({ code: 'port-in-use' })
    const again = connect(port, '127.0.0.1')
    await expect(text(again)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    other.close()
  })

  test('closing ends it, with connections that are kept open', async () => {
    const short = await servePage(root, 0)
    const socket = connect(short.port, '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\nHost: localhost:${short.port}\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    await short.close()
    expect(socket.destroyed || (await text(socket)) !== undefined).toBe(true)
  })
})

test('a page that was not built is a sentence', async () => {
  const empty = await servePage(join(root, 'nowhere'), 0)
  const answer = await fetch(empty.url)
  expect(answer.status).toBe(404)
  expect(await answer.text()).toContain('npm run build')
  await empty.close()
})
