// The contract on the simulated browser: the store's own code over an IndexedDB that is not there.

import { seededRandom } from '../../src/base/random.ts'
import { SimulatedBrowser } from '../../src/testing/simulated-browser.ts'
import { storeContract } from './contract.ts'

let count = 0
const browser = new SimulatedBrowser({ random: seededRandom(Number(process.env.SEED ?? 1)) })

storeContract('simulated browser', { fresh: () => `s${count++}`, open: browser.store, several: true })
