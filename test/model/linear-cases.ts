// The histories of the FugueMax conformance suite (diamond-types), replayed by the twin. Positions count what the author saw.

import { Twin } from './engine-twin.ts'
import { nameOf, type TwinAction } from './twin-op.ts'
import type { Rule } from './twin-order.ts'
import { rawText } from './twin-show.ts'

export interface LinearCase {
  readonly txns: readonly {
    readonly span: readonly [number, number]
    readonly parents: readonly number[]
    readonly agent: string
    readonly ops: readonly (readonly [index: number, deleted: number, inserted: string])[]
  }[]
  readonly endContent: string
}

export function textOfCase({ txns }: LinearCase, rule: Rule = 'fugue-max'): string {
  const twin = new Twin(rule)
  const names: string[] = []
  const ends = new Map<string, number>()
  // The text must stand somewhere: its maker is lowest, so that everybody has seen it.
  const maker = { actor: '', seq: 0 }
  twin.add({ kind: 'make', key: 't', make: 'text', gen: 0, ...maker, parents: [], container: undefined })
  for (const { parents, agent, ops } of txns) {
    let heads = parents.length === 0 ? [nameOf(maker)] : parents.map((lv) => names[lv] ?? '')
    for (const action of ops.flatMap(unitsOf)) {
      const dot = { actor: agent, seq: ends.get(agent) ?? 0 }
      ends.set(agent, dot.seq + 1)
      twin.add({ ...action, ...dot, parents: heads, container: nameOf(maker) })
      heads = [nameOf(dot)]
      names.push(nameOf(dot))
    }
  }
  const text = twin.entry(nameOf(maker)).makes
  return text === undefined ? '' : rawText(twin, text, twin.version(names))
}

function unitsOf([index, deleted, inserted]: readonly [number, number, string]): TwinAction[] {
  const erases = Array.from({ length: deleted }, (): TwinAction => ({ kind: 'erase', index }))
  return [
    ...erases,
    ...inserted.split('').map((unit, i): TwinAction => ({ kind: 'type', index: index + i, unit: unit.charCodeAt(0) })),
  ]
}
