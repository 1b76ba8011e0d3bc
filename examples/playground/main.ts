// The page: a world that goes on with the screen's own clock, and what is drawn of it.

import { announce, button, byId, make, part, say } from '../notes/dom.ts'
import type { Inside } from './inside.ts'
import { Picture, showPlaying, showText } from './picture.ts'
import { ReplicaCard } from './replica-card.ts'
import { Playing, type Scene, scenes } from './scenes.ts'
import { alikeWords, mostHeld } from './summary.ts'
import { type Name, names, World } from './world.ts'

const usualSpeed = 1 / 3
const SLOWEST = 0.02
const FASTEST = 4
/** Cards follow at a pace at which they can be read; messages glide. */
const CARDS_EVERY_MS = 60
/** A tab that was away does not catch up. */
const FRAME_MAX_MS = 100
const welcome = 'Write in any replica and watch your edits travel. Click a link to cut it.'

const picture = new Picture()
const [speed, delay, loss] = ['speed', 'delay', 'loss'].map((id) => byId(id, HTMLInputElement)) as [
  HTMLInputElement,
  HTMLInputElement,
  HTMLInputElement,
]
let world: World | undefined
let cards = new Map<Name, ReplicaCard>()
let playing: Playing | undefined
let isGoing = true
let begun = 0
/** Parts of a millisecond for which the world did not go on yet. */
let rest = 0
let cardsAt = 0

// ── worlds ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function begin(scene?: Scene): Promise<void> {
  const order = ++begun
  say(part('caption'), 'Three peers meet …')
  for (const one of document.querySelectorAll('#scenes button'))
    one.setAttribute('aria-current', String(one.id === `scene-${scene?.id}`))
  world?.close()
  world = undefined
  const next = await World.open()
  // Another one may have been asked for meanwhile.
  if (order !== begun) return next.close()
  world = next
  playing = scene && new Playing(scene, next)
  rest = 0
  say(part('caption'), welcome)
  setSpeed(usualSpeed)
  setGoing(true)
  rebuild(next)
  look(next)
}

function show(scene: Scene): void {
  void begin(scene)
  // Where the list stands above the world, that is out of sight.
  if (part('main').getBoundingClientRect().top > innerHeight / 3) part('main').scrollIntoView()
}

/** Who is there has changed. */
function rebuild(of: World): void {
  const present = of.replicas.map(({ name }) => name)
  cards = new Map(present.map((name) => [name, cards.get(name) ?? new ReplicaCard(name, actions)]))
  part('replicas').replaceChildren(...[...cards.values()].map(({ element }) => element))
  part('replicas').style.setProperty('--count', String(present.length))
  part('replicas').dataset.count = String(present.length)
  picture.build(present, of.pairs, actions)
  button('add').disabled = present.length === names.length
  showClimate(of)
  showCards(of)
}

/** The scene goes on, if what it waits for is so. */
function look(of: World): void {
  const beat = playing?.look()
  if (beat === undefined) return
  say(part('caption'), beat.say)
  if (beat.stops) setGoing(false)
  showClimate(of)
  showCards(of)
}

// ── what the user does ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const actions = {
  edit(name: Name, change: Parameters<World['edit']>[1]): void {
    act((of) => of.edit(name, change))
  },
  power(name: Name): void {
    act((of) => {
      if (of.at(name).peer.state === 'down') of.reopen(name)
      else of.kill(name)
    })
  },
  slowDisk(name: Name, isSlow: boolean): void {
    act((of) => {
      of.at(name).hasSlowDisk = isSlow
    })
  },
  toggleCut(a: Name, b: Name): void {
    act((of) => (of.links.state(a, b).isCut ? of.mend(a, b) : of.cut(a, b)))
  },
  toggleSlow(a: Name, b: Name): void {
    act((of) => of.links.set(a, b, { isSlow: !of.links.state(a, b).isSlow }))
  },
}

function act(doing: (of: World) => void): void {
  if (world === undefined) return
  doing(world)
  showCards(world)
}

function setGoing(now: boolean): void {
  isGoing = now
  showPlaying(now)
}

function setSpeed(times: number): void {
  speed.value = String(Math.round((100 * Math.log(times / SLOWEST)) / Math.log(FASTEST / SLOWEST)))
  showSpeed()
}

