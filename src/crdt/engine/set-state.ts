// The state of a set. Add-wins ("set"): a value is in while an include is that no exclude has seen (Shapiro et al. 2011, OR-Set). Remove-wins
// ("rwset"): a value is in if it was included and every exclude was seen by an include. One small object for each value.

import { inSpans, type LV, type Spans } from '../../core/graph.ts'
import type { Scalar } from '../../core/value.ts'
import { type Place, State } from './state.ts'

export interface Member {
  readonly value: Scalar
  /** Includes that no include or exclude has seen. */
  readonly includes: readonly LV[]
  /** Remove-wins: excludes that no include or exclude has seen. */
  readonly excludes: readonly LV[]
}

const none: readonly LV[] = []

export class SetState extends State {
  readonly type: 'set' | 'rwset'
  /** By the value's bytes (valueKey). What is settled as absent is not here. */
  readonly members = new Map<string, Member>()
  /** Values that are in. */
  size = 0

  constructor(type: 'set' | 'rwset', place: Place | undefined, maker: LV) {
    super(place, maker)
    this.type = type
  }

  has(key: string): boolean {
    return isIn(this.members.get(key))
  }

  /** What is in, in the order of the values' bytes. */
  get sorted(): Scalar[] {
    const present = [...this.members].filter(([, member]) => isIn(member))
    return present.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member.value)
  }

  /** It takes the place of what it saw. */
  include(key: string, value: Scalar, lv: LV, unseen: Spans): void {
    const { includes, excludes } = this.members.get(key) ?? { includes: none, excludes: none }
    this.put(key, { value, includes: [...unseenOf(includes, unseen), lv], excludes: unseenOf(excludes, unseen) })
  }

  exclude(key: string, value: Scalar, lv: LV, unseen: Spans): void {
    const known = this.members.get(key)
    const includes = unseenOf(known?.includes ?? none, unseen)
    if (this.type === 'set') {
      if (known !== undefined && includes.length < known.includes.length) this.put(key, { ...known, includes })
    } else this.put(key, { value, includes, excludes: [...unseenOf(known?.excludes ?? none, unseen), lv] })
  }

  /** Drops what is seen. True if it reads as something else then. */
  clear(unseen: Spans): boolean {
    let changed = false
    for (const [key, { value, includes, excludes }] of [...this.members]) {
      const was = this.has(key)
      this.put(key, { value, includes: unseenOf(includes, unseen), excludes: unseenOf(excludes, unseen) })
      if (this.has(key) !== was) changed = true
    }
    return changed
  }

  reset(): void {
    this.members.clear()
    this.size = 0
  }

  /** Undefined, or a member nothing is known of, is taken out. */
  put(key: string, member: Member | undefined): void {
    if (this.has(key)) this.size--
    if (member === undefined || (member.includes.length === 0 && member.excludes.length === 0)) this.members.delete(key)
    else this.members.set(key, member)
    if (isIn(member)) this.size++
  }
}

function isIn(member: Member | undefined): boolean {
  return member !== undefined && member.includes.length > 0 && member.excludes.length === 0
}

function unseenOf(lvs: readonly LV[], unseen: Spans): readonly LV[] {
  if (lvs.length === 0 || unseen.length === 0) return none
  const kept = lvs.filter((lv) => inSpans(unseen, lv))
  return kept.length === lvs.length ? lvs : kept
}
