// Reads bodies (grammar: wire.ts) into staging columns. Total: any bytes give ops or a 'bad-message', in time and memory bounded by their
// length and by limits.changeOps. It alters nothing but the staging, which is worth nothing if it throws.

import { ByteReader } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { Actors } from './actors.ts'
import type { Forks } from './forks.ts'
import { type ActorId, actorId, type BranchId, forkedBranch, tagBytes } from './ids.ts'
import { Kind, type Meta } from './kinds.ts'
import { DotRuns, Ends, type Staging } from './staging.ts'
import {
  actorBytesMax,
  Dot,
  hasKey,
  isInContainer,
  isInt32,
  isRun,
  isSequence,
  knownKey,
  linksHead,
  Mode,
  newKindMin,
  positionAfter,
  unzigzag,
  Where,
  type WirePlace,
} from './wire.ts'
import { bad, readAmount, readCut, readItem, readMake, readMeta, readOneOrTwo, readValue } from './wire-contents.ts'

/** What is known of a body besides its bytes. */
export interface BodyContext {
  readonly actors: Actors
  /** Where branches of forked actors are found; without it none is. */
  readonly forks?: Forks
  /** Whose ops they are, and the seq of the first. */
  readonly branch: number
  readonly fromSeq: number
  /** Where the branch's op before ended, if it is here. Not asked for where fromSeq is 0. */
  readonly before?: WirePlace | undefined
  /** A session's actors, as branches: unknownActor where one is not known here. */
  readonly table?: readonly number[] | undefined
}

const nowhere = -1
/** Below unknownActor and all strangers: no branch at all. */
const unknownHere = -(2 ** 31)

/** Fills `staging` with the ops of a body. An actor that is not known here has the branch unknownActor, or is a stranger if its full name came. */
export function decodeBody(bytes: Uint8Array, context: BodyContext, staging: Staging): void {
  new BodyDecoder(context.actors, staging, context.forks).decode(bytes, 0, context)
}

/** Decodes one body after the other. */
export class BodyDecoder {
  readonly #reader = new ByteReader(new Uint8Array(0))
  readonly #actors: Actors
  readonly #staging: Staging
  readonly #forks: Forks | undefined
  #table: readonly number[] | undefined
  readonly #named: number[] = []
  /** Branches of forked actors that the body named by their hashes, and how many chains were looked at for them. */
  readonly #forked = new Map<BranchId, number>()
  #lookups = 0
  #fromSeq = 0
  #seq = 0
  #ref = 0
  #position = 0
  #time = 0
  /** Named by revokes: they are charged like ops. */
  #targets = 0
  #isMidChange = false
  /** The row with which the current change begins, and the ops before it. */
  #changeRow = 0
  #changeOps = 0
  #isCritical = false

  constructor(actors: Actors, staging: Staging, forks?: Forks) {
    this.#actors = actors
    this.#staging = staging
    this.#forks = forks
  }

