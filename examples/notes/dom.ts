// The few things that every part of the page does with the DOM.

import { type Sentence, sentence } from './words.ts'

/** The element with this id, which index.html promises to be of this type. */
export function byId<E extends Element>(id: string, type: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id "${id}".`)
  return found
}

export const part = (id: string): HTMLElement => byId(id, HTMLElement)
export const button = (id: string): HTMLButtonElement => byId(id, HTMLButtonElement)

interface Properties {
  readonly class?: string
  readonly text?: string
  readonly data?: Readonly<Record<string, string>>
  readonly attributes?: Readonly<Record<string, string>>
  readonly onClick?: () => void
}

/** A new element. Text is only ever set as text: what peers wrote never becomes markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  if (properties.class !== undefined) element.className = properties.class
  if (properties.text !== undefined) element.textContent = properties.text
  Object.assign(element.dataset, properties.data)
  for (const [key, value] of Object.entries(properties.attributes ?? {})) element.setAttribute(key, value)
  if (properties.onClick !== undefined) element.addEventListener('click', properties.onClick)
  element.append(...children)
  return element
}

/** One of the drawings that index.html holds as a <symbol>. Only for the eye. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', `#icon-${name}`)
  svg.append(use)
  return svg
}

/** Sets the text only if it differs, so that nothing is read out or laid out again for nothing. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

const CALM_MS = 300
const waiting = new WeakMap<HTMLElement, ReturnType<typeof setTimeout>>()

/** Shows a status. That something goes on is said only when it lasts: a letter that is saved in 5 ms is not worth a flicker. */
export function sayCalmly(element: HTMLElement, { tone, text }: Sentence, place: HTMLElement = element): void {
  clearTimeout(waiting.get(element))
  const show = () => {
    place.dataset.tone = tone
    say(element, text)
  }
  if (tone === 'busy' && place.dataset.tone === 'good') waiting.set(element, setTimeout(show, CALM_MS))
  else show()
}

/** A sentence that is to be read at once: what went wrong. It stays until it is closed (by an empty one) or the next one comes. */
export function complain(text: string): void {
  part('complaint').hidden = text === ''
  say(part('complaint-text'), text)
}

/** Does what may fail, and tells of it. Whether it went well. */
export async function attempt(act: () => unknown): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    complain(sentence(error))
    return false
  }
}

let polite: ReturnType<typeof setTimeout> | undefined

/** Tells a screen reader, when it has time, of what lasts: of what changes within a second only the end is told. */
export function announce(text: string): void {
  clearTimeout(polite)
  polite = setTimeout(() => say(part('announcement'), text), 1000)
}

export function focusFirst(...candidates: readonly (HTMLElement | null | undefined)[]): void {
  candidates.find((element) => element?.isConnected && !element.hidden)?.focus()
}
