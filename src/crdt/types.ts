// The types of a document, as TypeScript sees them: what may be assigned, what a draft gives, what a value reads as.

/** A text many people write in at once. Indexes count UTF-16 units, as strings do; one inside a surrogate pair is refused. */
export interface Text {
  readonly length: number
  insert(index: number, text: string): void
  delete(index: number, count: number): void
  append(text: string): void
  slice(start?: number, end?: number): string
  toString(): string
}

/** A number that many people add to at once. */
export interface Counter {
  /** A number, or a bigint past 2^53. */
  readonly value: number | bigint
  add(by?: number | bigint): void
}

/** A set of plain values; an add that a concurrent delete did not see wins. */
export interface SetOf<V> {
  readonly size: number
  add(value: V): void
  /** True if it was there. */
  delete(value: V): boolean
  has(value: V): boolean
  values(): IterableIterator<V>
  [Symbol.iterator](): IterableIterator<V>
}

/** A list that is only ever added to. */
export interface Log<V> {
  readonly length: number
  /** Gives the new length. */
  push(...values: V[]): number
  at(index: number): V | undefined
  values(): IterableIterator<V>
  [Symbol.iterator](): IterableIterator<V>
}

/** One value of which none is lost: what was assigned at the same time is all kept. */
export interface Register<V> {
  /** The one that shows; null while nothing was assigned. */
  readonly value: V | null
  /** All of them, the one that shows first. */
  readonly values: readonly V[]
  set(value: V): void
}

/** One value that is replaced whole. */
export type Scalar = null | boolean | number | bigint | string | Uint8Array | Date

type IsAny<T> = 0 extends 1 & T ? true : false

/** What `value` shows for a document of type T: texts are strings, counters numbers, sets and logs arrays, registers what shows of them, and all of it read only. */
export type Value<T> =
  IsAny<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: a document without a type reads as any.
      any
    : unknown extends T
      ? // biome-ignore lint/suspicious/noExplicitAny: as above.
        any
      : T extends Scalar | undefined
        ? T
        : T extends Text
          ? string
          : T extends Counter
            ? number | bigint
            : T extends SetOf<infer V>
              ? readonly V[]
              : T extends readonly (infer I)[]
                ? readonly Value<I>[]
                : T extends Log<infer V>
                  ? readonly V[]
                  : T extends Register<infer V>
                    ? V | null
                    : { readonly [K in keyof T]: Value<T[K]> }

/** What a change function is handed for a document of type T: a plain-looking object. */
// biome-ignore lint/suspicious/noExplicitAny: a document without a type is edited as any.
export type Draft<T> = unknown extends T ? any : T
