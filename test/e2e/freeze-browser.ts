// `npm run freeze:browser -- [--seconds 60]`: a tab of a real Chromium frozen for so long, its clocks moved on an hour; it is to agree within 3 s of its thaw.

import { parseArgs } from 'node:util'
import { thaw } from './frozen-tab.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const { agreedMs, leapMs, errors } = await thaw(1_000 * Number(values.seconds))
const hours = (leapMs / 3_600_000).toFixed(2)
console.log(`frozen for ${values.seconds} s, clocks ${hours} h ahead: agreed ${agreedMs.toFixed(0)} ms after the thaw`)
for (const error of errors) console.log(`error: ${error}`)
process.exit(agreedMs < 3_000 && errors.length === 0 ? 0 : 1)
