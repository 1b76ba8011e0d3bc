// What is asked of an edit of a text before it is recorded: by drafts and by live handles alike.

import { JoineryError } from '../../base/errors.ts'
import { checkSpan } from '../constructors.ts'
import type { Path } from '../patch.ts'
import { checkText } from './input.ts'
import type { TextState } from './text-state.ts'

/** Says where a text stands, if that must be told. */
export interface Placed {
  readonly path: Path
}

/** Errors: 'bad-value' | 'bad-change'. */
export function checkInsert(text: TextState, index: number, content: string, at: Placed): void {
  if (typeof content !== 'string') throw new JoineryError('bad-value', `a text takes strings, not ${typeof content}`)
  if (!content.isWellFormed()) checkText(content, at.path)
  checkSpan(text.length, index, 0)
  checkPair(text, index)
}

/** Errors: 'bad-value' | 'bad-change'. */
export function checkDelete(text: TextState, index: number, count: number): void {
  checkSpan(text.length, index, count)
  checkPair(text, index)
  checkPair(text, index + count)
}

/** A place between the halves of a pair is none. */
function checkPair(text: TextState, index: number): void {
  if (text.units.paired && text.splitsPair(index))
    throw new JoineryError('bad-value', `index ${index} is inside a surrogate pair: move it by one`)
}
