// Bundles the page that `joinery serve` serves: examples/notes into dist/notes, with everything it needs in one module and one stylesheet, each with its
// hash in its name; and the service worker that keeps this build in a browser.
// By esbuild and not by Rollup, since it follows the `browser` fields of libp2p's packages (and takes a quarter of a second).

import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'examples/notes')
const target = join(root, 'dist/notes')
const at = (path) => join(root, 'src', path)
const common = { bundle: true, minify: true, target: 'es2023', charset: 'utf8', logLevel: 'warning' }

if (existsSync(join(source, 'main.ts'))) {
  rmSync(target, { recursive: true, force: true })
  const { metafile } = await build({
    ...common,
    entryPoints: [join(source, 'main.ts'), join(source, 'style.css')],
    outdir: target,
    entryNames: '[name]-[hash]',
    metafile: true,
    format: 'esm',
    platform: 'browser',
    legalComments: 'linked',
    // It imports the package by its name, as users do, and gets the sources.
    alias: {
      joinery: at('browser.ts'),
      'joinery/doc': at('doc.ts'),
      'joinery/store/indexeddb': at('store/indexeddb.ts'),
      'joinery/net/libp2p': at('net/libp2p.browser.ts'),
    },
  })
  // What stands beside them (icons), and the page that names them.
  cpSync(source, target, { recursive: true, filter: (path) => !/\.(ts|md|css|html)$/.test(path) })
  const names = Object.keys(metafile.outputs).map((path) => basename(path))
  const named = (extension) => names.find((name) => name.endsWith(extension))
  const files = readdirSync(target).filter((name) => !name.endsWith('.txt'))
  const page = readFileSync(join(source, 'index.html'), 'utf8')
    .replace('./main.js"', `./${named('.js')}"`)
    .replace('./style.css"', `./${named('.css')}"`)
  const hash = createHash('sha256').update(page)
  for (const name of files) hash.update(readFileSync(join(target, name)))
  const id = hash.digest('hex').slice(0, 16)
  writeFileSync(join(target, 'index.html'), page.replace('<head>', `<head>\n    <meta name="build" content="${id}" />`))
  await build({
    ...common,
    entryPoints: [join(source, 'service-worker.ts')],
    outfile: join(target, 'service-worker.js'),
    define: { BUILD: JSON.stringify(id), FILES: JSON.stringify(files.map((name) => `./${name}`)) },
  })
}
