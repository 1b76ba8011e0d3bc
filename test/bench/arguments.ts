// What may be said after `npm run bench --`.

export const peerNames = ['joinery', 'yjs', 'json-joy', 'loro', 'automerge', 'diamond-types'] as const

export interface Arguments {
  /** Rows, or beginnings of rows: B4, B4/load, delta. Empty for all. */
  readonly only: readonly string[]
  readonly peers: readonly string[]
  readonly runs: number
  /** Instead of each measurement's own. */
  readonly limitMs: number | undefined
  readonly json: string | undefined
  /** What stands in that file already is not measured again. */
  readonly resume: boolean
  readonly growth: boolean
  readonly readme: string | undefined
}

export const usage = `npm run bench -- [options]
  --only ROW      a row (B4/load) or its beginning (B4, B1.4); several with commas
  --peers a,b     of ${peerNames.join(', ')}
  --runs N        5 by default; the median and the minimum are shown
  --limit S       seconds a measurement may take, instead of its own limit
  --json FILE     the results, for machines: written after each measurement
  --resume        goes on with a run that ended early: what stands in the --json FILE is not measured again
  --growth        instead of the table: how cost grows, drawn into test/bench/growth.svg
  --readme FILE   measures nothing: writes the table of a --json FILE into README.md`

/** Throws a RangeError that says what is wrong. */
export function parseArguments(given: readonly string[]): Arguments {
  const values = new Map<string, string>()
  const flags = new Set<string>()
  const valued = ['only', 'peers', 'runs', 'limit', 'json', 'readme']
  const rest = given.flatMap((one) => (one.startsWith('--') && one.includes('=') ? splitOnce(one) : [one]))
  for (let i = 0; i < rest.length; i++) {
    const name = (rest[i] ?? '').replace(/^--/, '')
    if (rest[i] === '--growth' || rest[i] === '--resume') flags.add(name)
    else if (!rest[i]?.startsWith('--') || !valued.includes(name)) throw new RangeError(`"${rest[i]}" is not an option`)
    else {
      const value = rest[++i]
      if (value === undefined || value.startsWith('--')) throw new RangeError(`--${name} needs a value`)
      values.set(name, value)
    }
  }
  const limit = values.get('limit')
  if (flags.has('resume') && !values.has('json')) throw new RangeError('--resume needs the --json FILE of the run')
  return {
    only: list(values.get('only')),
    peers: peers(list(values.get('peers')), flags.has('growth')),
    runs: positive('runs', values.get('runs') ?? '5'),
    limitMs: limit === undefined ? undefined : 1000 * positive('limit', limit),
    json: values.get('json'),
    resume: flags.has('resume'),
    growth: flags.has('growth'),
    readme: values.get('readme'),
  }
}

/** Whether a row is asked for: `B1.1` asks for B1.1/time, not for B1.10/time. */
export function isAsked(row: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((one) => row === one || row.startsWith(`${one}/`) || row.startsWith(`${one}.`))
}

function splitOnce(text: string): string[] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}

function list(text: string | undefined): readonly string[] {
  return text?.split(',').filter((one) => one !== '') ?? []
}

/** In the order of the table, whatever the order asked in. */
function peers(asked: readonly string[], isGrowth: boolean): readonly string[] {
  const unknown = asked.find((name) => !peerNames.some((one) => one === name))
  if (unknown !== undefined) throw new RangeError(`"${unknown}" is none of ${peerNames.join(', ')}`)
  if (asked.length === 0) return isGrowth ? ['joinery'] : peerNames
  return peerNames.filter((name) => asked.includes(name))
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new RangeError(`--${name} is a whole number from 1 on, not "${text}"`)
  return number
}
