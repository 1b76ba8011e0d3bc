// Programs of these tests as one file each: a peer starts four times as fast from it as from its sources and packages.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { dataPath } from '../setup/data.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const output = here('../output/e2e')

/** The command that runs a TypeScript file in Node, named from this folder. */
export async function nodeProgram(name: string): Promise<readonly string[]> {
  const outfile = join(
    output,
    name
      .replace(/^(\.\.\/)+/, '')
      .replaceAll('/', '-')
      .replace(/\.ts$/, '.mjs'),
  )
  await build({
    entryPoints: [here(name)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
    // Native code stays where it is; packages that call `require` get one.
    external: ['node-datachannel'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    define: { 'process.env.JOINERY_DATA': JSON.stringify(dataPath('')) },
  })
  return [process.execPath, outfile]
}

/** A folder with a page that runs a TypeScript file of this folder. */
export async function pageProgram(name: string): Promise<string> {
  const folder = join(output, name.replace(/\.ts$/, ''))
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [here(name)],
    outfile: join(folder, 'main.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'error',
  })
  const html =
    '<!doctype html><title>A peer</title><link rel="icon" href="data:,"><script type="module" src="main.js"></script>'
  writeFileSync(join(folder, 'index.html'), html)
  return folder
}
