// The package twice, module by module: for Node (dist/node) and for browsers (dist/browser). Declarations come from tsc;
// the page that `joinery serve` serves from .ci/page.mjs.
//
// @libp2p/webrtc is copied into both packages (vendor/webrtc): as a dependency it would bring react-native to every user,
// 600 packages more. What it imports is declared as ours; test/package.test.ts compares.

import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import esbuild from 'rollup-plugin-esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const target = 'es2023'

const everywhere = [
  ...['doc.ts', 'lattice.ts', 'reconcile.ts', 'testing.ts'],
  ...['store/memory.ts', 'net/memory.ts', 'net/broadcast-channel.ts'],
]
const entries = {
  node: ['node.ts', 'cli/main.ts', 'store/filesystem.ts', 'net/libp2p.node.ts', ...everywhere],
  browser: ['browser.ts', 'store/indexeddb.ts', 'net/libp2p.browser.ts', ...everywhere],
}

export default [library('node'), library('browser')]

function library(platform) {
  const modules = entries[platform].map((path) => join(root, 'src', path)).filter((path) => existsSync(path))
  return {
    input: modules,
    external: (id) =>
      id.startsWith('node:') || Object.keys(dependencies).some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [
      platform === 'browser' && browserTwin(),
      nodeResolve({ browser: platform === 'browser', extensions: ['.ts', '.js'] }),
      esbuild({ target, sourceMap: false }),
      vendorLicense(),
      platform === 'node' && executable('cli/main.js'),
    ],
    onwarn,
    output: {
      dir: join(root, 'dist', platform),
      format: 'es',
      preserveModules: true,
      preserveModulesRoot: join(root, 'src'),
      entryFileNames: ({ name }) =>
        `${name.replace(/^(.*\/)?node_modules\/@libp2p\/webrtc\/dist\/src/, 'vendor/webrtc')}.js`,
    },
  }
}

/** The `browser` field of @libp2p/webrtc, which node-resolve does not follow between files: `x.browser.js` goes before `x.js`. */
function browserTwin() {
  return {
    name: 'browser-twin',
    resolveId(id, importer) {
      if (!importer?.includes(join('@libp2p', 'webrtc')) || !id.startsWith('.')) return null
      const twin = join(dirname(importer), id.replace(/\.js$/, '.browser.js'))
      return existsSync(twin) ? twin : null
    },
  }
}

function vendorLicense() {
  return {
    name: 'vendor-license',
    generateBundle(_options, bundle) {
      if (!Object.keys(bundle).some((name) => name.startsWith('vendor/webrtc/'))) return
      const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@libp2p/webrtc/package.json'), 'utf8'))
      const title = `These files are @libp2p/webrtc ${version} (https://github.com/libp2p/js-libp2p), by its authors,\nlicensed Apache-2.0 OR MIT and copied under the terms of the second:\n\n`
      const text = readFileSync(join(root, 'LICENSE'), 'utf8')
      const terms = text.slice(text.indexOf('Permission is'))
      this.emitFile({ type: 'asset', fileName: 'vendor/webrtc/LICENSE', source: title + terms })
    },
  }
}

function executable(name) {
  return {
    name: 'executable',
    writeBundle({ dir }) {
      if (existsSync(join(dir, name))) chmodSync(join(dir, name), 0o755)
    },
  }
}

/** Warnings of ours end the build; those of packages are not ours to mend. */
function onwarn(warning) {
  const file = warning.id ?? warning.ids?.[0] ?? warning.loc?.file ?? ''
  if (file.includes('node_modules') || warning.message.includes('node_modules')) return
  throw new Error(`${warning.message} (${relative(root, file)})`)
}
