// The pure parts of the benchmark: that the same work is done for all, and that figures are judged and shown as they are.

import { describe, expect, it, test } from 'vitest'
import { isAsked, parseArguments, peerNames } from './bench/arguments.ts'
import { measurements } from './bench/cases/all.ts'
import { comparedWith, goals } from './bench/goals.ts'
import { PeerDoc } from './bench/peer.ts'
import { plot } from './bench/plot.ts'
import { withTable } from './bench/readme.ts'
import { judge, median, summary } from './bench/statistics.ts'
import { markdownTable, number, tally, textTable } from './bench/table.ts'
import { withLacks } from './bench/traces.ts'
import {
  appendCharacters,
  dice,
  insertThenDelete,
  prependCharacters,
  randomBytes,
  randomCharacters,
  randomSets,
  randomWords,
  type TextEdit,
  typed,
  typeInto,
  wordsAndDeletes,
  wordsThenThere,
} from './bench/workload.ts'

const rowNames = measurements.flatMap(({ rows }) => Object.keys(rows))

describe('workloads', () => {
  const makers = {
    appendCharacters,
    prependCharacters,
    insertThenDelete,
    randomCharacters,
    randomWords,
    wordsAndDeletes,
    wordsThenThere,
  }

  it.each(Object.entries(makers))(
    '%s makes the same edits of the same seed, all of them inside of the text',
    (_, make) => {
      const edits = make(300, dice(1))
      expect(make(300, dice(1))).toEqual(edits)
      expect(make(300, dice(2))).not.toEqual(edits)
      expectInside(edits)
      const doc = new StringDoc()
      typeInto(doc, edits)
      expect(doc.text()).toBe(typed(edits))
    },
  )

  function expectInside(edits: readonly TextEdit[]): void {
    let { length } = ''
    for (const [index, deleted, inserted] of edits) {
      expect(index).toBeGreaterThanOrEqual(0)
      expect(index + deleted).toBeLessThanOrEqual(length)
      expect(deleted + inserted.length).toBeGreaterThan(0)
      length += inserted.length - deleted
    }
  }

  it('two writers of one text stay inside of what both have', () => {
    const start = 'x'.repeat(100)
    const edits = wordsThenThere(50, dice(3), start.length)
    expect(typed(edits, start).length).toBe(edits.reduce((sum, [, out, text]) => sum - out + text.length, 100))
  })

  it('ids of replicas differ, keys stay within theirs', () => {
    expect(randomBytes(1, 32)).not.toEqual(randomBytes(2, 32))
    expect(new Set(randomSets(1000, 10, dice(1)).map(([key]) => key)).size).toBe(10)
  })

  it('an agent receives what it lacks, once, and never its own', () => {
    //   0 (a) --- 1 (a) --- 3 (a)
    //     \--- 2 (b) --------/
    const turns = withLacks([
      { agent: 0, parents: [] },
      { agent: 0, parents: [0] },
      { agent: 1, parents: [0] },
      { agent: 0, parents: [1, 2] },
      { agent: 1, parents: [3] },
    ])
    expect(turns.map(({ lacks }) => lacks)).toEqual([[], [], [0], [2], [1, 3]])
  })
})

