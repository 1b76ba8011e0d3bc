import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { chromiumArgs, findChromium } from './.ci/chromium.mjs'
import { SummaryReporter } from './.ci/summary-reporter.mjs'
import { netCommands } from './test/net/commands.ts'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

/** Tests import the package by its name, as users do, and get the sources. */
const names = (platform: 'node' | 'browser') => [
  { find: /^joinery$/, replacement: source(`${platform}.ts`) },
  { find: /^joinery\/net\/libp2p$/, replacement: source(`net/libp2p.${platform}.ts`) },
  { find: /^joinery\/(.*)$/, replacement: source('$1.ts') },
]

// These need the machine for themselves: they run after the others, one file at a time. The groups below begin at 1, since
// vitest puts group 0 last where it runs one file at a time, as it does on two cores.
const alone = ['test/e2e/**/*.test.ts', 'test/package.test.ts']
const inBrowser = '**/*.browser.test.ts'
const executablePath = await findChromium()

/** The house rules first, which take a moment; then vitest's own order, slow files first. */
class TidyFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isTidy = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('tidy.test.ts')
    const sorted = await super.sort(files)
    return [...sorted.filter(isTidy), ...sorted.filter((file) => !isTidy(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: TidyFirst },
    reporters: ['default', new SummaryReporter()],
    projects: [
      {
        resolve: { alias: names('node') },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [inBrowser, ...alone],
          testTimeout: 20_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve: { alias: names('browser') },
        // What browser tests use; a dependency found late makes Vite reload the page in the middle of a test.
        optimizeDeps: {
          include: [
            '@chainsafe/libp2p-gossipsub',
            '@libp2p/circuit-relay-v2',
            '@libp2p/crypto/keys',
            '@libp2p/identify',
            '@libp2p/interface',
            '@libp2p/noise',
            '@libp2p/peer-id',
            '@libp2p/webrtc',
            '@libp2p/websockets',
            '@libp2p/yamux',
            '@multiformats/multiaddr',
            '@multiformats/multiaddr-matcher',
            '@noble/ciphers/chacha.js',
            '@noble/curves/ed25519.js',
            '@noble/hashes/hkdf.js',
            '@noble/hashes/hmac.js',
            '@noble/hashes/sha2.js',
            '@noble/hashes/utils.js',
            'axe-core',
            'fast-check',
            'uint8arrays/from-string',
            'uint8arrays/to-string',
            'idb',
            'libp2p',
            'uint8arraylist',
            'uint8arrays',
            'uqr',
          ],
        },
        test: {
          name: 'chromium',
          include: [`test/${inBrowser}`],
          exclude: alone,
          testTimeout: 30_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: netCommands,
            provider: playwright({
              launchOptions: { args: chromiumArgs, ...(executablePath === undefined ? {} : { executablePath }) },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          include: alone,
          exclude: [inBrowser],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
