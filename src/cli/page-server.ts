// Serves the page on this computer only: fixed files, loopback, and a Host header that is ours (a name that an attacker points at
// 127.0.0.1 is not). It is never handed a ticket, so no request can get one out of it: the ticket stands in the URL's fragment,
// which browsers do not send.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, relative, sep } from 'node:path'
import { JoineryError } from '../base/errors.ts'

export interface PageServer {
  readonly port: number
  /** `http://localhost:PORT/` */
  readonly url: string
  close(): Promise<void>
}

interface PageFile {
  readonly bytes: Uint8Array
  readonly type: string
  readonly etag: string
}

/** Files by the path of their URL. What is not in here is not served, however it is spelled. */
type PageFiles = ReadonlyMap<string, PageFile>

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
}

// The page runs its own script only, and talks to peers: WebSockets anywhere (WebRTC is not ruled by this header).
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const commonHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
}

/**
 * Serves the files of `folder` on 127.0.0.1 and, where there is one, on ::1. Port 0 takes any free one. Errors: 'port-in-use', 'network'.
 */
export async function servePage(folder: string, port: number): Promise<PageServer> {
  const files = await readPage(folder)
  const first = await listen(files, '127.0.0.1', port)
  const bound = portOf(first)
  const second = await listen(files, '::1', bound).catch(async (error) => {
    if (isMissingAddress(error)) return undefined
    await stop(first)
    throw error
  })
  return {
    port: bound,
    url: `http://localhost:${bound}/`,
    async close() {
      await Promise.all([first, second].map((server) => server && stop(server)))
    },
  }
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** Decides the answer to one request. */
function replyTo(files: PageFiles, { method = '', url = '', headers, socket }: IncomingMessage): Reply {
  if (!isOurs(headers.host, socket.localPort)) return refusal(421, 'This page is served as localhost only.')
  if (method !== 'GET' && method !== 'HEAD')
    return refusal(405, 'Only GET and HEAD are served.', { Allow: 'GET, HEAD' })
  const file = files.get(url.split('?', 1)[0] ?? '')
  if (file === undefined) return refusal(404, files.size === 0 ? notBuilt : 'There is no such file.')
  if (headers['if-none-match']?.includes(file.etag)) return { status: 304, headers: { ETag: file.etag } }
  return { status: 200, headers: { 'Content-Type': file.type, ETag: file.etag }, body: file.bytes }
}

const notBuilt = 'The page has not been built. Run "npm run build", then start again.'

function refusal(status: number, sentence: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body: `${sentence}\n` }
}

/** Sends a reply. Node leaves the body out where only the head was asked for. */
function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  response.writeHead(status, { ...commonHeaders, ...headers, ...length }).end(body)
}

/** Whether Host names this server itself. Browsers leave port 80 out. */
function isOurs(host: string | undefined, port: number | undefined): boolean {
  const suffix = port === 80 ? '(:80)?' : `:${port}`
  return new RegExp(`^(localhost|127\\.0\\.0\\.1|\\[::1\\])${suffix}$`, 'i').test(host ?? '')
}

/** Reads all files of the page at the start, so that what is served fits together even while a build replaces it. */
async function readPage(folder: string): Promise<PageFiles> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = new Map(await Promise.all(paths.map((path) => readPageFile(folder, path))))
  const index = files.get('/index.html')
  if (index !== undefined) files.set('/', index)
  return files
}

async function readPageFile(folder: string, path: string): Promise<[string, PageFile]> {
  const bytes = await readFile(path)
  const urlPath = relative(folder, path).split(sep).map(encodeURIComponent).join('/')
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
  return [`/${urlPath}`, { bytes, type: types[extname(path)] ?? 'application/octet-stream', etag }]
}

async function listen(files: PageFiles, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => send(response, replyTo(files, request)))
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening').catch((cause) => {
    throw cannotListen(cause, port)
  })
  return server
}

function cannotListen(cause: NodeJS.ErrnoException, port: number): JoineryError {
  if (cause.code === 'EADDRINUSE') {
    const sentence = `Port ${port} is in use. End the program that holds it, or choose another with --port; a page opened at another port starts without the data it kept at this one.`
    return new JoineryError('port-in-use', sentence, { cause, details: { port } })
  }
  if (cause.code === 'EACCES') {
    return new JoineryError(
      'network',
      `Port ${port} may not be opened by this user. Choose one above 1023 with --port.`,
      { cause },
    )
  }
  return new JoineryError('network', `The page cannot be served on port ${port}: ${cause.message}.`, { cause })
}

/** Whether this computer has no such address: many have IPv4 only. */
function isMissingAddress(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL'
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
