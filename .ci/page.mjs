// Bundles the page that `joinery serve` serves: examples/notes into dist/notes, with everything it needs in one module.
// By esbuild and not by Rollup, since it follows the `browser` fields of libp2p's packages (and takes a quarter of a second).

import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'examples/notes')
const target = join(root, 'dist/notes')
const at = (path) => join(root, 'src', path)

if (existsSync(join(source, 'main.ts'))) {
  await build({
    entryPoints: [join(source, 'main.ts')],
    outfile: join(target, 'main.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    charset: 'utf8',
    legalComments: 'linked',
    logLevel: 'warning',
    // It imports the package by its name, as users do, and gets the sources.
    alias: {
      joinery: at('browser.ts'),
      'joinery/doc': at('doc.ts'),
      'joinery/store/indexeddb': at('store/indexeddb.ts'),
      'joinery/net/libp2p': at('net/libp2p.browser.ts'),
    },
  })
  // What stands beside the program (HTML, CSS, icons), with the program under its built name.
  cpSync(source, target, { recursive: true, filter: (path) => !/\.(ts|md)$/.test(path) })
  const page = join(target, 'index.html')
  writeFileSync(page, readFileSync(page, 'utf8').replaceAll('main.ts"', 'main.js"'))
}
