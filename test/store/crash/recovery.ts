// A power cut while a store recovers from a power cut: what the second leaves is opened like what the first left.

import { type Random, seededRandom } from '../../../src/base/random.ts'
import { crashStates, type DiskImage, type DiskMoment } from '../../../src/testing/crash-states.ts'
import { SimulatedDisk } from '../../../src/testing/simulated-disk.ts'
import { platform } from './platform.ts'
import { altering, opener, path, type WorkloadOptions } from './workload.ts'

/** All that may be left if the power goes at any call of the opening of what a first cut left, or of the closing after it. */
export async function* recoveryStates(
  image: DiskImage,
  options: WorkloadOptions,
  chosen: { readonly random: Random; readonly chance: number },
): AsyncGenerator<DiskImage> {
  const disk = new SimulatedDisk({ random: seededRandom(98), image, ...platform })
  const moments: DiskMoment[] = []
  disk.fault = ({ name }) => {
    if (altering.includes(name)) moments.push(disk.moment())
    return undefined
  }
  const store = await opener(disk, options, { isCompacting: false })(path)
  await store.close()
  for (const moment of moments) yield* crashStates(moment, chosen)
}
