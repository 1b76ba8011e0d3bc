// Edits of all types, as a user of no particular app makes them: what a simulated world does where it is given no app to run.

import { counter, log, register, set, text } from '../crdt/constructors.ts'
import type { Space } from '../peer/api.ts'
import type { Dice } from './dice.ts'

const documents = ['plan', 'list', 'notes/today']
const words = ['a', 'b', 'hello', 'é', 'long '.repeat(9)]
const members = ['x', '😀', 1, -0, true, null, 2n ** 70n] as const

/** What a document begins with. */
const init = () => ({
  note: text('once'),
  items: ['first', { done: false }],
  votes: counter(),
  tags: set(['t']),
  diary: log(),
  mood: register('fine'),
  map: {},
})

type Page = Record<string, unknown>

/** What drafts of these types have in common here. */
interface Tools {
  insert(index: number, text: string): void
  delete(index: unknown, count?: number): void
  add(value: unknown): void
  push(value: unknown): number
  set(value: unknown): void
  readonly length: number
}

/** One change of one document, of one or some edits. */
export async function writeAnything(space: Space, dice: Dice): Promise<void> {
  const page = await space.open<Page>(dice.pick(documents), { init: init() as Page })
  const count = dice.maybe(0.2) ? 1 + dice.below(8) : 1
  page.change((draft) => {
    for (let i = 0; i < count; i++) edit(draft as Page, dice)
  })
}

const edits: Readonly<Record<string, (page: Page, dice: Dice) => void>> = {
  note: (page, dice) => {
    const note = page.note as Tools
    const at = dice.below(note.length + 1)
    if (note.length > at && dice.maybe(0.4)) note.delete(at, 1 + dice.below(Math.min(4, note.length - at)))
    else note.insert(at, dice.pick(words))
  },
  items: (page, dice) => {
    const items = page.items as unknown[]
    const at = dice.below(items.length + 1)
    const gone = dice.maybe(0.4) ? Math.min(1, items.length - at) : 0
    items.splice(at, gone, ...(dice.maybe(0.7) ? [dice.maybe(0.3) ? { done: dice.maybe(0.5) } : dice.pick(words)] : []))
  },
  votes: (page, dice) => (page.votes as Tools).add(dice.below(9) - 4),
  tags: (page, dice) => {
    const tags = page.tags as Tools
    if (dice.maybe(0.4)) tags.delete(dice.pick(members))
    else tags.add(dice.pick(members))
  },
  diary: (page, dice) => void (page.diary as Tools).push(dice.pick(words)),
  mood: (page, dice) => (page.mood as Tools).set(dice.pick(members)),
  map: (page, dice) => {
    const map = page.map as Page
    const key = dice.pick(['k', 'l', '__proto__'])
    if (dice.maybe(0.25)) delete map[key]
    else map[key] = dice.maybe(0.3) ? { inner: dice.below(100), note: text(dice.pick(words)) } : dice.below(100)
  },
}

/** What somebody removed is put back first. */
function edit(page: Page, dice: Dice): void {
  const key = dice.pick(Object.keys(edits))
  if (dice.maybe(0.02)) delete page[key]
  else if (!(key in page)) page[key] = init()[key as keyof ReturnType<typeof init>]
  else edits[key]?.(page, dice)
}
