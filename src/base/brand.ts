// Branded strings: an id is made in one place, by a function that checks it, and is a plain string at run time.

declare const brand: unique symbol

export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** The one cast of the code base: gives a checked value its brand. Callers check first. */
export function branded<B extends Brand<string, string>>(value: string): B {
  return value as B
}
