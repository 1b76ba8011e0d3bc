// Receipts outlive a contact (Invariant 13): what is known of a member that went says what it held then, and not what is held here since.

import { expect, test } from 'vitest'
import { makeSpace, spaceKeys } from '../../src/auth/keys.ts'
import { seededRandom } from '../../src/base/random.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import { type Contact, Contacts } from '../../src/peer/contacts.ts'
import { Held } from '../../src/peer/held.ts'
import type { Session } from '../../src/peer/session.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { docKey } from '../../src/sync/holdings.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { deviceOf, openParts } from '../store/crash/parts.ts'

const member = (name: string): Session =>
  ({ member: { node: name, device: name, incarnation: 'disk', id: name, name, durable: true, book: 0 } }) as Session

async function setUp() {
  const random = seededRandom(7)
  const device = deviceOf(7)
  const store = await memoryStore()('a')
  const parts = await openParts({
    ...{ store, random, device },
    onTouched: () => {},
    onPublished: (document) => {
      contacts.changing(docKey(document.id))
      held.note(document)
    },
  })
  const keys = spaceKeys(makeSpace(device.publicKey, random))
  const held = new Held({ keys, documentsByKey: parts.documents.byKey })
  const network = await memoryNetwork(memoryHub(), { id: 'a' })({ shelf: store })
  const contacts = new Contacts({ network, clock: new ManualClock(), held })
  let edits = 0
  const edit = async (): Promise<void> => {
    await parts.edit('plan', (draft) => (draft.counts = { n: edits++ }))
    await parts.writer.flush()
  }
  await edit()
  const plan = () => parts.documents.standing('plan') ?? expect.fail('the document is there')
  /** Whether it is known to hold all that is here now. */
  const holdsAll = ({ holdings }: Contact): boolean => holdings.contains(plan().id, plan().version)
  return { contacts, edit, holdsAll }
}

test.each([
  ['before it agreed', (contacts: Contacts, contact: Contact) => contacts.confirm(contact, new Set())],
  ['after it agreed', (contacts: Contacts, contact: Contact) => contacts.agree(contact)],
])('a member that went %s is not taken to hold what is written afterwards', async (_, find) => {
  const { contacts, edit, holdsAll } = await setUp()
  const bo = contacts.meet(member('bo'), 'neighbour')
  expect(holdsAll(bo)).toBe(false)
  find(contacts, bo)
  contacts.leave(bo)
  expect(holdsAll(bo)).toBe(true)
  await edit()
  expect(holdsAll(bo)).toBe(false)
})

test.each([
  ['before they agreed', (contacts: Contacts, contact: Contact) => contacts.confirm(contact, new Set())],
  ['after they agreed', (contacts: Contacts, contact: Contact) => contacts.agree(contact)],
])('nor is one of so many that went %s that not all are remembered', async (_, find) => {
  const { contacts, edit, holdsAll } = await setUp()
  const crowd = Array.from({ length: 80 }, (_, i) => contacts.meet(member(`${i}`), 'neighbour'))
  for (const each of crowd) find(contacts, each)
  for (const each of crowd) contacts.leave(each)
  await edit()
  expect(crowd.filter(holdsAll)).toEqual([])
})
