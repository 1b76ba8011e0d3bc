// A plot with logarithmic axes as SVG, readable on light and on dark pages: it takes its colours from the reader's preference.

export interface Line {
  readonly label: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const [width, height] = [720, 400]
const area = { left: 70, right: 30, top: 20, bottom: 50 }
const legendHeight = 20
const colours = 6

interface Axis {
  readonly low: number
  readonly high: number
  place(value: number): number
}

/** Edits to the right, milliseconds up; dashed lines show what cost in proportion to n, and to its square, would be. */
export function plot(given: readonly Line[]): string {
  const lines = given.filter(({ points }) => points.length > 0)
  const points = lines.flatMap((line) => line.points)
  const x = axis(
    points.map((point) => point.x),
    area.left,
    width - area.right,
  )
  const y = axis(
    points.map((point) => point.y),
    height - area.bottom,
    area.top,
  )
  const drawn = lines.map((line, i) => series(line, i, x, y))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + legendHeight * Math.ceil(lines.length / 2)}" role="img" aria-label="Cost by number of edits">`,
    style,
    `<clipPath id="area"><rect x="${area.left}" y="${area.top}" width="${width - area.left - area.right}" height="${height - area.top - area.bottom}"/></clipPath>`,
    ...decades(x).map((value) => tick(value, x, 'x')),
    ...decades(y).map((value) => tick(value, y, 'y')),
    `<text x="${(area.left + width - area.right) / 2}" y="${height - area.bottom + 38}" text-anchor="middle">edits</text>`,
    `<text transform="translate(18 ${(area.top + height - area.bottom) / 2}) rotate(-90)" text-anchor="middle">milliseconds</text>`,
    ...lines.flatMap((line) => [slope(line, 1, x, y), slope(line, 2, x, y)]),
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #444 }
  .grid { stroke: #8884; stroke-width: 1 }
  .slope { stroke: #888; stroke-width: 1; stroke-dasharray: 4 4; fill: none }
  .line { stroke-width: 2.5; fill: none }
  .c0 { stroke: #0969da; fill: #0969da } .c1 { stroke: #bc4c00; fill: #bc4c00 } .c2 { stroke: #1a7f37; fill: #1a7f37 }
  .c3 { stroke: #8250df; fill: #8250df } .c4 { stroke: #bf3989; fill: #bf3989 } .c5 { stroke: #9a6700; fill: #9a6700 }
  .line { fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #ccc }
    .c0 { stroke: #58a6ff; fill: #58a6ff } .c1 { stroke: #f0883e; fill: #f0883e } .c2 { stroke: #56d364; fill: #56d364 }
    .c3 { stroke: #bc8cff; fill: #bc8cff } .c4 { stroke: #f778ba; fill: #f778ba } .c5 { stroke: #e3b341; fill: #e3b341 }
    .line { fill: none }
  }
</style>`

/** Whole decades around the values. */
function axis(values: readonly number[], start: number, end: number): Axis {
  const low = Math.floor(Math.log10(Math.min(...values, Number.MAX_SAFE_INTEGER)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values, 1))))
  return { low, high, place: (value) => start + ((Math.log10(value) - low) / (high - low)) * (end - start) }
}

function decades({ low, high }: Axis): readonly number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
}

function tick(value: number, axis: Axis, which: 'x' | 'y'): string {
  const at = round(axis.place(value))
  const label = value >= 1e6 ? `${value / 1e6}M` : value >= 1 ? value.toLocaleString('en-US') : value.toPrecision(1)
  if (which === 'x')
    return `<path class="grid" d="M${at} ${area.top}V${height - area.bottom}"/><text x="${at}" y="${height - area.bottom + 18}" text-anchor="middle">${label}</text>`
  return `<path class="grid" d="M${area.left} ${at}H${width - area.right}"/><text x="${area.left - 8}" y="${at + 4}" text-anchor="end">${label}</text>`
}

/** From a line's first point on, what a cost of n to this power would be. */
function slope({ points }: Line, power: number, x: Axis, y: Axis): string {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || first === last) return ''
  const end = { x: last.x, y: first.y * (last.x / first.x) ** power }
  const label = power === 1 ? 'n' : 'n²'
  // The label stands where the line leaves the area, or at its end.
  const top = 10 ** y.high
  const shown = end.y > top ? { x: first.x * (top / first.y) ** (1 / power), y: top } : end
  return `<path class="slope" clip-path="url(#area)" d="${path([first, end], x, y)}"/><text x="${round(x.place(shown.x)) - 6}" y="${round(y.place(shown.y)) + 14}" text-anchor="end">${label}</text>`
}

function series({ label, points }: Line, i: number, x: Axis, y: Axis): string {
  const colour = `c${i % colours}`
  const dots = points.map(
    (point) => `<circle class="${colour}" cx="${round(x.place(point.x))}" cy="${round(y.place(point.y))}" r="4"/>`,
  )
  const at = { x: area.left + (i % 2) * 310, y: height + 10 + Math.floor(i / 2) * legendHeight }
  const legend = `<circle class="${colour}" cx="${at.x + 6}" cy="${at.y - 4}" r="4"/><text x="${at.x + 18}" y="${at.y}">${label}</text>`
  return `<path class="line ${colour}" d="${path(points, x, y)}"/>${dots.join('')}${legend}`
}

function path(points: Line['points'], x: Axis, y: Axis): string {
  return points
    .map((point, i) => `${i === 0 ? 'M' : 'L'}${round(x.place(point.x))} ${round(y.place(point.y))}`)
    .join('')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
