// The slow twin of the engine: what a set of unit ops means, straight from the definition (FORMAT §3, §4). Every op has its whole past as a
// set; what it refers to is found by filtering what its author saw; a value at any version is what is left after asking of each op whether it
// counts there. It knows nothing of runs, local versions, trackers or the order of arrival, and shares no code with the engine.
//
//   past     the ops an op's author had seen, itself not among them
//   void     counts for nothing, ever: decided by the past alone
//   off      switched off by a revoke or a cut of the version that is asked about
//   cleared  something in a slot that somebody who saw it, and whose op counts, has overwritten or removed

import { limits } from '../../src/base/limits.ts'
import { Box, type Entry, type Version } from './twin-box.ts'
import { nameOf, type OpName, type TwinContent, type TwinOp } from './twin-op.ts'
import type { Rule } from './twin-order.ts'

export class Twin {
  readonly root: Box
  readonly #rule: Rule
  readonly #entries = new Map<OpName, Entry>()
  readonly #switches: Entry[] = []
  /** A version is never altered, so what is off there is found once. */
  readonly #off = new WeakMap<Version, ReadonlySet<Entry>>()

  constructor(rule: Rule = 'fugue-max') {
    this.#rule = rule
    this.root = new Box('map', { type: 'root' }, rule)
  }

  get size(): number {
    return this.#entries.size
  }

  has(name: OpName): boolean {
    return this.#entries.has(name)
  }

  entry(name: OpName): Entry {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new Error(`the twin has no op ${name}`)
    return entry
  }

  /** Takes an op, whose parents must be here; again is no harm. */
  add(op: TwinOp): Entry {
    const name = nameOf(op)
    const known = this.#entries.get(name)
    if (known !== undefined) return known
    const parents = op.parents.map((parent) => this.entry(parent))
    const entry: Entry = {
      op,
      name,
      actor: op.actor,
      seq: op.seq,
      past: this.version(op.parents),
      lamport: isSelfCertifying(op.actor) ? 0 : 1 + Math.max(0, ...parents.map((parent) => this.#clockOf(parent))),
      isVoid: false,
      box: undefined,
      makes: undefined,
      erases: undefined,
    }
    this.#entries.set(name, entry)
    entry.isVoid = !this.#resolve(entry)
    if (!entry.isVoid) entry.box?.entries.push(entry)
    return entry
  }

  /** What Lamport time goes on from: a cut has none, so it is that of what it links to. */
  #clockOf({ op, lamport }: Entry): number {
    const [link] = op.parents
    if (!isSelfCertifying(op.actor) || op.seq > 0 || link === undefined) return lamport
    return this.#clockOf(this.entry(link))
  }

  /** All that is in the past of these heads, and they. */
  version(heads: Iterable<OpName>): Version {
    const out = new Set<Entry>()
    for (const name of heads) {
      const head = this.entry(name)
      for (const entry of head.past) out.add(entry)
      out.add(head)
    }
    return out
  }

  /** Whether an op counts at a version. */
  counts(entry: Entry, version: Version): boolean {
    return version.has(entry) && !entry.isVoid && !this.#offAt(version).has(entry)
  }

  /** Whether an op in a box counts, and nobody has taken it away with what is around it. */
  stands(entry: Entry, version: Version): boolean {
    if (!this.counts(entry, version)) return false
    const clears = (other: Entry, key: string): boolean =>
      'key' in other.op && other.op.key === key && other.past.has(entry) && this.counts(other, version)
    return !entry.box?.under.some(({ box, key }) => box.entries.some((other) => clears(other, key)))
  }

  /** The items of a list or text that show at a version, in order. */
  visible(box: Box, version: Version): Entry[] {
    const erased = new Set(box.entries.filter((entry) => this.counts(entry, version)).map(({ erases }) => erases))
    return box.order.nodes.map(({ item }) => item).filter((item) => !erased.has(item) && this.stands(item, version))
  }

  /** What an op refers to, by what its author saw. False if it is void. */
  #resolve(entry: Entry): boolean {
    const { op, past } = entry
    if (op.kind === 'meta') return true
    if (op.kind === 'unknown') return false
    if (op.kind === 'revoke' || op.kind === 'cut' || op.kind === 'uncut') {
      if (op.kind !== 'revoke' && !this.#isCut(op)) return false
      this.#switches.push(entry)
      return true
    }
    const box = this.#container(op.container, past)
    if (box === undefined) return false
    entry.box = box
    switch (op.kind) {
      case 'type':
        return box.type === 'text' && this.#insert(entry, box, op.index)
      case 'insert':
        return box.type === 'list' && this.#insert(entry, box, op.index, op.content)
      case 'erase':
        if (box.type !== 'text' && box.type !== 'list') return false
        entry.erases = this.visible(box, past)[op.index]
        return entry.erases !== undefined
      case 'set':
      case 'unset':
        return box.type === 'map'
      case 'make':
        return box.type === 'map' && this.#make(entry, box, op)
      case 'add':
        return box.type === 'counter' || (box.type === 'gcounter' && op.by >= 0n)
      case 'include':
      case 'exclude':
        return box.type === 'set' || box.type === 'rwset'
      case 'append':
        return box.type === 'log'
      case 'assign':
        return box.type === 'register'
    }
  }

  /** A cut is the only op of a self-certifying actor, upon the last op that stays; an uncut is one upon a cut. */
  #isCut(op: TwinOp & { readonly kind: 'cut' | 'uncut' }): boolean {
    const [parent, ...others] = op.parents
    if (!isSelfCertifying(op.actor) || op.seq > 0 || parent === undefined || others.length > 0) return false
    const link = this.entry(parent)
    if (op.kind === 'cut') return link.actor === op.whom && link.seq === op.afterSeq
    const { op: other, isVoid } = link
    return other.kind === 'cut' && !isVoid && other.whom === op.whom && other.afterSeq === op.afterSeq
  }

