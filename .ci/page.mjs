// Bundles the pages: examples/notes, which `joinery serve` serves, into dist/notes, with everything it needs in one module and one stylesheet, each with its
// hash in its name, and the service worker that keeps this build in a browser; and examples/playground into dist/playground, which opens as a file, too.
// By esbuild and not by Rollup, since it follows the `browser` fields of libp2p's packages (and takes a quarter of a second).

import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (path) => join(root, 'src', path)
const common = {
  bundle: true,
  minify: true,
  target: 'es2023',
  charset: 'utf8',
  logLevel: 'warning',
  platform: 'browser',
  legalComments: 'linked',
  // Pages import the package by its name, as users do, and get the sources.
  alias: {
    joinery: at('browser.ts'),
    'joinery/doc': at('doc.ts'),
    'joinery/store/indexeddb': at('store/indexeddb.ts'),
    'joinery/net/libp2p': at('net/libp2p.browser.ts'),
  },
}

const notes = join(root, 'examples/notes')
const playground = join(root, 'examples/playground')
if (existsSync(join(notes, 'main.ts'))) await buildNotes(join(root, 'dist/notes'))
if (existsSync(join(playground, 'main.ts'))) await buildPlayground(join(root, 'dist/playground'))

async function buildNotes(target) {
  rmSync(target, { recursive: true, force: true })
  const { metafile } = await build({
    ...common,
    entryPoints: [join(notes, 'main.ts'), join(notes, 'style.css')],
    outdir: target,
    entryNames: '[name]-[hash]',
    metafile: true,
    format: 'esm',
  })
  // What stands beside them (icons), and the page that names them.
  cpSync(notes, target, { recursive: true, filter: (path) => !/\.(ts|md|css|html)$/.test(path) })
  const names = Object.keys(metafile.outputs).map((path) => basename(path))
  const named = (extension) => names.find((name) => name.endsWith(extension))
  const files = readdirSync(target).filter((name) => !name.endsWith('.txt'))
  const page = readFileSync(join(notes, 'index.html'), 'utf8')
    .replace('./main.js"', `./${named('.js')}"`)
    .replace('./style.css"', `./${named('.css')}"`)
  const hash = createHash('sha256').update(page)
  for (const name of files) hash.update(readFileSync(join(target, name)))
  const id = hash.digest('hex').slice(0, 16)
  writeFileSync(join(target, 'index.html'), page.replace('<head>', `<head>\n    <meta name="build" content="${id}" />`))
  await build({
    ...common,
    entryPoints: [join(notes, 'service-worker.ts')],
    outfile: join(target, 'service-worker.js'),
    define: { BUILD: JSON.stringify(id), FILES: JSON.stringify(files.map((name) => `./${name}`)) },
  })
}

/** No module, since a browser that opens a file refuses those. */
async function buildPlayground(target) {
  rmSync(target, { recursive: true, force: true })
  const entryPoints = [join(playground, 'main.ts'), join(playground, 'style.css')]
  await build({ ...common, entryPoints, outdir: target, format: 'iife' })
  cpSync(join(playground, 'index.html'), join(target, 'index.html'))
  cpSync(join(notes, 'icon.svg'), join(target, 'icon.svg'))
}