  /** Fills the staging with the ops of the body that goes from a place to the end of the bytes. */
  decode(
    bytes: Uint8Array,
    from: number,
    { branch, fromSeq, before, table }: Omit<BodyContext, 'actors' | 'forks'>,
  ): void {
    const staging = this.#staging
    this.#reader.reset(bytes, from)
    this.#table = table
    if (this.#named.length > 0) this.#named.length = 0
    if (this.#forked.size > 0) this.#forked.clear()
    this.#lookups = 0
    this.#fromSeq = fromSeq
    this.#seq = fromSeq
    this.#time = 0
    this.#targets = 0
    this.#isMidChange = false
    this.#isCritical = false
    staging.clear(branch, fromSeq)
    const isFirst = fromSeq === 0
    this.#position = isFirst ? 0 : (before?.position ?? 0)
    this.#ref = isFirst ? 0 : before === undefined ? nowhere : staging.refTo(before.branch, before.seq)
    staging.startStretch(0, 0)
    this.#body()
  }

  #body(): void {
    const staging = this.#staging
    do {
      const head = this.#reader.u8()
      if (head === linksHead) this.#links()
      else this.#item(head)
    } while (!this.#reader.done)
    if (this.#isMidChange) throw bad('a body ends within a change')
    if (!this.#isCritical) staging.mergeable = staging.stretches
    const { after } = staging
    after.branch = staging.makerBranches.at(this.#ref)
    after.seq = staging.makerSeqs.at(this.#ref)
    after.position = this.#position
  }

  #item(head: number): void {
    const kind = head & 15
    const where = (head >> 4) & 3
    const mode = head >> 6
    const staging = this.#staging
    if (!this.#isMidChange) {
      this.#changeRow = staging.rows
      this.#changeOps = staging.length
    }
    const n = this.#count(kind, mode)
    if (isSequence(kind)) this.#sequence(kind, where, mode, n)
    else this.#other(kind, where, mode, n)
    this.#seq += n
    this.#isMidChange = mode === Mode.none
  }

  #count(kind: number, mode: number): number {
    let n = 1
    if (isRun(kind)) {
      if (mode !== Mode.one) n = this.#reader.varint(limits.changeOps)
      if (n < (mode === Mode.each || mode === Mode.last ? 2 : 1)) throw bad(`a run has ${n} ops`)
    } else if (mode === Mode.each || mode === Mode.last) throw bad(`ops of the kind ${kind} make no runs`)
    const total = this.#seq - this.#fromSeq + n
    if (total > limits.changeOps) throw bad(`a body has more than ${limits.changeOps} ops`)
    if (this.#seq + n > limits.seq) throw bad(`an actor has more than ${limits.seq} ops`)
    return n
  }

  #sequence(kind: number, where: number, mode: number, n: number): void {
    const reader = this.#reader
    let a = kind === Kind.eraseBack ? this.#position - 1 : this.#position
    if (where === Where.other) {
      this.#ref = this.#container()
      a = reader.varint(limits.seq)
    } else {
      if (this.#ref === nowhere) throw bad('a body refers to an op that is not here')
      if (where === Where.jump) a += unzigzag(reader.varint(4 * limits.seq))
      else if (where !== Where.on) throw bad(`no place is named by ${where}`)
    }
    const isType = kind === Kind.type
    const low = kind === Kind.eraseBack ? a - n + 1 : a
    const high = isType || kind === Kind.insert ? a + n : a
    if (low < 0 || high > limits.seq) throw bad(`a run of ${n} ops begins at position ${a}`)
    const b = isType ? this.#units(n) : kind === Kind.insert ? this.#items(n, readItem) : 0
    this.#push(kind === Kind.eraseBack && n === 1 ? Kind.erase : kind, a, b, n, mode, this.#ref)
    this.#position = positionAfter(kind, a, n)
  }

  #other(kind: number, where: number, mode: number, n: number): void {
    const reader = this.#reader
    const isKnownKey = hasKey(kind) && (where << 4) & knownKey
    const place = isKnownKey ? where - 1 : where
    if (!isInContainer(kind)) {
      if (where !== Where.on) throw bad(`no op has the head ${kind}, ${where}`)
      this.#ref = 0
    } else if (place === Where.other) this.#ref = this.#container()
    else if (place !== Where.on) throw bad(`no place is named by ${where}`)
    if (this.#ref === nowhere) throw bad('a body refers to an op that is not here')
    this.#position = 0
    let a = 0
    if (isKnownKey) a = reader.varint(this.#staging.keys.length - 1)
    else if (hasKey(kind)) a = this.#staging.keys.push(reader.string(limits.keyBytes)) - 1
    this.#content(kind, a, n, mode)
  }

  #content(kind: number, a: number, n: number, mode: number): void {
    const reader = this.#reader
    const ref = this.#ref
    if (kind === Kind.unset) this.#push(kind, a, 0, n, mode, ref)
    else if (kind === Kind.make) this.#push(kind, a, readMake(reader), n, mode, ref)
    else if (kind === Kind.add) this.#add(n, mode)
    else if (kind === Kind.append) this.#push(kind, 0, this.#items(n, readValue), n, mode, ref)
    else if (kind === Kind.meta) this.#push(kind, 0, this.#keep(this.#meta()), n, mode, 0)
    else if (kind === Kind.revoke) this.#push(kind, readOneOrTwo(reader), this.#keep(this.#runs()), n, mode, 0)
    else if (kind === Kind.cut) this.#push(kind, readOneOrTwo(reader), this.#keep(readCut(reader)), n, mode, 0)
    else if (kind === Kind.unknown) this.#newKind(n, mode)
    else this.#push(kind, a, this.#keep(readValue(reader)), n, mode, ref)
  }

  #push(kind: number, a: number, b: number, n: number, mode: number, ref: number): void {
    const ends = mode === Mode.none ? Ends.none : mode === Mode.each ? Ends.each : Ends.last
    this.#staging.push(kind, ref, a, b, n, ends)
  }

  #keep(value: unknown): number {
    return this.#staging.values.push(value) - 1
  }

  #units(n: number): number {
    if (n > this.#reader.left) throw bad(`a text of ${n} units has ${this.#reader.left} bytes`)
    const { units } = this.#staging
    const at = units.length
    units.reserve(n)
    this.#reader.units(units.data, at, n)
    units.length = at + n
    return at
  }

  #items(n: number, read: (reader: ByteReader) => unknown): number {
    if (n > this.#reader.left) throw bad(`${n} values have ${this.#reader.left} bytes`)
    const at = this.#staging.values.length
    for (let i = 0; i < n; i++) this.#keep(read(this.#reader))
    return at
  }

  #add(n: number, mode: number): void {
    const amount = readAmount(this.#reader)
    if (isInt32(amount)) this.#push(Kind.add, 0, amount, n, mode, this.#ref)
    else this.#push(Kind.add, 1, this.#keep(amount), n, mode, this.#ref)
  }

  #meta(): Meta {
    const meta = readMeta(this.#reader, this.#time)
    this.#time = meta.time ?? this.#time
    if (meta.depends !== undefined) this.#staging.hasDepends = true
    return meta
  }

  #runs(): DotRuns {
    const reader = this.#reader
    const count = reader.varint(Math.floor(reader.left / 3))
    if (count === 0) throw bad('a revoke names nothing')
    const runs = new Int32Array(3 * count)
    for (let i = 0; i < runs.length; i += 3) {
      const branch = this.#dot(reader.varint(), true)
      const seq = this.#dotSeq
      const n = this.#dotCount
      this.#targets += n
      if (n === 0 || this.#targets > limits.changeOps) throw bad(`revokes name ${this.#targets} ops`)
      if (branch === this.#staging.branch && seq + n > this.#seq) throw bad('a revoke names an op that comes after it')
      runs[i] = branch
      runs[i + 1] = seq
      runs[i + 2] = n
    }
    return new DotRuns(runs)
  }

  #newKind(n: number, mode: number): void {
    const code = this.#reader.varint(limits.seq)
    if (code < newKindMin) throw bad(`the kind ${code} has a form of its own`)
    const isCritical = code % 2 === 1
    if (isCritical && !this.#isCritical) this.#stopBefore()
    this.#push(Kind.unknown, code, this.#keep(this.#reader.bytes(limits.valueBytes).slice()), n, mode, 0)
  }

  /** A change that may not be merged begins a stretch, so that what comes before may. */
  #stopBefore(): void {
    const staging = this.#staging
    this.#isCritical = true
    const last = staging.stretches - 1
    if (staging.stretchRows.at(last) === this.#changeRow) staging.mergeable = last
    else {
      staging.mergeable = last + 1
      staging.startStretch(this.#changeRow, this.#changeOps)
    }
  }

  #links(): void {
    const staging = this.#staging
    if (this.#isMidChange) throw bad('links stand within a change')
    const last = staging.stretches - 1
    if (staging.stretchRows.at(last) !== staging.rows) staging.startStretch(staging.rows, staging.length)
    const first = staging.linkBranches.length
    const count = this.#reader.varint(limits.links)
    if (count === 0) throw bad('links are empty')
    for (let i = 0; i < count; i++) {
      const code = this.#reader.varint()
      const branch = code === Dot.forked ? this.#forkedDot(false) : this.#dot(code)
      // By its tag it may be another branch, of which this one is not told apart here yet: that is found when it is entered.
      if (branch === staging.branch && code !== Dot.forked) throw bad('a change links to its own branch')
      for (let other = first; branch >= 0 && other < first + i; other++)
        if (staging.linkBranches.at(other) === branch) throw bad('a change links twice to a branch')
      staging.linkBranches.push(branch)
      staging.linkSeqs.push(this.#dotSeq)
    }
    // No change is without ops: the next item must be one.
    this.#isMidChange = true
    this.#changeRow = staging.rows
    this.#changeOps = staging.length
  }

  #container(): number {
    const code = this.#reader.varint()
    if (code === 0) return 0
    const branch = this.#dot(code - 1)
    return this.#staging.refTo(branch, this.#dotSeq)
  }

  /** Where #dot puts the seq, and how many ops are meant. */
  #dotSeq = 0
  #dotCount = 1

  /** The branch of a dot, or of a run of them; below 0 if it is not known here. */
  #dot(code: number, isRun = false): number {
    const { branch } = this.#staging
    if (code === Dot.forked) {
      const other = this.#forkedDot(isRun)
      // What its own branch has yet to make nobody names: it is another one, of which this one is not told apart here yet.
      const isAhead = other === branch && this.#dotSeq + this.#dotCount > this.#seq
      return isAhead ? unknownHere : other
    }
    if (code === Dot.own) this.#readSeq(isRun)
    else if (code === Dot.back) {
      this.#dotSeq = this.#seq - 1 - this.#reader.varint(limits.seq)
      this.#dotCount = isRun ? this.#reader.varint(limits.seq - Math.max(0, this.#dotSeq)) : 1
    } else {
      const other = this.#otherBranch(code)
      this.#readSeq(isRun)
      if (other !== branch) return other
    }
    if (this.#dotSeq < 0 || this.#dotSeq >= this.#seq) throw bad(`op ${this.#seq} names the own op ${this.#dotSeq}`)
    return branch
  }

  #readSeq(isRun: boolean): void {
    this.#dotSeq = this.#reader.varint(limits.seq)
    this.#dotCount = isRun ? this.#reader.varint(limits.seq - this.#dotSeq) : 1
  }

  #forkedDot(isRun: boolean): number {
    const name = actorId(this.#reader.bytes(actorBytesMax))
    const tag = this.#reader.raw(tagBytes).slice()
    const rest = this.#reader.varint(limits.changeOps)
    this.#readSeq(isRun)
    return this.#branchNamed(name, this.#dotSeq + this.#dotCount + rest, tag)
  }

  #branchNamed(name: ActorId, end: number, tag: Uint8Array): number {
    const id = forkedBranch(name, end, tag)
    const known = this.#forked.get(id)
    if (known !== undefined) return known
    const actor = this.#actors.find(name)
    // Each branch may have to be hashed up to there.
    this.#lookups += actor === undefined ? 1 : this.#actors.branchesOf(actor).length
    if (this.#lookups > limits.bodyLookups) throw bad('a body names ops of forked actors by too many hashes')
    const found = actor === undefined ? -1 : (this.#forks?.at(actor, end, tag) ?? -1)
    const branch = found < 0 ? this.#staging.addStranger(id) : found
    this.#forked.set(id, branch)
    return branch
  }

  #otherBranch(code: number): number {
    const reader = this.#reader
    if (code >= Dot.table) {
      const branch = (this.#table ?? this.#named)[code - Dot.table]
      if (branch === undefined) throw bad(`no actor has the index ${code - Dot.table}`)
      if (this.#table !== undefined) this.#notePlain(branch)
      return branch
    }
    const branch =
      code === Dot.short ? this.#actors.shortIds.find(reader.raw(8)) : this.#branchOf(reader.bytes(actorBytesMax))
    this.#named.push(branch)
    this.#notePlain(branch)
    return branch
  }

  #notePlain(branch: number): void {
    if (branch < 0 || !this.#actors.isForked(branch)) return
    for (const one of this.#actors.branchesOf(branch)) this.#staging.plain.add(one)
  }

  #branchOf(bytes: Uint8Array): number {
    const name = actorId(bytes)
    return this.#actors.find(name) ?? this.#staging.addStranger(name)
  }
}
