// The playground without a screen: what is drawn of messages and links, and every scene played to its end on the very world that the page shows.

import { afterEach, expect, test } from 'vitest'
import { type Departure, Flights } from '../../examples/playground/flights.ts'
import { curveOf, heightOf, messageAt, nodeAt, pointOn } from '../../examples/playground/layout.ts'
import { Playing, scenes } from '../../examples/playground/scenes.ts'
import { alikeWords, editsWords, list, mostHeld, pendingLines, says } from '../../examples/playground/summary.ts'
import { type Name, names, World } from '../../examples/playground/world.ts'

let world: World

afterEach(() => {
  expect(world?.troubles ?? []).toEqual([])
  world?.close()
})

// ── flights ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const departure: Departure = {
  kind: 'edits',
  way: 'gossip',
  spans: [],
  from: 'Ada',
  to: 'Bo',
  sentAt: 100,
  dueAt: 200,
  isLost: false,
}

function drawn(flights: Flights, now: number): string {
  return flights
    .at(now)
    .map(({ from, to, progress, fate, fading }) => `${from}>${to} ${fate} ${progress.toFixed(2)} ${fading.toFixed(2)}`)
    .join(', ')
}

test('a message is seen on its way from its sender to the other end, and then no more', () => {
  const flights = new Flights()
  flights.add(departure)
  expect([100, 150, 199, 200].map((now) => drawn(flights, now))).toEqual([
    'Ada>Bo under way 0.00 0.00',
    'Ada>Bo under way 0.50 0.00',
    'Ada>Bo under way 0.99 0.00',
    '',
  ])
})

test('a lost message stops amid its way and fades, and so does whatever is on a link that is cut', () => {
  const flights = new Flights()
  flights.add({ ...departure, isLost: true })
  flights.add({ ...departure, from: 'Bo', to: 'Ada' })
  flights.add({ ...departure, to: 'Cy' })
  flights.cut('Ada', 'Bo', 120)
  expect(drawn(flights, 130)).toBe('Ada>Bo lost 0.20 0.20, Bo>Ada lost 0.20 0.20, Ada>Cy under way 0.30 0.00')
  expect(flights.underWay(130)).toHaveLength(1)
  flights.add({ ...departure, isLost: true })
  expect(drawn(flights, 180)).toBe('Ada>Cy under way 0.80 0.00, Ada>Bo lost 0.55 0.50')
  expect(drawn(flights, 400)).toBe('')
})

// ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

test.each([2, 3, 4])(
  '%i replicas stand above the middle of their cards, and every link and message within the picture',
  (count) => {
    const size = { width: 1000, gap: 20 }
    const column = (size.width - size.gap * (count - 1)) / count
    for (let a = 0; a < count; a++) {
      expect(nodeAt(a, count, size).x).toBeCloseTo(a * (column + size.gap) + column / 2)
      for (let b = a + 1; b < count; b++) {
        const curve = curveOf(a, b, count, size)
        expect(curveOf(b, a, count, size)).toEqual(curve)
        expect([pointOn(curve, 0), pointOn(curve, 1)]).toEqual([nodeAt(a, count, size), nodeAt(b, count, size)])
        for (let part = 0; part <= 1; part += 0.125)
          for (const isForward of [true, false]) {
            const { x, y } = messageAt(curve, part, isForward)
            expect([x > 0, x < size.width, y > 10, y < heightOf(count) - 10]).toEqual([true, true, true, true])
          }
        const [there, back] = [messageAt(curve, 0.5, true), messageAt(curve, 0.5, false)]
        expect(Math.hypot(there.x - back.x, there.y - back.y), 'those that meet pass each other').toBeGreaterThan(10)
        expect(messageAt(curve, 0, true).x).toBeLessThan(messageAt(curve, 0, false).x)
      }
    }
  },
)

// ── worlds ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const note = (name: Name): string | undefined => world.inside(name).contents?.note
const all = (): ReadonlyMap<Name, ReturnType<World['inside']>> =>
  new Map(world.replicas.map(({ name }) => [name, world.inside(name)]))

test('edits are seen in flight with their numbers, and what a replica says of them is so', async () => {
  world = await World.open()
  expect(alikeWords(all())).toEqual({ isAlike: true, text: 'All alike' })
  const before = world.inside('Ada').version[0]?.held ?? 0
  world.edit('Ada', (page) => page.note.append(' Hi!'))
  expect(says(world.inside('Ada')).text).toBe('Saving …')
  await world.until(() => world.links.flights.underWay(world.now).length > 0)
  const flying = world.links.flights.underWay(world.now).filter(({ kind }) => kind === 'edits')
  const edits = flying.map(({ to, way, spans }) => [
    to,
    way,
    ...spans.map(({ actor, from, end }) => [world.writer(actor), from, end]),
  ])
  const span = ['Ada', before, before + 4]
  expect(edits.sort()).toEqual([
    ['Bo', 'gossip', span],
    ['Cy', 'gossip', span],
  ])
  expect(alikeWords(all())).toEqual({ isAlike: false, text: 'Not alike: Ada | Bo and Cy' })
  expect(says(world.inside('Ada')).text).toBe('Saved here. Not up to date yet.')
  expect(pendingLines('Ada', world.inside('Ada'))).toEqual([
    'Bo lacks 4 edits that are here.',
    'Cy lacks 4 edits that are here.',
    'Its edits are on no other disk yet.',
  ])
  await world.rest()
  await world.until(
    () => pendingLines('Ada', world.inside('Ada')).join() === 'Its edits are on Bo’s and Cy’s disks, too.',
  )
  expect(says(world.inside('Ada'))).toEqual({ tone: 'good', text: 'Saved, and up to date with 2 others.' })
  expect(pendingLines('Bo', world.inside('Bo'))).toEqual(['Nothing.'])
})

