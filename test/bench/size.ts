// `npm run size`: what `joinery/doc` weighs as it travels, with all its exports: one file, minified, gzipped.

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { sizeGoalBytes } from './goals.ts'

const dist = process.env.JOINERY_DIST ?? fileURLToPath(new URL('../../dist/node', import.meta.url))
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
const verdict = bytes <= sizeGoalBytes ? 'met' : 'not met'
console.log(`joinery/doc  ${kB(bytes)} (minified ${kB(bundle.length)})  goal ≤ ${kB(sizeGoalBytes)}  ${verdict}`)
