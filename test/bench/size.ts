// `npm run size`: what `joinery/doc` weighs.

import { weigh } from './weigh.ts'

console.log(`joinery/doc  ${await weigh()}`)