function speedNow(): number {
  return SLOWEST * (FASTEST / SLOWEST) ** (Number(speed.value) / 100)
}

function showSpeed(): void {
  const times = speedNow()
  const text = times >= 0.95 ? `${times.toFixed(1)}×` : `1/${Math.round(1 / times)}`
  showText('speed-shown', text)
  speed.setAttribute(
    'aria-valuetext',
    times >= 0.95 ? `${times.toFixed(1)} times as fast` : `slowed down ${Math.round(1 / times)} times`,
  )
}

function setClimate(): void {
  act((of) => {
    of.links.climate = { delayMs: Number(delay.value), loss: Number(loss.value) / 100 }
    showClimate(of)
  })
}

function showClimate({ links: { climate } }: World): void {
  delay.value = String(climate.delayMs)
  loss.value = String(Math.round(100 * climate.loss))
  for (const [slider, text] of [
    [delay, `${climate.delayMs} ms`],
    [loss, `${Math.round(100 * climate.loss)} %`],
  ] as const) {
    showText(`${slider.id}-shown`, text)
    slider.setAttribute('aria-valuetext', text)
  }
}

function invite(): void {
  const of = world
  const name = of && names[of.replicas.length]
  if (of === undefined || name === undefined) return
  of.join(name)
  rebuild(of)
  say(
    part('caption'),
    `${name} joins by an invitation, meets the others one by one, and gets the document with all its history.`,
  )
}

// ── what is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function showCards(of: World): void {
  if (of !== world) return
  const insides = new Map<Name, Inside>([...cards.keys()].map((name) => [name, of.inside(name)]))
  const most = mostHeld(insides)
  for (const [name, card] of cards) {
    const inside = insides.get(name)
    if (inside === undefined) continue
    card.show(inside, most, of.at(name).hasSlowDisk)
    picture.showNode(name, inside.waiting.length > 0 ? 'waits' : inside.state)
  }
  const isOff = (name: Name): boolean => insides.get(name)?.state === 'down'
  for (const [a, b] of of.pairs) picture.showLink(a, b, of.links.state(a, b), isOff(a) || isOff(b))
  const { isAlike, text } = alikeWords(insides)
  part('alike').dataset.tone = isAlike ? 'good' : 'busy'
  if (part('alike').textContent !== text) announce(text)
  say(part('alike'), text)
  showMessages(of)
}

function showMessages(of: World): void {
  picture.showMessages(of.links.flights.at(of.now + rest), (actor) => of.writer(actor))
  showText('time', `${(of.now / 1000).toFixed(2)} s`)
}

/** One frame of the screen. The world goes on by whole milliseconds; messages are drawn between them. */
async function frame(lastAt: number, at: number): Promise<void> {
  const of = world
  if (of !== undefined && isGoing) {
    const dueMs = rest + Math.min(FRAME_MAX_MS, at - lastAt) * speedNow()
    rest = dueMs % 1
    if (dueMs >= 1) await of.advance(Math.floor(dueMs))
    if (of === world) look(of)
  }
  if (of !== undefined && of === world) {
    if (at - cardsAt >= CARDS_EVERY_MS) {
      cardsAt = at
      showCards(of)
    } else showMessages(of)
    for (const trouble of of.troubles.splice(0)) reportError(trouble)
  }
  requestAnimationFrame((next) => void frame(at, next))
}

// ── the beginning ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

button('play').addEventListener('click', () => setGoing(!isGoing))
button('step').addEventListener('click', () => {
  setGoing(false)
  const of = world
  void of?.step().then(() => {
    look(of)
    showCards(of)
  })
})
button('add').addEventListener('click', invite)
button('again').addEventListener('click', () => void begin())
speed.addEventListener('input', showSpeed)
for (const slider of [delay, loss]) slider.addEventListener('input', setClimate)
new ResizeObserver(() => picture.layOut()).observe(part('network'))
part('scenes').append(
  ...scenes.map((scene) =>
    make(
      'li',
      {},
      make(
        'button',
        { class: 'scene', attributes: { type: 'button', id: `scene-${scene.id}` }, onClick: () => show(scene) },
        make('strong', { text: scene.title }),
        make('span', { text: scene.about }),
      ),
    ),
  ),
)
showPlaying(true)
void begin().then(() => requestAnimationFrame((at) => void frame(at, at)))
