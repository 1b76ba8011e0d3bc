// The contract on the simulated disk: the store's own code over files that are not there.

import { SimulatedDisk, simulatedStore } from '../../src/testing/simulated-disk.ts'
import { storeContract } from './contract.ts'

let count = 0
const fresh = (): string => `/stores/s${count++}`

storeContract('simulated disk', { fresh, open: simulatedStore(new SimulatedDisk()), several: false })
storeContract('simulated disk, small segments', {
  fresh,
  open: simulatedStore(new SimulatedDisk(), { segmentBytes: 200 }),
  several: false,
})
