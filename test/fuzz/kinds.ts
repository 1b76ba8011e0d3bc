// What can be fuzzed, by name, so that the command, the test and the mutants' runner play the same histories.

import { type Outcome, planSteps, takeSteps } from './pieces-world.ts'
import { PlainSubject } from './plain-subject.ts'
import { shrink } from './shrink.ts'

export type Kind = 'pieces'

export const kinds = {
  names: ['pieces'] as const,
  play(_: Kind, seed: number): Outcome {
    return takeSteps(planSteps(seed), (known) => new PlainSubject(known))
  },
}

/** What to print of a history that fails: the seed, the fewest steps, what differs, and the history as lines. */
export function failureOf(kind: Kind, seed: number): string {
  const fails = (steps: ReturnType<typeof planSteps>): boolean =>
    takeSteps(steps, (known) => new PlainSubject(known)).failure !== undefined
  const all = planSteps(seed)
  const steps = shrink(all, (fewer) => fails([...fewer]))
  const { failure } = takeSteps(steps, (known) => new PlainSubject(known))
  return [
    `A difference in the ${kind} history of seed ${seed}: ${steps.length} of its ${all.length} steps are enough.`,
    failure,
    `Play it again with: SEED=${seed} npm run fuzz`,
  ].join('\n\n')
}
