// The picture of the network: a node for each replica above its card, the links between them, and the messages on their way. Each link is a line to click and
// two buttons that say the same to a keyboard and a screen reader.

import { button, icon, make, part, say } from '../notes/dom.ts'
import type { Shown } from './flights.ts'
import { type Curve, curveOf, heightOf, messageAt, nodeAt, pathOf, pointOn, type Size } from './layout.ts'
import type { LinkState } from './links.ts'
import { type Name, names } from './world.ts'

export interface LinkActions {
  toggleCut(a: Name, b: Name): void
  toggleSlow(a: Name, b: Name): void
}

interface DrawnLink {
  readonly a: Name
  readonly b: Name
  readonly line: SVGGElement
  readonly buttons: HTMLElement
  curve: Curve
}

const svgNamespace = 'http://www.w3.org/2000/svg'
/** With less motion wished for, messages stand at some places of their way instead of gliding. */
const STILL_PLACES = 4

export class Picture {
  readonly #svg = document.querySelector('#picture') as SVGSVGElement
  readonly #messages = new Map<number, SVGGElement>()
  readonly #lessMotion = matchMedia('(prefers-reduced-motion: reduce)')
  #links: DrawnLink[] = []
  #present: readonly Name[] = []
  #size: Size = { width: 0, gap: 0 }

