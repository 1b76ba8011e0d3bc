// Drafts of texts, counters, sets, logs and registers.

import { valueKey } from '../../core/value.ts'
import type { Path } from '../patch.ts'
import type { Counter, Log, Register, SetOf, Text } from '../types.ts'
import { type Amount, checkAmount, checkGrowth } from './amounts.ts'
import type { CounterState } from './counter-state.ts'
import type { Drafts } from './drafts.ts'
import { readMember } from './input.ts'
import type { LogState } from './log-state.ts'
import type { RegisterState } from './register-state.ts'
import type { SetState } from './set-state.ts'
import { checkDelete, checkInsert, type Placed } from './text-edits.ts'
import type { TextState } from './text-state.ts'

export class TextDraft implements Text, Placed {
  readonly #drafts: Drafts
  readonly #text: TextState

  constructor(drafts: Drafts, text: TextState) {
    this.#drafts = drafts
    this.#text = text
  }

  get length(): number {
    this.#drafts.use(this.#text)
    return this.#text.length
  }

  get path(): Path {
    return this.#drafts.pathOf(this.#text)
  }

  insert(index: number, content: string): void {
    const recorder = this.#drafts.use(this.#text)
    checkInsert(this.#text, index, content, this)
    recorder.type(this.#text, index, content)
  }

  delete(index: number, count: number): void {
    const recorder = this.#drafts.use(this.#text)
    checkDelete(this.#text, index, count)
    recorder.remove(this.#text, index, count)
  }

  append(content: string): void {
    this.insert(this.length, content)
  }

  slice(start?: number, end?: number): string {
    return this.toString().slice(start, end)
  }

  toString(): string {
    this.#drafts.use(this.#text)
    return this.#text.value
  }

  toJSON(): string {
    return this.toString()
  }
}

export class CounterDraft implements Counter {
  readonly #drafts: Drafts
  readonly #counter: CounterState

  constructor(drafts: Drafts, counter: CounterState) {
    this.#drafts = drafts
    this.#counter = counter
  }

  get value(): Amount {
    this.#drafts.use(this.#counter)
    return this.#counter.value
  }

  add(by: Amount = 1): void {
    const amount = checkAmount(by)
    this.#drafts.use(this.#counter).add(this.#counter, this.#counter.type === 'gcounter' ? checkGrowth(amount) : amount)
  }

  toJSON(): Amount {
    return this.value
  }

  toString(): string {
    return String(this.value)
  }
}

export class SetDraft implements SetOf<unknown> {
  readonly #drafts: Drafts
  readonly #set: SetState

  constructor(drafts: Drafts, set: SetState) {
    this.#drafts = drafts
    this.#set = set
  }

  get size(): number {
    this.#drafts.use(this.#set)
    return this.#set.size
  }

  add(value: unknown): void {
    const recorder = this.#drafts.use(this.#set)
    recorder.include(this.#set, readMember(value, this.#drafts.pathOf(this.#set)))
  }

  delete(value: unknown): boolean {
    const recorder = this.#drafts.use(this.#set)
    const member = readMember(value, this.#drafts.pathOf(this.#set))
    if (!this.#set.has(valueKey(member))) return false
    recorder.exclude(this.#set, member)
    return true
  }

  has(value: unknown): boolean {
    this.#drafts.use(this.#set)
    return this.#set.has(valueKey(readMember(value, [])))
  }

  values(): IterableIterator<unknown> {
    this.#drafts.use(this.#set)
    return this.#set.sorted.map((member) => this.#drafts.read(member)).values()
  }

  [Symbol.iterator](): IterableIterator<unknown> {
    return this.values()
  }

  toJSON(): unknown[] {
    return [...this]
  }
}

export class LogDraft implements Log<unknown> {
  readonly #drafts: Drafts
  readonly #log: LogState

  constructor(drafts: Drafts, log: LogState) {
    this.#drafts = drafts
    this.#log = log
  }

  get length(): number {
    this.#drafts.use(this.#log)
    return this.#log.length
  }

  push(...values: unknown[]): number {
    const recorder = this.#drafts.use(this.#log)
    const path = this.#drafts.pathOf(this.#log)
    const members = values.map((value, i) => readMember(value, [...path, this.#log.length + i], 'a log'))
    recorder.append(this.#log, members)
    return this.#log.length
  }

  at(index: number): unknown {
    this.#drafts.use(this.#log)
    const value = this.#log.values.at(index)
    return value === undefined ? undefined : this.#drafts.read(value)
  }

  values(): IterableIterator<unknown> {
    this.#drafts.use(this.#log)
    return this.#log.values.map((value) => this.#drafts.read(value)).values()
  }

  [Symbol.iterator](): IterableIterator<unknown> {
    return this.values()
  }

  toJSON(): unknown[] {
    return [...this]
  }
}

export class RegisterDraft implements Register<unknown> {
  readonly #drafts: Drafts
  readonly #register: RegisterState

  constructor(drafts: Drafts, register: RegisterState) {
    this.#drafts = drafts
    this.#register = register
  }

  get value(): unknown {
    this.#drafts.use(this.#register)
    return this.#drafts.read(this.#register.value)
  }

  get values(): readonly unknown[] {
    this.#drafts.use(this.#register)
    return this.#register.heads.map(({ value }) => this.#drafts.read(value))
  }

  set(value: unknown): void {
    const recorder = this.#drafts.use(this.#register)
    recorder.assign(this.#register, readMember(value, this.#drafts.pathOf(this.#register), 'a register'))
  }

  toJSON(): unknown {
    return this.value
  }
}
