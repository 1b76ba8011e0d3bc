// The short form of `npm run crash`: a Node peer is killed while it opens, writes and compacts, and meets each time the member that saw everything.

import { expect, test } from 'vitest'
import { killAgainAndAgain } from '../crash/killing.ts'

const KILLS = 15

test(`a Node peer killed ${KILLS} times while it writes and compacts keeps every settled change and uses no seq twice`, async () => {
  const { made, acknowledged, survived, documents } = await killAgainAndAgain({ kills: KILLS, seed: 50 })
  expect(acknowledged).toBeGreaterThan(KILLS)
  console.log(
    `killed ${KILLS} times: of ${made} edits in ${documents} documents ${acknowledged} were settled, all of them are there; of the others ${survived}`,
  )
}, 240_000)