  /** Draws who is there, and the links between them. */
  build(present: readonly Name[], pairs: readonly (readonly [Name, Name])[], actions: LinkActions): void {
    this.#present = present
    for (const message of this.#messages.values()) message.remove()
    this.#messages.clear()
    this.#links = pairs.map(([a, b]) => drawnLink(a, b, actions))
    group('links').replaceChildren(...this.#links.map(({ line }) => line))
    part('link-buttons').replaceChildren(...this.#links.map(({ buttons }) => buttons))
    group('nodes').replaceChildren(...present.map(drawnNode))
    this.layOut()
  }

  /** Everything in its place, whatever room there is. */
  layOut(): void {
    const replicas = part('replicas')
    const count = this.#present.length
    this.#size = { width: this.#svg.clientWidth, gap: Number.parseFloat(getComputedStyle(replicas).columnGap) || 0 }
    this.#svg.setAttribute('height', String(heightOf(count)))
    for (const link of this.#links) {
      link.curve = curveOf(this.#present.indexOf(link.a), this.#present.indexOf(link.b), count, this.#size)
      for (const path of link.line.querySelectorAll('path')) path.setAttribute('d', pathOf(link.curve))
      const { x, y } = pointOn(link.curve, 0.5)
      link.buttons.style.translate = `calc(${x}px - 50%) calc(${y}px - 50%)`
    }
    for (const [index, node] of [...group('nodes').children].entries()) {
      const { x, y } = nodeAt(index, count, this.#size)
      node.setAttribute('transform', `translate(${x} ${y})`)
    }
  }

  showLink(a: Name, b: Name, { isCut, isSlow }: LinkState, isIdle: boolean): void {
    const link = this.#links.find((one) => one.a === a && one.b === b)
    if (link === undefined) return
    link.line.classList.toggle('cut', isCut)
    link.line.classList.toggle('slow', isSlow)
    link.line.classList.toggle('idle', isIdle)
    link.buttons.classList.toggle('is-cut', isCut)
    const [cut, slow] = link.buttons.querySelectorAll('button')
    if (cut?.dataset.shows !== String(isCut)) {
      cut?.replaceChildren(icon(isCut ? 'mend' : 'cut'))
      cut?.setAttribute('aria-label', `${isCut ? 'Mend' : 'Cut'} the link between ${a} and ${b}`)
      if (cut !== undefined) Object.assign(cut, { title: isCut ? 'Mend this link' : 'Cut this link' })
      if (cut !== undefined) cut.dataset.shows = String(isCut)
    }
    slow?.setAttribute('aria-pressed', String(isSlow))
  }

  showNode(name: Name, tone: string): void {
    const node = group('nodes').children[this.#present.indexOf(name)]
    if (node instanceof SVGGElement && node.dataset.tone !== tone) node.dataset.tone = tone
  }

  /** The messages as they are at one moment. */
  showMessages(flights: readonly Shown[], writer: (actor: string) => Name | undefined): void {
    const gone = new Set(this.#messages.keys())
    for (const flight of flights) {
      gone.delete(flight.id)
      let drawn = this.#messages.get(flight.id)
      if (drawn === undefined) {
        drawn = drawnMessage(flight, writer)
        this.#messages.set(flight.id, drawn)
        // Edits lie on top.
        if (flight.kind === 'edits') group('messages').append(drawn)
        else group('messages').prepend(drawn)
      }
      this.#place(drawn, flight)
    }
    for (const id of gone) {
      this.#messages.get(id)?.remove()
      this.#messages.delete(id)
    }
  }

  #place(drawn: SVGGElement, { from, to, progress, fate, fading }: Shown): void {
    const link = this.#links.find(({ a, b }) => (a === from && b === to) || (a === to && b === from))
    if (link === undefined) return
    const done = this.#lessMotion.matches
      ? Math.min(1, (Math.floor(progress * STILL_PLACES) + 0.5) / STILL_PLACES)
      : progress
    const { x, y } = messageAt(link.curve, done, link.a === from)
    drawn.setAttribute('transform', `translate(${x.toFixed(1)} ${(y + 10 * fading).toFixed(1)})`)
    drawn.classList.toggle('lost', fate === 'lost')
    drawn.style.opacity = fate === 'lost' ? (1 - fading).toFixed(2) : ''
  }
}

function group(id: string): SVGGElement {
  return document.getElementById(id) as unknown as SVGGElement
}

function element<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(svgNamespace, tag)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

function drawnLink(a: Name, b: Name, actions: LinkActions): DrawnLink {
  const line = element(
    'g',
    { class: 'link' },
    element('path', { class: 'reach' }),
    element('path', { class: 'wire', pathLength: 100 }),
  )
  line.addEventListener('click', () => actions.toggleCut(a, b))
  const slowName = `Make the link between ${a} and ${b} slow`
  const buttons = make(
    'div',
    { class: 'link-control', attributes: { role: 'group', 'aria-label': `Link between ${a} and ${b}` } },
    make('button', { attributes: { type: 'button' }, onClick: () => actions.toggleCut(a, b) }),
    make(
      'button',
      {
        attributes: { type: 'button', 'aria-pressed': 'false', 'aria-label': slowName, title: 'Make this link slow' },
        onClick: () => actions.toggleSlow(a, b),
      },
      icon('slow'),
    ),
  )
  const nowhere = { x: 0, y: 0 }
  return { a, b, line, buttons, curve: { start: nowhere, control: nowhere, end: nowhere } }
}

function drawnNode(name: Name): SVGGElement {
  const node = element(
    'g',
    { class: 'node' },
    element('path', { class: 'stem', d: 'M0 20V40' }),
    element('circle', { class: 'halo', r: 22 }),
    element('circle', { class: 'disc', r: 18 }),
    element('text', { y: 5 }, name),
  )
  node.dataset.who = name
  return node
}

function drawnMessage({ kind, way, spans, id }: Shown, writer: (actor: string) => Name | undefined): SVGGElement {
  const drawn = element('g', { class: `message ${kind}`, 'data-id': id })
  if (kind === 'edits') {
    const writers = names.filter((name) => spans.some(({ actor }) => writer(actor) === name))
    for (const [index, name] of writers.entries()) {
      const at = (index - (writers.length - 1) / 2) * 8
      const shape =
        way === 'gossip'
          ? element('circle', { cx: at, r: 10 })
          : element('rect', { x: at - 9, y: -9, width: 18, height: 18, rx: 4 })
      shape.dataset.who = name
      const last = Math.max(...spans.filter(({ actor }) => writer(actor) === name).map(({ end }) => end))
      drawn.append(shape, ...(writers.length === 1 ? [element('text', { y: 3.5 }, String(last))] : []))
    }
    if (writers.length === 0) drawn.append(element('circle', { r: 6 }))
  } else if (kind === 'pull') drawn.append(element('circle', { r: 9 }), element('text', { y: 4 }, '?'))
  else if (kind === 'compare') drawn.append(element('path', { d: 'M0-6.5 6.5 0 0 6.5-6.5 0z' }))
  else drawn.append(element('circle', { r: kind === 'state' ? 4 : 2.5 }))
  return drawn
}

/** The button that plays or pauses, as it is now. */
export function showPlaying(isPlaying: boolean): void {
  const play = button('play')
  if (play.dataset.playing === String(isPlaying)) return
  play.dataset.playing = String(isPlaying)
  play.replaceChildren(icon(isPlaying ? 'pause' : 'play'), isPlaying ? 'Pause' : 'Play')
}

export function showText(id: string, text: string): void {
  say(part(id), text)
}
