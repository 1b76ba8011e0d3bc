// Drafts of texts, counters and sets.

import { JoineryError } from '../base/errors.ts'
import { valueKey } from '../core/value.ts'
import { rawText } from './build.ts'
import { checkAmount, checkSpan } from './constructors.ts'
import type { CounterState, SetState, TextState } from './container.ts'
import type { Session } from './draft.ts'
import { checkText, readMember } from './input.ts'
import type { Counter, SetOf, Text } from './types.ts'

export class TextDraft implements Text {
  readonly #session: Session
  readonly #text: TextState

  constructor(session: Session, text: TextState) {
    this.#session = session
    this.#text = text
  }

  get length(): number {
    this.#session.use()
    return this.#text.items.length
  }

  insert(index: number, content: string): void {
    const recorder = this.#session.use()
    if (typeof content !== 'string') throw new JoineryError('bad-value', `a text takes strings, not ${typeof content}`)
    if (!content.isWellFormed()) checkText(content, recorder.pathOf(this.#text))
    checkSpan(this.length, index, 0)
    this.#checkPair(index)
    recorder.type(this.#text, index, content)
  }

  delete(index: number, count: number): void {
    const recorder = this.#session.use()
    checkSpan(this.length, index, count)
    this.#checkPair(index)
    this.#checkPair(index + count)
    recorder.remove(this.#text, index, count)
  }

  append(content: string): void {
    this.insert(this.length, content)
  }

  slice(start?: number, end?: number): string {
    return this.toString().slice(start, end)
  }

  toString(): string {
    this.#session.use()
    return rawText(this.#text).toWellFormed()
  }

  toJSON(): string {
    return this.toString()
  }

  /** A place between the halves of a pair is none. */
  #checkPair(index: number): void {
    if (!this.#text.paired || index === 0) return
    const { items } = this.#text
    const [before, after] = [items.at(index - 1)?.value ?? 0, items.at(index)?.value ?? 0]
    if (before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff)
      throw new JoineryError('bad-value', `index ${index} is inside a surrogate pair: move it by one`)
  }
}

export class CounterDraft implements Counter {
  readonly #session: Session
  readonly #counter: CounterState

  constructor(session: Session, counter: CounterState) {
    this.#session = session
    this.#counter = counter
  }

  get value(): number | bigint {
    this.#session.use()
    return this.#counter.value
  }

  add(by: number | bigint = 1): void {
    this.#session.use().add(this.#counter, checkAmount(Number(by)))
  }

  toJSON(): number | bigint {
    return this.value
  }

  toString(): string {
    return String(this.value)
  }
}

export class SetDraft implements SetOf<unknown> {
  readonly #session: Session
  readonly #set: SetState

  constructor(session: Session, set: SetState) {
    this.#session = session
    this.#set = set
  }

  get size(): number {
    this.#session.use()
    return this.#set.members.size
  }

  add(value: unknown): void {
    const recorder = this.#session.use()
    recorder.include(this.#set, readMember(value, recorder.pathOf(this.#set)))
  }

  delete(value: unknown): boolean {
    const recorder = this.#session.use()
    const member = readMember(value, recorder.pathOf(this.#set))
    if (!this.#set.members.has(valueKey(member))) return false
    recorder.exclude(this.#set, member)
    return true
  }

  has(value: unknown): boolean {
    this.#session.use()
    return this.#set.members.has(valueKey(readMember(value, [])))
  }

  values(): IterableIterator<unknown> {
    this.#session.use()
    return this.#set.sorted.map((member) => this.#session.read(member)).values()
  }

  [Symbol.iterator](): IterableIterator<unknown> {
    return this.values()
  }

  toJSON(): unknown[] {
    return [...this]
  }
}
