// The engine that is taking the place of the plain one, room by room. Not published: it goes when the document stands on it.

export * from './core/columns.ts'
export * from './core/graph.ts'
export * from './core/kinds.ts'
export * from './core/op-log.ts'
export * from './core/staging.ts'
export * from './core/wire.ts'
export * from './core/wire-decoder.ts'
export * from './core/wire-encoder.ts'
export * from './crdt/engine/state-form.ts'
export * from './crdt/packed-list.ts'
export * from './crdt/unit-buffer.ts'
