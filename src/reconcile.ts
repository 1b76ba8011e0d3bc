// `joinery/reconcile`: two ways in which two sides find out what their sets do not share, sending about as much as the difference and not as the sets.
// Pure and synchronous: they make and take messages, and know no network. Documents (`joinery`) find one another's news with them.
//
//   coded symbols   CodedSet, SymbolDecoder: some 20 bytes for each difference, in one way; of 64-bit ids under a shared key
//   ranges          RangeReconciler: deterministic, in a few round trips; of 256-bit ids

export { isJoineryError, JoineryError } from './base/errors.ts'
export { CodedSet } from './reconcile/coded-set.ts'
export type { Range, RangeMessage } from './reconcile/range-message.ts'
export { decodeRanges, encodeRanges } from './reconcile/range-message.ts'
export { RangeReconciler } from './reconcile/range-reconciler.ts'
export { type ShortId, SipHash } from './reconcile/sip-hash.ts'
export { SortedIds } from './reconcile/sorted-ids.ts'
export { SymbolDecoder } from './reconcile/symbol-decoder.ts'
export { decodeSymbols, encodeSymbols, type Symbols } from './reconcile/symbols.ts'
