// The testing entry: simulated worlds of faults to run an app in, and what they are made of: networks and stores in memory, a disk and a browser that crash,
// seeded random, a clock that is told when to go on.

export { type Clock, systemClock } from './base/clock.ts'
export { type Random, seededRandom } from './base/random.ts'
export { type MemoryHub, type MemoryHubOptions, memoryHub, memoryNetwork } from './net/memory.ts'
export { type MemoryDisk, type MemoryDiskOptions, memoryDisk, memoryStore } from './store/memory.ts'
export { type BrowserImage, type BrowserMoment, browserStates, everythingKept } from './testing/browser-states.ts'
export { crashStates, type DiskImage, type DiskMoment, everything } from './testing/crash-states.ts'
export type { BrowserCall, BrowserFault } from './testing/indexeddb/calls.ts'
export { ManualClock } from './testing/manual-clock.ts'
export { type FaultKind, faultKinds, type Plan, type Step } from './testing/plan.ts'
export type { SimulatedApp } from './testing/run.ts'
export { SimulatedBrowser, type SimulatedBrowserOptions } from './testing/simulated-browser.ts'
export {
  type DiskCall,
  type DiskFault,
  SimulatedDisk,
  type SimulatedDiskOptions,
  type SimulatedStoreOptions,
  simulatedStore,
} from './testing/simulated-disk.ts'
export type { SimulatedTab } from './testing/simulated-tab.ts'
export {
  type Simulation,
  type SimulationOptions,
  type SimulationReport,
  world,
} from './testing/simulation.ts'
export { World, type WorldOptions } from './testing/world.ts'
