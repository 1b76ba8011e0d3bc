// How a text leaves the page for somebody else's: a field to copy it from, and a QR code of it.

import { encode } from 'uqr'
import { button, say } from './dom.ts'

/** Makes a field that is only read easy to copy; what came of it is said in `told`. */
export function handOut(field: HTMLInputElement, told: HTMLElement): void {
  field.addEventListener('focus', () => field.select())
  button(`${field.id}-copy`).addEventListener('click', () => copy(field, told))
}

async function copy(field: HTMLInputElement, told: HTMLElement): Promise<void> {
  field.select()
  try {
    await navigator.clipboard.writeText(field.value)
    say(told, 'Copied.')
  } catch {
    say(told, 'The browser does not let the page copy. It is selected: copy it by Ctrl+C.') // Not allowed, or not focused.
  }
}

/** Black on white in either scheme, with the white border that scanners need. */
export function qrCode(text: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: 'L', border: 3 })
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])))
  const make = (name: string) => document.createElementNS('http://www.w3.org/2000/svg', name)
  const svg = make('svg')
  const path = make('path')
  path.setAttribute('d', dark.join(''))
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`)
  svg.setAttribute('shape-rendering', 'crispEdges')
  svg.append(path)
  return svg as SVGSVGElement
}
