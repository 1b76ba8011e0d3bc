// What both main entries show besides openPeer: the types of the API, the errors, and the constructors of what a document can hold.

export { type ErrorCode, errorCodes, isJoineryError, JoineryError } from './base/errors.ts'
export { counter, json, log, register, set, text } from './crdt/constructors.ts'
export type { Patch, PatchEvent, Path } from './crdt/patch.ts'
export type { Counter, Draft, Log, Register, SetOf, Text, Value } from './crdt/types.ts'
export type * from './peer/api.ts'