  /** The container an op names, if its author saw it made. */
  #container(name: OpName | undefined, past: Version): Box | undefined {
    if (name === undefined) return this.root
    const maker = this.#entries.get(name)
    return maker !== undefined && past.has(maker) && !maker.isVoid ? maker.makes : undefined
  }

  #insert(entry: Entry, box: Box, index: number, content?: TwinContent): boolean {
    const seen = this.visible(box, entry.past)
    if (index < 0 || index > seen.length) return false
    if (content !== undefined && 'make' in content) {
      if (box.depth >= limits.depth) return false
      entry.makes = new Box(content.make, { type: 'item', box }, this.#rule)
    }
    const origin = seen[index - 1]
    const left = box.order.nodes.find(({ item }) => item === origin)
    box.order.insert(entry, left, (item) => entry.past.has(item))
    return true
  }

  /** A generation counts up to one past the greatest its author saw on the key, of any type. */
  #make(entry: Entry, box: Box, { key, make, gen }: TwinOp & { readonly kind: 'make' }): boolean {
    const seen = box.entries.flatMap((other) =>
      other.op.kind === 'make' && other.op.key === key && entry.past.has(other) ? [other.op.gen] : [],
    )
    if (box.depth >= limits.depth || gen > 1 + Math.max(-1, ...seen)) return false
    const slot = `${make} ${gen} ${key}`
    entry.makes = box.slots.get(slot) ?? new Box(make, { type: 'key', box, key }, this.#rule)
    box.slots.set(slot, entry.makes)
    return true
  }

  #offAt(version: Version): ReadonlySet<Entry> {
    const known = this.#off.get(version)
    if (known !== undefined) return known
    const off = this.#findOff(version)
    this.#off.set(version, off)
    return off
  }

  #findOff(version: Version): ReadonlySet<Entry> {
    const switches = this.#switches.filter((entry) => version.has(entry))
    const cut = this.#cutOff(switches, version)
    const revokes = switches.filter((entry) => entry.op.kind === 'revoke' && !cut.has(entry))
    const named = (level: 1 | 2, without: ReadonlySet<Entry>): Set<Entry> => {
      const out = new Set<Entry>()
      for (const revoke of revokes) {
        const { op, past } = revoke
        if (op.kind !== 'revoke' || op.level !== level || without.has(revoke)) continue
        for (const name of op.targets) {
          const target = this.#entries.get(name)
          if (target !== undefined && past.has(target) && isTarget(target.op, level)) out.add(target)
        }
      }
      return out
    }
    const redone = named(2, new Set())
    return named(1, redone).union(cut)
  }

  /** What cuts switch off: also what is not in the past of the cut, unless somebody who saw the cut took it back. */
  #cutOff(switches: readonly Entry[], version: Version): Set<Entry> {
    const out = new Set<Entry>()
    for (const entry of switches) {
      const { op } = entry
      if (op.kind !== 'cut') continue
      const isTakenBack = switches.some(
        ({ op: other, past }) =>
          other.kind === 'uncut' && other.whom === op.whom && other.afterSeq === op.afterSeq && past.has(entry),
      )
      if (isTakenBack) continue
      for (const other of version) if (other.actor === op.whom && other.seq > op.afterSeq) out.add(other)
    }
    return out
  }
}

/** Level 1 takes edits back, level 2 takes level 1 back, nothing takes level 2 back. */
function isTarget(op: TwinOp, level: 1 | 2): boolean {
  if (level === 2) return op.kind === 'revoke' && op.level === 1
  return op.kind !== 'meta' && op.kind !== 'unknown' && op.kind !== 'revoke' && op.kind !== 'cut' && op.kind !== 'uncut'
}

/** Kind 0 and 36 more bytes: its ops have Lamport time 0. */
function isSelfCertifying(actor: string): boolean {
  return actor.length === 74 && actor.startsWith('00')
}
