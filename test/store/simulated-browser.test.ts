// The contract on the simulated browser, the store's own code over an IndexedDB that is not there; and that this one is as real ones are.

import { seededRandom } from '../../src/base/random.ts'
import { SimulatedBrowser } from '../../src/testing/simulated-browser.ts'
import { storeContract } from './contract.ts'
import { indexedDbRules } from './indexeddb-rules.ts'

let count = 0
const browser = new SimulatedBrowser({ random: seededRandom(Number(process.env.SEED ?? 1)) })

storeContract('simulated browser', { fresh: () => `s${count++}`, open: browser.store, several: true })

indexedDbRules('simulated IndexedDB', () => {
  const { indexedDB } = browser.tab().host
  if (indexedDB === undefined) throw new Error('a simulated tab has an IndexedDB')
  return { factory: indexedDB, fresh: () => `r${count++}` }
})