describe('figures', () => {
  it('the median of an even number of runs lies between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7])
    expect(summary([3, 1, 2])).toEqual({ median: 2, min: 1, runs: [3, 1, 2] })
    expect(() => median([])).toThrow('a median of nothing')
  })

  it('the best other is what counts, and what failed is no figure', () => {
    const results = {
      joinery: summary([4]),
      yjs: summary([10]),
      loro: summary([8]),
      automerge: { failed: 'over 60 s' },
    }
    expect(judge('a/b', 'ms', results, { ratio: 0.5 })).toMatchObject({ best: 'loro', ratioToBest: 0.5, met: true })
    expect(judge('a/b', 'ms', results, { ratio: 0.4 })).toMatchObject({ met: false })
    expect(judge('a/b', 'ms', results, { most: 4 })).toMatchObject({ met: true })
    expect(judge('a/b', 'ms', results, { most: 3 })).toMatchObject({ met: false })
    expect(judge('a/b', 'ms', results, undefined)).toMatchObject({ goal: null, met: null })
  })

  it('a row of ours that is not built meets no goal; one without others is judged by its own limit alone', () => {
    const unbuilt = { joinery: { failed: 'not built' }, loro: summary([8]) }
    expect(judge('a/b', 'ms', unbuilt, { ratio: 0.5 })).toMatchObject({ ratioToBest: null, met: false })
    const alone = { joinery: summary([4]) }
    expect(judge('a/b', 'ms', alone, { ratio: 0.5 })).toMatchObject({ ratioToBest: null, met: null })
    expect(judge('a/b', 'ms', alone, { most: 5 })).toMatchObject({ met: true })
    expect(judge('a/b', 'ms', { yjs: summary([4]) }, { most: 5 })).toMatchObject({ met: null })
  })

  it('our second way is held against what the others did in the first', () => {
    const row = judge(
      'B4/change',
      'ms',
      { joinery: summary([5]) },
      { ratio: 0.5 },
      { joinery: summary([1]), yjs: summary([10]) },
    )
    expect(row).toMatchObject({ ratioToBest: 0.5, best: 'yjs', met: true })
  })

  it('every goal, and every comparison, is of a row that is measured; every row is measured once', () => {
    const named = [...Object.keys(goals), ...Object.keys(comparedWith), ...Object.values(comparedWith)]
    expect(named.filter((row) => !rowNames.includes(row))).toEqual([])
    expect(new Set(rowNames).size).toBe(rowNames.length)
    const ids = measurements.map(({ id }) => id)
    expect(measurements.filter(({ needs }) => needs !== undefined && !ids.includes(needs))).toEqual([])
  })
})

describe('arguments', () => {
  test('nothing said means everything, five times', () => {
    expect(parseArguments([])).toMatchObject({ only: [], peers: peerNames, runs: 5, json: undefined, growth: false })
  })

  test('rows, engines and a file', () => {
    const asked = parseArguments([
      '--only',
      'B4,delta',
      '--peers=loro,joinery',
      '--json',
      'x.json',
      '--runs',
      '7',
      '--limit',
      '9',
    ])
    expect(asked).toMatchObject({
      only: ['B4', 'delta'],
      peers: ['joinery', 'loro'],
      runs: 7,
      limitMs: 9000,
      json: 'x.json',
    })
  })

  test('a run that ended early goes on where its file says', () => {
    expect(parseArguments(['--resume', '--json', 'f'])).toMatchObject({ resume: true, json: 'f' })
    expect(() => parseArguments(['--resume'])).toThrow('--resume needs the --json FILE')
  })

  test('growth is ours alone, if nobody else is named', () => {
    expect(parseArguments(['--growth']).peers).toEqual(['joinery'])
    expect(parseArguments(['--growth', '--peers', 'yjs']).peers).toEqual(['yjs'])
  })

  test.each([
    [['--peers', 'git'], '"git" is none of'],
    [['--runs', '0'], '--runs is a whole number from 1 on'],
    [['--only'], '--only needs a value'],
    [['--only', '--json'], '--only needs a value'],
    [['fast'], '"fast" is not an option'],
    [['--fast'], '"--fast" is not an option'],
  ])('%j is refused with a reason', (given, reason) => {
    expect(() => parseArguments(given)).toThrow(reason)
  })

  test('a row is asked for by its name, or by its beginning up to a dot or a slash', () => {
    const asked = (only: string): number => rowNames.filter((row) => isAsked(row, [only])).length
    expect(isAsked('B1.10/time', ['B1.1'])).toBe(false)
    expect(isAsked('B4x100/time', ['B4'])).toBe(false)
    expect(isAsked('B1.1/time', ['B1'])).toBe(true)
    expect([asked('B1.1/time'), asked('B1.1'), asked('nothing')]).toEqual([1, 8, 0])
  })
})

