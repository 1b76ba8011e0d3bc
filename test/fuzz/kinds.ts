// What can be fuzzed, by name, so that the command, the test and the mutants' runner play the same histories.

import { planDocSteps, takeDocSteps } from './docs-world.ts'
import { DocumentSubject } from './document-subject.ts'
import { planForkSteps, takeForkSteps } from './forks-world.ts'
import { playHostile } from './hostile.ts'
import type { MakeSubject } from './pieces.ts'
import { type Outcome, planSteps, type Step, takeSteps } from './pieces-world.ts'
import { PlainSubject } from './plain-subject.ts'
import { SequenceSubject } from './sequence-subject.ts'
import { shrink } from './shrink.ts'

/** Steps drawn from a seed, and what comes of any of them. */
interface Play<S> {
  plan(seed: number): readonly S[]
  take(steps: readonly S[]): Outcome
}

const plays = {
  /** Graph and log alone. */
  log: ofPieces((known) => new PlainSubject(known), planSteps),
  sequence: ofPieces((known) => new SequenceSubject(known), planSequence),
  document: ofPieces((known) => new DocumentSubject(known), planSteps),
  /** Whole documents, with their bytes. */
  docs: runner({ plan: planDocSteps, take: takeDocSteps }),
  /** Actors under whose names more than one writes. */
  forks: runner({ plan: planForkSteps, take: takeForkSteps }),
  hostile: runner({ plan: (seed) => [seed], take: ([seed]) => playHostile(seed ?? 0) }),
} as const

export type Kind = keyof typeof plays

// Object.keys forgets which names there are.
export const kinds = Object.keys(plays) as Kind[]

export function play(kind: Kind, seed: number): Outcome {
  return plays[kind].play(seed)
}

/** What to print of a history that fails: the seed, the fewest steps, what differs, and the history as lines. */
export function failureOf(kind: Kind, seed: number): string {
  const { steps, all, failure } = plays[kind].least(seed)
  return [
    `A difference in the ${kind} history of seed ${seed}: ${steps} of its ${all} steps are enough.`,
    failure,
    `Play it again with: SEED=${seed} npm run fuzz -- --kind ${kind}`,
  ].join('\n\n')
}

function runner<S>({ plan, take }: Play<S>) {
  return {
    play: (seed: number): Outcome => take(plan(seed)),
    least: (seed: number) => {
      const all = plan(seed)
      const steps = shrink(all, (fewer) => take(fewer).failure !== undefined)
      return { steps: steps.length, all: all.length, failure: take(steps).failure }
    },
  }
}

function ofPieces(make: MakeSubject, plan: (seed: number) => readonly Step[]) {
  return runner({ plan, take: (steps: readonly Step[]) => takeSteps(steps, make) })
}

/** About one text or list. */
function planSequence(seed: number): Step[] {
  return planSteps(seed).map((step) => ({ ...step, focus: seed % 3 === 0 ? 'list' : 'text' }))
}
