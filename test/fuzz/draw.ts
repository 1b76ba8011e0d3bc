// Draws what an author does next, from what the twin says the author sees: mostly what an honest API makes, now and then what none does (out of
// range, a container of another type, a generation from nowhere, revokes of revokes). Few keys and letters, so that edits meet.

import { type ContainerType, containerTypes } from '../../src/core/kinds.ts'
import type { Scalar } from '../../src/core/value.ts'
import type { Twin } from '../model/engine-twin.ts'
import type { Box, Entry, Version } from '../model/twin-box.ts'
import type { OpName, TwinAction, TwinContent } from '../model/twin-op.ts'
import { keyHeads } from '../model/twin-show.ts'
import type { Chance } from './chance.ts'

/** Consecutive ops of one kind on one container. */
export interface Drawn {
  readonly container: OpName | undefined
  readonly actions: readonly TwinAction[]
}

/** What a history is mostly about: one text that everybody makes, one list, or anything. */
export type Focus = 'text' | 'list' | 'all'

const keys = ['k', 'l', 'm']
const scalars: readonly Scalar[] = [1, 2, 'x', true, null, -0, 2n ** 70n]
const wide = new Set<ContainerType>(['text', 'list'])

export function draw(twin: Twin, version: Version, actor: string, focus: Focus, chance: Chance): Drawn {
  const makers = [...version].filter((entry) => entry.makes !== undefined && !entry.isVoid)
  if (chance.maybe(0.08)) return { container: undefined, actions: [drawRevoke(version, actor, chance)] }
  if (chance.maybe(0.02)) return { container: undefined, actions: [{ kind: 'meta' }] }
  if (chance.maybe(0.04)) return drawCrafted(version, chance)
  if (focus !== 'all' && chance.maybe(0.85)) return drawFocus(twin, version, makers, focus, chance)
  const texts = makers.filter(({ makes }) => makes !== undefined && wide.has(makes.type))
  const isAtRoot = makers.length === 0 || chance.maybe(0.15)
  const maker = isAtRoot ? undefined : chance.pick(texts.length > 0 && chance.maybe(0.5) ? texts : makers)
  return { container: maker?.name, actions: drawFor(twin, maker?.makes ?? twin.root, version, chance) }
}

/** In the one container under `t`, which everybody makes who has not seen it made. */
function drawFocus(
  twin: Twin,
  version: Version,
  makers: readonly Entry[],
  focus: 'text' | 'list',
  chance: Chance,
): Drawn {
  const ours = makers.filter(({ op }) => 'key' in op && op.key === 't')
  if (ours.length === 0) return { container: undefined, actions: [{ kind: 'make', key: 't', make: focus, gen: 0 }] }
  const { name, makes } = chance.pick(ours)
  return { container: name, actions: drawFor(twin, makes ?? twin.root, version, chance) }
}

function drawFor(twin: Twin, box: Box, version: Version, chance: Chance): TwinAction[] {
  switch (box.type) {
    case 'map':
      return [drawKey(twin, box, version, chance)]
    case 'text':
    case 'list':
      return drawSequence(box.type, twin.visible(box, version).length, chance)
    case 'counter':
    case 'gcounter': {
      const by = chance.maybe(0.05) ? 2n ** 53n - 1n : BigInt(chance.below(5)) - (box.type === 'counter' ? 2n : 0n)
      return Array.from({ length: chance.maybe(0.3) ? 3 : 1 }, () => ({ kind: 'add', by }))
    }
    case 'set':
    case 'rwset':
      return [{ kind: chance.maybe(0.6) ? 'include' : 'exclude', value: chance.pick(scalars) }]
    case 'log':
      return Array.from({ length: 1 + chance.below(2) }, () => ({ kind: 'append', value: chance.pick(scalars) }))
    case 'register':
      return [{ kind: 'assign', value: chance.pick(scalars) }]
  }
}

function drawKey(twin: Twin, box: Box, version: Version, chance: Chance): TwinAction {
  const key = chance.pick(keys)
  switch (chance.weighed({ set: 3, make: 4, unset: 2 })) {
    case 'set':
      return { kind: 'set', key, value: chance.pick(scalars) }
    case 'unset':
      return { kind: 'unset', key }
    case 'make': {
      const make = drawType(chance)
      return {
        kind: 'make',
        key,
        make,
        gen: chance.maybe(0.1) ? chance.below(3) : generation(twin, box, key, make, version),
      }
    }
  }
}

