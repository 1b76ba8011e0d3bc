// A process of `npm run sim`: is sent a seed, plays its world, and says what came of it.

import { type HowPlayed, play } from './one.ts'

const how = JSON.parse(process.argv[2] ?? '{}') as HowPlayed

process.on('message', async (seed: number) => process.send?.(await play(seed, how)))
