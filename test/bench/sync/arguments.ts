// What may be said after `npm run bench:sync --`.

import { engineNames } from './engine.ts'

export interface Arguments {
  /** Rows, or beginnings of rows: rejoin, rejoin/bytes. Empty for all. */
  readonly only: readonly string[]
  readonly peers: readonly string[]
  readonly runs: number
  readonly json: string | undefined
  readonly resume: boolean
  readonly readme: string | undefined
}

export const usage = `npm run bench:sync -- [options]
  --only ROW      a row (rejoin/bytes) or its beginning (rejoin); several with commas
  --peers a,b     of ${engineNames.join(', ')}
  --runs N        5 by default; the median and the minimum are shown
  --json FILE     the results, for machines, written after each measurement
  --resume        goes on from what that file holds
  --readme FILE   measures nothing: writes the table of a --json FILE, or what of it --only names, into README.md`

/** Throws a RangeError that says what is wrong. */
export function parseArguments(given: readonly string[]): Arguments {
  const values = new Map<string, string>()
  let resume = false
  for (let i = 0; i < given.length; i++) {
    const name = (given[i] ?? '').replace(/^--/, '')
    if (given[i] === '--resume') resume = true
    else if (!['only', 'peers', 'runs', 'json', 'readme'].includes(name))
      throw new RangeError(`"${given[i]}" is no option`)
    else {
      const value = given[++i]
      if (value === undefined || value.startsWith('--')) throw new RangeError(`--${name} needs a value`)
      values.set(name, value)
    }
  }
  if (resume && !values.has('json')) throw new RangeError('--resume needs --json FILE')
  const runs = Number(values.get('runs') ?? 5)
  if (!Number.isInteger(runs) || runs < 1) throw new RangeError(`--runs is a whole number from 1 on, not "${runs}"`)
  return {
    only: list(values.get('only')),
    peers: peers(list(values.get('peers'))),
    runs,
    json: values.get('json'),
    resume,
    readme: values.get('readme'),
  }
}

function list(text: string | undefined): readonly string[] {
  return text?.split(',').filter((one) => one !== '') ?? []
}

/** In the order of the table, whatever the order asked in. */
function peers(asked: readonly string[]): readonly string[] {
  const unknown = asked.find((name) => !engineNames.some((one) => one === name))
  if (unknown !== undefined) throw new RangeError(`"${unknown}" is none of ${engineNames.join(', ')}`)
  return engineNames.filter((name) => asked.length === 0 || asked.includes(name))
}
