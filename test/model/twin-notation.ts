// Histories for the twin, as lines:
//
//   a make . note text 0     the next op of a, on the root: it makes a text under `note`, of generation 0
//   b+a0 type a0 0 hi        b's next ops, having seen a's op 0: they type into the container that this op made
//
// Who is not named with a `+` was not seen, but for the own op before. Values are JSON. Runs become unit ops.

import type { ContainerType } from '../../src/core/kinds.ts'
import { Twin } from './engine-twin.ts'
import type { Version } from './twin-box.ts'
import type { OpName, TwinAction, TwinContent } from './twin-op.ts'
import type { Rule } from './twin-order.ts'
import { valueAt } from './twin-show.ts'

export class History {
  readonly twin: Twin
  readonly #ends = new Map<string, number>()

  constructor(lines: string, rule: Rule = 'fugue-max') {
    this.twin = new Twin(rule)
    for (const line of lines.split('\n')) if (line.trim() !== '') this.#take(line.trim())
  }

  /** Everything, or what these ops and their pasts hold. */
  version(...heads: string[]): Version {
    const all = [...this.#ends].map(([actor, end]) => `${actor}:${end - 1}`)
    return this.twin.version(heads.length === 0 ? all : heads.map(dotted))
  }

  value(...heads: string[]): unknown {
    return valueAt(this.twin, this.version(...heads))
  }

  isVoid(op: string): boolean {
    return this.twin.entry(dotted(op)).isVoid
  }

  #take(line: string): void {
    const [who = '', verb = '', ...words] = line.split(' ')
    const [actor = '', ...seen] = who.split('+')
    const container =
      verb === 'meta' || verb.endsWith('revoke') || words[0] === '.' ? undefined : dotted(words[0] ?? '')
    for (const action of actionsOf(verb, words)) {
      const seq = this.#ends.get(actor) ?? 0
      const own = seq === 0 ? [] : [`${actor}:${seq - 1}`]
      const parents = [...own, ...seen.splice(0).map(dotted)]
      this.twin.add({ ...action, actor, seq, parents, container })
      this.#ends.set(actor, seq + 1)
    }
  }
}

function actionsOf(verb: string, words: readonly string[]): TwinAction[] {
  const [, second = '', third = '', fourth = ''] = words
  const index = Number(second)
  switch (verb) {
    case 'type':
      return third.split('').map((unit, i) => ({ kind: 'type', index: index + i, unit: unit.charCodeAt(0) }))
    case 'insert':
      return [{ kind: 'insert', index, content: contentOf(third) }]
    case 'erase':
      return Array.from({ length: Number(third === '' ? 1 : third) }, () => ({ kind: 'erase', index }))
    case 'set':
      return [{ kind: 'set', key: second, value: JSON.parse(third) }]
    case 'make':
      return [{ kind: 'make', key: second, make: third as ContainerType, gen: Number(fourth) }]
    case 'unset':
      return [{ kind: 'unset', key: second }]
    case 'add':
      return [{ kind: 'add', by: BigInt(second) }]
    case 'include':
    case 'exclude':
    case 'append':
    case 'assign':
      return [{ kind: verb, value: JSON.parse(second) }]
    case 'revoke':
      return [{ kind: 'revoke', level: 1, targets: words.map(dotted) }]
    case 'rerevoke':
      return [{ kind: 'revoke', level: 2, targets: words.map(dotted) }]
    case 'meta':
      return [{ kind: 'meta' }]
    default:
      throw new Error(`no verb ${verb}`)
  }
}

/** `*text` is a container to be made. */
function contentOf(word: string): TwinContent {
  return word.startsWith('*') ? { make: word.slice(1) as ContainerType } : { value: JSON.parse(word) }
}

/** `a12` → `a:12` */
function dotted(name: string): OpName {
  return `${name.slice(0, 1)}:${name.slice(1)}`
}
