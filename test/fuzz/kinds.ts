// What can be fuzzed, by name, so that the command, the test and the mutants' runner play the same histories.

import { DocumentSubject } from './document-subject.ts'
import type { MakeSubject } from './pieces.ts'
import { type Outcome, planSteps, takeSteps } from './pieces-world.ts'
import { PlainSubject } from './plain-subject.ts'
import { SequenceSubject } from './sequence-subject.ts'
import { shrink } from './shrink.ts'

const subjects = {
  /** Graph and log alone. */
  log: (known) => new PlainSubject(known),
  sequence: (known) => new SequenceSubject(known),
  document: (known) => new DocumentSubject(known),
} as const satisfies Record<string, MakeSubject>

export type Kind = keyof typeof subjects

export const kinds = Object.keys(subjects) as Kind[]

export function play(kind: Kind, seed: number): Outcome {
  return takeSteps(stepsOf(kind, seed), subjects[kind])
}

/** What to print of a history that fails: the seed, the fewest steps, what differs, and the history as lines. */
export function failureOf(kind: Kind, seed: number): string {
  const make = subjects[kind]
  const all = stepsOf(kind, seed)
  const steps = shrink(all, (fewer) => takeSteps(fewer, make).failure !== undefined)
  return [
    `A difference in the ${kind} history of seed ${seed}: ${steps.length} of its ${all.length} steps are enough.`,
    takeSteps(steps, make).failure,
    `Play it again with: SEED=${seed} npm run fuzz -- --kind ${kind}`,
  ].join('\n\n')
}

function stepsOf(kind: Kind, seed: number): ReturnType<typeof planSteps> {
  const steps = planSteps(seed)
  if (kind !== 'sequence') return steps
  return steps.map((step) => ({ ...step, focus: seed % 3 === 0 ? 'list' : 'text' }))
}
