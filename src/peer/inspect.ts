// What the journal of one document holds, checked as far as it can be: every record read, every snapshot opened, each author's newest signature held
// against the hashes of all that it signed. Nothing is taken for granted but the key of the space.

import { docTag, type SpaceKeys } from '../auth/keys.ts'
import { verifyRange } from '../auth/tip.ts'
import { toHex } from '../base/bytes.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { actorOf, type BranchId, memberActor } from '../core/ids.ts'
import { Replica } from '../replica/replica.ts'
import { decodeRecord, type JournalRecord } from '../store/journal.ts'
import type { StreamName } from '../store/store.ts'

export interface InspectedDocument {
  /** Undefined if no record tells its name. */
  readonly name: string | undefined
  readonly edits: number
  /** What is wrong, in sentences. */
  readonly damages: readonly string[]
}

/** Never alters anything. Errors: 'store-newer', 'store-older'. */
export async function inspectDocument(
  stream: StreamName,
  records: readonly Uint8Array[],
  keys: SpaceKeys,
): Promise<InspectedDocument> {
  const damages: string[] = []
  const read = records.flatMap((bytes) => tryTo(() => [decodeRecord(bytes)], damages, 'A record cannot be read') ?? [])
  const name = read.find((record) => record.type !== 'range')
  if (name === undefined) return { name: undefined, edits: 0, damages: [...damages, 'No record tells its name.'] }
  const tag = docTag(keys.nameKey, name.name, name.generation)
  if (stream !== `${keys.idHex}/${toHex(tag)}`) damages.push('The name in it is not the one that it was filed under.')
  const replica = new Replica({ docTag: tag, actor: nobodyHere, now: () => 0 })
  fill(replica, read, damages)
  await checkSignatures(replica, { spaceId: keys.spaceId, docTag: tag }, damages)
  const edits = replica.history.graph.length
  return { name: name.name, edits, damages }
}

/** Nothing is written under this name: a replica wants one. */
const nobodyHere = memberActor(new Uint8Array(32), 0)

function fill(replica: Replica, records: readonly JournalRecord[], damages: string[]): void {
  for (const record of records) {
    if (record.type !== 'snapshot') continue
    tryTo(
      () => {
        if (replica.version.size === 0) replica.load(record.snapshot)
        else receive(replica, Replica.ranges(record.snapshot), damages)
      },
      damages,
      'A snapshot cannot be read',
    )
  }
  const ranges = records.flatMap((record) => (record.type === 'range' ? [record.range] : []))
  receive(replica, ranges, damages)
  const { ops } = replica.pending
  if (ops > 0) damages.push(`${ops} edits wait for others that are not here.`)
}

function receive(replica: Replica, ranges: Parameters<Replica['receive']>[0], damages: string[]): void {
  for (const { error } of replica.receive(ranges, { origin: 'store' }).refused)
    damages.push(`Edits cannot be taken: ${error.message}.`)
}

/** A signature vouches for all that its author did before: one of each is enough. */
async function checkSignatures(
  replica: Replica,
  at: { readonly spaceId: Uint8Array; readonly docTag: Uint8Array },
  damages: string[],
): Promise<void> {
  for (const branch of replica.version.keys()) {
    const why = await signatureFault(replica, at, branch)
    if (why !== undefined) damages.push(why)
  }
}

async function signatureFault(
  replica: Replica,
  at: { readonly spaceId: Uint8Array; readonly docTag: Uint8Array },
  branch: BranchId,
): Promise<string | undefined> {
  try {
    const tip = replica.outward.signedTip(branch)
    if (tip === undefined) return undefined // An init, which signs itself; or unsigned, which nobody is served.
    const { seq, hash, signature } = tip
    await verifyRange(at, {
      actor: actorOf(branch),
      fromSeq: 0,
      endSeq: seq,
      body: new Uint8Array(0),
      tipHash: hash,
      signature,
    })
    return undefined
  } catch (cause) {
    if (!isJoineryError(cause, 'bad-message')) throw cause
    return `What it holds is not what was signed: ${cause.message}.`
  }
}

function tryTo<T>(action: () => T, damages: string[], what: string): T | undefined {
  try {
    return action()
  } catch (cause) {
    if (!(cause instanceof JoineryError) || cause.code !== 'bad-message') throw cause
    damages.push(`${what}: ${messageOf(cause)}.`)
    return undefined
  }
}
