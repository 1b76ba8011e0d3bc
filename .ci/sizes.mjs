// Prints what the build weighs. `joinery/doc` and the page are also given as they travel: in one file, minified, gzipped.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist')

const rows = ['node', 'browser', 'types', 'notes', 'playground'].map((name) => [
  `dist/${name}`,
  sizeBytes(join(dist, name)),
])
console.log(table([...rows, ['dist', sizeBytes(dist)], ...(await travelling())]))

async function travelling() {
  const page = existsSync(join(dist, 'notes'))
    ? readdirSync(join(dist, 'notes')).find((name) => /^main-.*js$/.test(name))
    : ''
  const entries = { 'joinery/doc, gzip': 'browser/doc.js', 'the page, gzip': `notes/${page}` }
  const found = Object.entries(entries).filter(([, path]) => existsSync(join(dist, path)))
  return Promise.all(found.map(async ([name, path]) => [name, await bundledBytes(join(dist, path))]))
}

async function bundledBytes(path) {
  const settings = {
    bundle: !path.includes('notes'),
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  }
  const { outputFiles } = await build({ entryPoints: [path], ...settings })
  return gzipSync(outputFiles[0].contents).length
}

function sizeBytes(folder) {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}

function table(lines) {
  return lines.map(([name, bytes]) => `  ${name.padEnd(20)}${(bytes / 1000).toFixed(1).padStart(10)} kB`).join('\n')
}
