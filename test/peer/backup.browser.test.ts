// A page saves a bundle as a file, and merges one that somebody picked: by the streams that browsers have.

import { openPeer } from 'joinery'
import { expect, test } from 'vitest'

test('a page saves what it has as a blob, and another page has it from the file', async () => {
  const peer = await openPeer({ path: `backup-${crypto.randomUUID()}`, network: 'none' })
  const space = await peer.space('Family')
  const list = await space.open<{ items: string[] }>('groceries', { init: { items: [] } })
  for (let i = 0; i < 300; i++) list.change((d) => void d.items.push(`item ${i}`))
  const blob = await new Response(peer.backup({ withKeys: true })).blob()
  const other = await openPeer({ store: 'memory', network: 'none' })
  const { spaces } = await other.restore(blob.stream())
  expect(spaces).toMatchObject([{ id: space.id, documents: 1 }])
  const copy = await (await other.space('Family')).open<{ items: string[] }>('groceries')
  expect(copy.value).toEqual(list.value)
  expect((await other.restore(new Uint8Array(await blob.arrayBuffer()))).spaces[0]?.edits).toBe(0)
  await peer.close()
  await other.close()
})
