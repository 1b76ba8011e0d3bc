// What changed, in words an application can follow: patches in order take the old value to the new one.

/** Where in a document: keys of maps and indexes of lists, from the root. */
export type Path = readonly (string | number)[]

export type Patch =
  | { readonly type: 'set'; readonly path: Path; readonly value: unknown }
  | { readonly type: 'delete'; readonly path: Path }
  | { readonly type: 'insert'; readonly path: Path; readonly index: number; readonly values: readonly unknown[] }
  | { readonly type: 'insert'; readonly path: Path; readonly index: number; readonly text: string }
  | { readonly type: 'remove'; readonly path: Path; readonly index: number; readonly count: number }
  | { readonly type: 'increment'; readonly path: Path; readonly by: number | bigint; readonly value: number | bigint }
  | { readonly type: 'add'; readonly path: Path; readonly value: unknown }
  | { readonly type: 'take'; readonly path: Path; readonly value: unknown }

/** The patches of one change. */
export interface PatchEvent {
  readonly patches: readonly Patch[]
  /** True if this replica made the change. */
  readonly local: boolean
  /** The actor who made it. */
  readonly author: string
  /** Wall time in milliseconds as its author had it, within a minute; for people. */
  readonly time: number | undefined
}
