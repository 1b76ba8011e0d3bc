// Every wait ends.

import { afterEach, expect, test } from 'vitest'
import { World } from '../../src/testing/world.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('who waits for others to store a document hears when it is deleted instead', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = await world.during(space.open('notes'))
  doc.change((d) => void (d.one = 1))
  const waiting = doc.settled({ peers: 1 }).then(
    () => 'settled',
    (error) => error.code,
  )
  await world.run(1_000)
  await world.during(space.delete('notes'))
  await world.run(1_000)
  expect(await Promise.race([waiting, Promise.resolve('still waiting')])).toBe('document-deleted')
})
