// Serves the built playground, dist/playground, to this machine alone. It is three static files: any server will do, or none, since it opens as a file too.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename, extname, join } from 'node:path'
import getPort from 'get-port'

const folder = join(import.meta.dirname, '../../dist/playground')
const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

const server = createServer(async (request, response) => {
  // All files stand side by side: whatever else a path says leads nowhere.
  const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname) || 'index.html'
  try {
    const bytes = await readFile(join(folder, name))
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream' }).end(bytes)
  } catch {
    response.writeHead(404).end()
  }
})
const port = await getPort({ port: 4690, host: '127.0.0.1' })
server.listen(port, '127.0.0.1', () => console.log(`The playground: http://localhost:${port}/ (Ctrl+C ends it)`))
