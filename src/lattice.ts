// `joinery/lattice`: the classic replicated types as plain values, carried as states, as deltas or as ops, and laws that any such type
// must keep. For those who bring a type of their own, and for teaching. Documents (`joinery`, `joinery/doc`) do not need it.

export { isJoineryError, JoineryError } from './base/errors.ts'
export { type Random, seededRandom } from './base/random.ts'
export type { DotChange, DotStore, Dotted } from './lattice/dot-store.ts'
export { type Dot, type Dots, dottedVersionVector, hasDot, vectorOf } from './lattice/dotted-version-vector.ts'
export type { Counts, Entries, Entry } from './lattice/entries.ts'
export { type Extreme, type ExtremeCommand, type ExtremeLattice, max, min } from './lattice/extremes.ts'
export { type GCounterCommand, type GCounterOp, gCounter } from './lattice/g-counter.ts'
export { type GSetCommand, type GSetOp, gSet } from './lattice/g-set.ts'
export { compareHybrid, type HybridTime, hybridHear, hybridNext, hybridZero } from './lattice/hybrid-clock.ts'
export { type Kind, kinds } from './lattice/kind.ts'
export { compare, type Definition, type Delivery, defineLattice, type Lattice, update } from './lattice/lattice.ts'
export { type Arbitrary, type Law, type LawOptions, lawNames, laws } from './lattice/laws.ts'
export { type AppendCommand, type LogEntry, log } from './lattice/log.ts'
export {
  hybridRegister,
  type LwwRegister,
  lwwRegister,
  type SetCommand,
  type SetNowCommand,
  type Written,
} from './lattice/lww-register.ts'
export { type MapCommand, type MapOp, mapOf } from './lattice/map-of.ts'
export { type MvRegisterCommand, mvRegister } from './lattice/mv-register.ts'
export { type OrSetCommand, orSet } from './lattice/or-set.ts'
export type { Json } from './lattice/plain.ts'
export { type PnCounterCommand, type PnCounterOp, type PnCounterState, pnCounter } from './lattice/pn-counter.ts'
export type { Range, Ranges } from './lattice/ranges.ts'
export { type Mark, type RemoveWinsCommand, removeWinsSet } from './lattice/remove-wins-set.ts'
export { type TwoPhaseCommand, type TwoPhaseOp, type TwoPhaseState, twoPhaseSet } from './lattice/two-phase-set.ts'
export { type TickCommand, type VersionVectorOp, versionVector } from './lattice/version-vector.ts'
