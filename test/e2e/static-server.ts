// A static server for one folder on this namespace's own loopback, so that the page is a secure context: http://localhost:8080.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'

const [folder = '.', port = '8080'] = process.argv.slice(2)
const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

const server = createServer(async (request, response) => {
  const path = request.url === '/' ? '/index.html' : (request.url ?? '')
  try {
    const bytes = await readFile(join(folder, path.slice(1)))
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(bytes)
  } catch {
    response.writeHead(404).end()
  }
})
server.listen(Number(port), '127.0.0.1', () => console.log('{"event":"ready"}'))