test('a fourth replica joins while time goes on, and has all of it', async () => {
  world = await World.open()
  world.edit('Bo', (page) => page.tags.add('sun'))
  world.join('Di')
  expect(world.inside('Di')).toMatchObject({ state: 'opening', contents: undefined })
  await world.rest()
  expect(world.inside('Di').contents).toEqual(world.inside('Ada').contents)
  expect([...mostHeld(all())].map(([name]) => name)).toEqual(['Ada', 'Bo'])
})

test('a replica whose power fails while it begins can begin again, and has what it had', async () => {
  world = await World.open()
  for (const ms of [0, 1, 2, 3, 5, 8, 13]) {
    world.kill('Cy')
    await world.advance(10)
    world.reopen('Cy')
    await world.advance(ms)
  }
  await world.rest()
  expect(world.inside('Cy').contents).toEqual(world.inside('Ada').contents)
})

test('a step ends where something sets out or arrives', async () => {
  world = await World.open()
  world.edit('Cy', (page) => page.votes.add(1))
  const at = world.now
  await world.step()
  expect(world.links.flights.underWay(world.now).some(({ from }) => from === 'Cy')).toBe(true)
  expect(world.now - at).toBeLessThan(50)
})

/** Plays a scene; `helps` does what its sentences ask the user to do. Gives what was said. */
async function play(id: string, helps: (said: string) => void | Promise<void> = () => {}): Promise<string[]> {
  const scene = scenes.find((one) => one.id === id)
  if (scene === undefined) throw new Error(`no scene ${id}`)
  world = await World.open()
  const playing = new Playing(scene, world)
  const said: string[] = []
  for (let beat = playing.look(); ; beat = playing.look()) {
    if (beat !== undefined) said.push(beat.say)
    if (beat !== undefined) await helps(beat.say)
    if (playing.isOver) return said
    expect(world.now, `"${said.at(-1)}" goes on`).toBeLessThan(60_000)
    await world.advance(5)
  }
}

const mendAll = (): void => {
  for (const [a, b] of world.pairs) if (world.links.state(a, b).isCut) world.mend(a, b)
}

test('scene: both sides of a cut differ, and are alike once it is mended', async () => {
  await play('cut', async (said) => {
    if (!said.includes('mend both')) return
    await world.advance(3_000)
    expect([note('Bo'), note('Cy')]).toEqual(['Meet at noon. Bring towels!', 'Saturday. Meet at noon.'])
    expect(says(world.inside('Cy')).text).toBe('Saved here. Nobody is in contact.')
    mendAll()
  })
  for (const name of ['Ada', 'Bo', 'Cy'] as const)
    expect(world.inside(name).contents).toMatchObject({ note: 'Saturday. Meet at noon. Bring towels!', votes: 3 })
})

test('scene: an answer waits in the causal buffer until its question is there', async () => {
  const said = await play('cause', (words) => {
    if (!words.startsWith('Time stands still')) return
    const { contents, waiting, missing } = world.inside('Cy')
    expect(contents?.note).toBe('Meet at noon.')
    expect(waiting.map(editsWords)).toEqual(['Bo 1–7'])
    expect(missing.map(editsWords)).toEqual(['Ada 27'])
    expect(pendingLines('Cy', world.inside('Cy')).join()).toContain('arrived before the edits they build on')
  })
  expect(said).toHaveLength(4)
  expect(note('Cy')).toBe('Meet at noon. Who swims? I do!')
  expect(world.inside('Cy').waiting).toEqual([])
})

test('scene: what was not on its disk when the power failed was never seen by anybody', async () => {
  await play('power', async (said) => {
    if (said.includes('Cut Bo’s power')) {
      await world.advance(1_000)
      expect([note('Bo'), note('Ada')]).toEqual(['Meet at noon. I bring cake.', 'Meet at noon.'])
      expect(world.links.flights.underWay(world.now).filter(({ kind }) => kind === 'edits')).toEqual([])
      world.kill('Bo')
      expect(world.inside('Bo')).toMatchObject({ state: 'down', contents: undefined })
    } else if (said.includes('Switch Bo on')) {
      await world.advance(500)
      world.reopen('Bo')
    }
  })
  await world.rest()
  expect(['Ada', 'Bo', 'Cy'].map((name) => note(name as Name))).toEqual(Array(3).fill('Meet at noon.'))
})

test('scene: of two titles set at once both stand until somebody chooses', async () => {
  await play('titles', (said) => {
    if (said.includes('Mend')) mendAll()
    if (!said.includes('settles')) return
    const { title, titles } = world.inside('Ada').contents ?? { title: '', titles: [] }
    expect([...titles].sort()).toEqual(['Trip to the hills', 'Trip to the sea'])
    world.edit('Ada', (page) => page.title.set(titles.find((one) => one !== title) ?? ''))
  })
  expect(world.inside('Cy').contents?.titles).toHaveLength(1)
})

test('scene: a tag that was added where its removal was not seen is there', async () => {
  await play('tags', (said) => {
    if (said.includes('Mend')) mendAll()
  })
  expect(world.inside('Ada').contents?.tags).toEqual(['lake'])
})

test('scene: half of all messages are lost, and all become alike', async () => {
  await play('loss')
  expect(world.links.climate.loss).toBe(0.5)
  expect(alikeWords(all()).isAlike).toBe(true)
})

test('lists of names and edits are words for people', () => {
  expect([list([]), list(['Ada']), list(names)]).toEqual(['', 'Ada', 'Ada, Bo, Cy and Di'])
  expect(editsWords({ by: 'Ada', from: 2, end: 3 })).toBe('Ada 3')
})