describe('tables', () => {
  const rows = [
    judge('B4/handle', 'ms', { joinery: summary([90, 100, 95]), yjs: summary([9400]) }, { ratio: 0.5 }),
    judge('list-move/local', 'ms', { joinery: { failed: 'not built' }, yjs: { failed: 'n/a' } }, { ratio: 0.5 }),
    judge('delta/apply', 'ms', { joinery: { failed: 'failed: boom' }, yjs: summary([0.25]) }, undefined),
  ]

  it('a row shows median and minimum, what failed, and the verdict', () => {
    expect(textTable(rows, ['joinery', 'yjs']).split('\n')).toEqual([
      'row              unit    joinery    yjs     ratio   to     goal',
      'B4/handle        ms      95 (90)  9,400  0.0101 x  yjs  ≤ 0.5 x      met',
      'list-move/local  ms    not built    n/a                 ≤ 0.5 x  not met',
      'delta/apply      ms       failed   0.25',
      '',
      'delta/apply, joinery: failed: boom',
    ])
    expect(tally(rows)).toBe('1 of 2 goals met')
  })

  it('in Markdown the best figure stands out', () => {
    expect(markdownTable(rows.slice(0, 1), ['joinery', 'yjs']).split('\n')).toEqual([
      '|  | joinery | yjs | ratio to best | goal |',
      '| --- | --: | --: | --: | --: |',
      '| `B4/handle`, ms | **95** | 9,400 | 0.0101 x | ≤ 0.5 x, met |',
    ])
  })

  it('numbers have three digits that count, and bytes all of theirs', () => {
    expect([0.01234, 1.5, 99.94, 99.96, 108_993, 0, 7, 0.0001].map(number)).toEqual([
      '0.0123',
      '1.5',
      '99.9',
      '100',
      '108,993',
      '0',
      '7',
      '1.0e-4',
    ])
  })

  it('the README gets its figures between two comments, again and again', () => {
    const readme =
      'before\n<!-- figures of `npm run bench`: begin -->\nold\n<!-- figures of `npm run bench`: end -->\nafter\n'
    const machine = { cpu: 'C', cores: 2, memoryGB: 25, system: 'S', node: '22', date: '2026-01-01', load: [0, 0, 0] }
    const report = { machine, versions: { joinery: '1', yjs: '13' }, rows }
    const once = withTable(readme, report)
    expect(once).toMatch(
      /^before\n<!--.*-->\n\| {2}\| joinery \| yjs [\s\S]*yjs 13\.\n\n\* `list-move\/local`: [^\n]+\n<!--.*-->\nafter\n$/,
    )
    expect(once).not.toContain('old')
    expect(withTable(once, report)).toBe(once)
    expect(withTable(once, report, { plot: 'a.svg' })).toContain(
      '\n![How cost grows with the number of edits](a.svg)\n',
    )
    expect(() => withTable('nothing', report)).toThrow('has no place for the figures')
  })
})

describe('the plot', () => {
  it('has a line for each engine, labels for both axes, colours for light and dark, and slopes to compare with', () => {
    const svg = plot([
      {
        label: 'ours',
        points: [
          { x: 1000, y: 2 },
          { x: 10_000, y: 25 },
        ],
      },
      { label: 'theirs', points: [] },
    ])
    expect(svg.match(/class="line/g)).toHaveLength(1)
    for (const part of ['>edits<', '>milliseconds<', '>n<', '>n²<', '>ours<', 'prefers-color-scheme: dark', '>10,000<'])
      expect(svg).toContain(part)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})

/** The slowest engine there is. */
class StringDoc extends PeerDoc {
  #text = ''
  override insertText(index: number, text: string): void {
    this.#text = this.#text.slice(0, index) + text + this.#text.slice(index)
  }
  override deleteText(index: number, count: number): void {
    this.#text = this.#text.slice(0, index) + this.#text.slice(index + count)
  }
  override text(): string {
    return this.#text
  }
  override transact(fn: () => void): void {
    fn()
  }
  override receive(): void {}
  override save(): Uint8Array {
    return new Uint8Array()
  }
}