/** Which generation an honest author makes: that of what shows, if it is of the type; else one that was never there. */
function generation(twin: Twin, box: Box, key: string, type: ContainerType, version: Version): number {
  const made = box.entries.flatMap((entry) =>
    entry.op.kind === 'make' && entry.op.key === key && version.has(entry) ? [entry.op] : [],
  )
  if (made.length === 0) return 0
  const greatest = Math.max(...made.map(({ gen }) => gen))
  const newest = Math.max(...made.filter(({ make }) => make === type).map(({ gen }) => gen))
  const isThere = keyHeads(twin, box, key, version).some(
    ({ op }) => op.kind === 'make' && op.make === type && op.gen === newest,
  )
  return isThere ? newest : greatest + 1
}

function drawSequence(type: 'text' | 'list', length: number, chance: Chance): TwinAction[] {
  const count = 1 + chance.below(chance.maybe(0.3) ? 5 : 2)
  // Now and then one past what may be.
  const slip = chance.maybe(0.03) ? 1 : 0
  if (length > 0 && chance.maybe(length > 12 ? 0.7 : 0.35)) {
    const index = chance.below(length + slip)
    const isBack = chance.maybe(0.3)
    const most = isBack ? index + 1 + slip : length - index + slip
    return Array.from({ length: Math.min(count, Math.max(1, most)) }, (_, i) => ({
      kind: 'erase',
      index: isBack ? index - i : index,
    }))
  }
  const index = chance.maybe(0.3) ? length : chance.below(length + 1 + slip)
  return Array.from({ length: count }, (_, i) =>
    type === 'text'
      ? { kind: 'type', index: index + i, unit: chance.maybe(0.02) ? 0xd83d : 97 + chance.below(26) }
      : { kind: 'insert', index: index + i, content: drawContent(chance) },
  )
}

function drawContent(chance: Chance): TwinContent {
  return chance.maybe(0.25) ? { make: drawType(chance) } : { value: chance.pick(scalars) }
}

function drawType(chance: Chance): ContainerType {
  return chance.maybe(0.4) ? chance.pick(['text', 'map', 'list'] as const) : chance.pick(containerTypes)
}

/** Takes back some of what happened lately, mostly the author's own, or a taking back. */
function drawRevoke(version: Version, actor: string, chance: Chance): TwinAction {
  const all = [...version]
  const own = all.filter((entry) => entry.actor === actor)
  const from = own.length > 0 && chance.maybe(0.6) ? own : all
  const level = chance.maybe(0.4) ? 2 : 1
  const fitting = from.filter(({ op }) => (op.kind === 'revoke' && op.level === 1) === (level === 2))
  const some = fitting.length > 0 && !chance.maybe(0.05) ? fitting : from
  if (some.length === 0) return { kind: 'meta' }
  const start = chance.below(some.length)
  const targets = some
    .slice(start, start + 1 + chance.below(4))
    .map(({ name }) => name)
    .sort()
  return { kind: 'revoke', level, targets }
}

/** Something on a container that is none, or of another type. */
function drawCrafted(version: Version, chance: Chance): Drawn {
  const all: Entry[] = [...version]
  const container = all.length === 0 || chance.maybe(0.3) ? undefined : chance.pick(all).name
  const actions: readonly TwinAction[] = [
    { kind: 'type', index: chance.below(4), unit: 63 },
    { kind: 'insert', index: chance.below(4), content: drawContent(chance) },
    { kind: 'erase', index: chance.below(4) },
    { kind: 'set', key: chance.pick(keys), value: 3 },
    { kind: 'unset', key: chance.pick(keys) },
    { kind: 'make', key: chance.pick(keys), make: drawType(chance), gen: chance.below(4) },
    { kind: 'add', by: BigInt(-1 - chance.below(3)) },
    { kind: 'include', value: 1 },
    { kind: 'exclude', value: 1 },
    { kind: 'append', value: 4 },
    { kind: 'assign', value: 5 },
  ]
  return { container, actions: [chance.pick(actions)] }
}
