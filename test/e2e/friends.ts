// The concurrent trace as a slow twin knows it: every character that anybody ever typed, in the one order that all of them agree on, with who typed
// and who deleted it. An agent whose replica is ahead of what a transaction's author had seen finds there what the author meant.
//
//   a state is [n0, n1]: the first n0 transactions of agent 0 and the first n1 of agent 1

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { dataPath } from '../setup/data.ts'
import type { TextPatch } from './pad-commands.ts'

export const friendsFile = 'traces/concurrent/friendsforever.json.gz'

interface Trace {
  readonly endContent: string
  readonly txns: readonly {
    readonly parents: readonly number[]
    readonly agent: 0 | 1
    readonly patches: readonly TextPatch[]
  }[]
}

/** How much of each agent somebody has. */
export type State = readonly [number, number]

/** One transaction: what its author had seen, and which characters it typed and deleted. */
export interface Turn {
  readonly agent: 0 | 1
  readonly seen: State
  readonly inserted: string
  /** The first of the inserted characters, which are numbered on from it. */
  readonly firstId: number
  readonly deleted: readonly number[]
}

const NEVER = 0x7fffffff

export class Friends {
  readonly endContent: string
  /** Transactions of each agent, in its order. */
  readonly turns: readonly [readonly Turn[], readonly Turn[]]
  readonly #characters: string[] = []
  // By character: who typed it in which transaction, and in which transaction each agent deleted it.
  readonly #agent: Uint8Array
  readonly #typedIn: Int32Array
  readonly #deletedIn: readonly [Int32Array, Int32Array]
  // All characters in their order.
  readonly #order: Int32Array
  #length = 0
  readonly #place: Int32Array

  constructor() {
    const trace = JSON.parse(gunzipSync(readFileSync(dataPath(friendsFile))).toString()) as Trace
    const size = trace.txns.reduce(
      (sum, { patches }) => sum + patches.reduce((all, [, , text]) => all + text.length, 0),
      0,
    )
    this.endContent = trace.endContent
    this.#agent = new Uint8Array(size)
    this.#typedIn = new Int32Array(size)
    this.#deletedIn = [new Int32Array(size).fill(NEVER), new Int32Array(size).fill(NEVER)]
    this.#order = new Int32Array(size)
    this.turns = this.#replay(trace)
    this.#place = new Int32Array(size)
    for (let place = 0; place < size; place++) this.#place[this.#order[place] as number] = place
  }

  /** The text in a state. */
  text(state: State): string {
    let text = ''
    for (let place = 0; place < this.#length; place++) {
      const id = this.#order[place] as number
      if (this.#isVisible(id, state)) text += this.#characters[id]
    }
    return text
  }

  /** Where in the text of a state a character stands, or would stand. */
  index(id: number, state: State): number {
    const end = this.#place[id] as number
    let index = 0
    for (let place = 0; place < end; place++) if (this.#isVisible(this.#order[place] as number, state)) index++
    return index
  }

  isVisible(id: number, state: State): boolean {
    return this.#isVisible(id, state)
  }

  #isVisible(id: number, [n0, n1]: State): boolean {
    return (
      (this.#typedIn[id] as number) < (this.#agent[id] === 0 ? n0 : n1) &&
      (this.#deletedIn[0][id] as number) >= n0 &&
      (this.#deletedIn[1][id] as number) >= n1
    )
  }

  #replay({ txns }: Trace): [Turn[], Turn[]] {
    const turns: [Turn[], Turn[]] = [[], []]
    const after: State[] = []
    for (const { agent, parents, patches } of txns) {
      const own = turns[agent].length
      const known = (other: 0 | 1): number => Math.max(0, ...parents.map((parent) => after[parent]?.[other] ?? 0))
      const seen: State = agent === 0 ? [own, known(1)] : [known(0), own]
      after.push(agent === 0 ? [own + 1, seen[1]] : [seen[0], own + 1])
      const [patch, ...more] = patches
      if (patch === undefined || more.length > 0) throw new Error('a transaction of this trace has one patch')
      turns[agent].push(this.#turn(agent, own, seen, patch))
    }
    return turns
  }

  #turn(agent: 0 | 1, number: number, seen: State, [at, deletions, inserted]: TextPatch): Turn {
    let slot = 0
    for (let index = 0; index < at; slot++) if (this.#isVisible(this.#order[slot] as number, seen)) index++
    const deleted: number[] = []
    for (let place = slot; deleted.length < deletions; place++) {
      const id = this.#order[place] as number
      if (this.#isVisible(id, seen)) deleted.push(id)
    }
    for (const id of deleted) this.#deletedIn[agent][id] = Math.min(this.#deletedIn[agent][id] as number, number)
    const firstId = this.#characters.length
    this.#order.copyWithin(slot + inserted.length, slot, this.#length)
    for (const character of inserted) {
      const id = this.#characters.push(character) - 1
      this.#order[slot + id - firstId] = id
      this.#agent[id] = agent
      this.#typedIn[id] = number
    }
    this.#length += inserted.length
    return { agent, seen, inserted, firstId, deleted }
  }
}
