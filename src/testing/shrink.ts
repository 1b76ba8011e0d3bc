// Makes a failing plan small: leaves out more and more of its steps, in halves, quarters … as long as it fails (Zeller & Hildebrandt 2002, "Simplifying and
// Isolating Failure-Inducing Input"). Each step has its own seed, so what is left does much the same.

/** The fewest steps found that fail. Gives up after `tries`. */
export async function shrink<S>(
  steps: readonly S[],
  fails: (steps: readonly S[]) => Promise<boolean>,
  tries: number,
): Promise<readonly S[]> {
  let best = steps
  let left = tries
  for (let size = Math.ceil(best.length / 2); left > 0 && size > 0; ) {
    let isSmaller = false
    for (let from = 0; from < best.length && left > 0; left--) {
      const fewer = [...best.slice(0, from), ...best.slice(from + size)]
      if (await fails(fewer)) {
        best = fewer
        isSmaller = true
      } else from += size
    }
    if (size === 1 && !isSmaller) break
    size = Math.max(1, Math.floor(size / 2))
  }
  return best
}
