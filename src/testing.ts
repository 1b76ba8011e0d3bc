// The testing entry: networks and stores in memory, a disk that crashes, seeded random, a clock that is told when to go on, and worlds made of them.

export { type Clock, systemClock } from './base/clock.ts'
export { type Random, seededRandom } from './base/random.ts'
export { type MemoryHub, type MemoryHubOptions, memoryHub, memoryNetwork } from './net/memory.ts'
export { type MemoryDisk, type MemoryDiskOptions, memoryDisk, memoryStore } from './store/memory.ts'
export { crashStates, type DiskImage, type DiskMoment, everything } from './testing/crash-states.ts'
export { ManualClock } from './testing/manual-clock.ts'
export {
  type DiskCall,
  type DiskFault,
  SimulatedDisk,
  type SimulatedDiskOptions,
  type SimulatedStoreOptions,
  simulatedStore,
} from './testing/simulated-disk.ts'
export { World, type WorldOptions } from './testing/world.ts'
