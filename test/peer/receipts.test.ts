// What a member has not stored is counted where something changes; the slow twin looks at every document each time.

import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { isOwn } from '../../src/core/ids.ts'
import type { Version } from '../../src/core/version.ts'
import type { Document } from '../../src/peer/document.ts'
import { lackingIn } from '../../src/peer/lacking.ts'
import { OwnEdits } from '../../src/peer/own-edits.ts'
import { Receipts } from '../../src/peer/receipts.ts'
import type { Member } from '../../src/peer/session.ts'
import { Wanted } from '../../src/peer/wanted.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { docKey, Holdings } from '../../src/sync/holdings.ts'
import { Inventory } from '../../src/sync/inventory.ts'
import { deviceOf, openParts } from '../store/crash/parts.ts'

const seeds = process.env.SEED === undefined ? [1, 2, 3, 4] : [Number(process.env.SEED)]
const names = ['a', 'b', 'c', 'd', 'e']
const bo = { device: 'bo', durable: true, incarnation: 'disk', name: 'bo' } as Member

test.each(seeds)('receipts count what is lacking as if all documents were looked at (seed %i)', async (seed) => {
  const random = seededRandom(seed)
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random.unit() * of.length)] as T
  const device = deviceOf(seed)
  const own = new OwnEdits(device.keyHex)
  const inventory = new Inventory(new Uint8Array(16))
  let receipts: Receipts | undefined
  let holdings: Holdings
  const changed = new Set<string>()
  const parts = await openParts({
    store: await memoryStore()('a'),
    ...{ random, device },
    onTouched: (document) => {
      own.touched(document)
      receipts?.touched(document)
    },
    onPublished: (document) => {
      holdings.keep(docKey(document.id))
      changed.add(docKey(document.id))
      inventory.set(docKey(document.id), document.tag, document.digest, document.outward)
    },
  })
  const { documents } = parts
  const { byKey } = documents
  const fresh = (): Holdings =>
    new Holdings({
      revision: ({ name }) => documents.standing(name)?.revision ?? -1,
      understood: ({ name }, stated) => documents.standing(name)?.understood(stated) ?? new Map(),
      seen: ({ name }, stated) => documents.standing(name)?.seen(stated) ?? new Map(),
    })
  holdings = fresh()
  receipts = new Receipts({
    ...{ device: device.keyHex, incarnation: 'ours', own, byKey },
    unsettled: () => documents.unsettled.all,
  })
  const told: { document: Document['id']; version: Version }[] = []
  let wanted = new Wanted([])
  const acts: Record<string, () => Promise<void> | void> = {
    edit: () => parts.edit(pick(names), (draft) => (draft.counts = { n: Math.floor(random.unit() * 100) })),
    flush: () => parts.writer.flush(),
    note: () => receipts?.note(bo, holdings),
    meet: () => {
      holdings = fresh()
      changed.clear()
      receipts?.note(bo, holdings)
    },
    agree: () => {
      holdings.agree(inventory)
      changed.clear()
    },
    differ: () => {
      const but = new Set([...inventory.keys()].filter(() => random.unit() < 0.3))
      holdings.agreeBut(but, inventory, changed)
      for (const key of changed) if (!but.has(key)) changed.delete(key)
    },
    state: () => {
      const document = byKey.get(docKey({ name: pick(names), generation: 0 }))
      if (document === undefined || document.outward.size === 0) return
      const entry = { document: document.id, version: document.stated }
      told.push(entry)
      // What was told before may be told again: it says less then.
      holdings.take([random.unit() < 0.7 ? entry : pick(told)])
    },
    settle: () => {
      wanted = new Wanted([...own.documents].map((document) => [document, own.versionIn(document)]))
    },
  }
  for (let step = 0; step < 600; step++) {
    const what = pick(Object.keys(acts))
    await acts[what]?.()
    const ours = [...byKey.values()].map((document): [Document, Version] => [document, ownIn(document, device.keyHex)])
    const lacking = (all: Iterable<readonly [Document, Version]>): number =>
      [...all].reduce((sum, [document, version]) => sum + lackingIn(holdings, document, version), 0)
    if (receipts.lacking(bo.device, 'all') === undefined) continue
    receipts.note(bo, holdings)
    const at = `SEED=${seed} step ${step} ${what}`
    expect(receipts.lacking(bo.device, 'all'), at).toBe(lacking(ours))
    expect(receipts.holders(wanted), at).toEqual(lacking(wanted) === 0 ? ['bo'] : [])
  }
})

function ownIn({ version }: Document, keyHex: string): Version {
  return new Map([...version].filter(([branch]) => isOwn(branch, keyHex)))
}
