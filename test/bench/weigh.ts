// What `joinery/doc` weighs as it travels, with all its exports and its SHA-256: one file, minified, gzipped.

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { sizeGoalBytes } from './goals.ts'

const dist = process.env.JOINERY_DIST ?? fileURLToPath(new URL('../../dist/node', import.meta.url))

export async function weigh(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${dist.replace(/node$/, 'browser')}/doc.js`],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
  })
  const bundle = outputFiles[0]?.contents ?? new Uint8Array()
  const bytes = gzipSync(bundle, { level: 9 }).length
  const kB = (count: number): string => `${(count / 1000).toFixed(1)} kB`
  const verdict = bytes <= sizeGoalBytes ? 'met' : `not met: ${(bytes / sizeGoalBytes).toFixed(1)} x`
  return `${kB(bytes)} minified and gzipped (${kB(bundle.length)} before); goal ≤ ${kB(sizeGoalBytes)}, ${verdict}`
}
