// Where things stand in the picture of the network: replicas in a row, above their cards; links between neighbours straight, all others as arcs over those
// between. Lengths in pixels. Pure.

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  /** Between two cards. */
  readonly gap: number
}

/** From one replica to another, by their places in the row; the first stands further left. */
export interface Curve {
  readonly start: Point
  /** Of a quadratic Bézier curve. */
  readonly control: Point
  readonly end: Point
}

/** How high an arc is that spans so many steps. */
const HEIGHTS = [0, 0, 84, 138]
const ABOVE = 30
const BELOW = 34
/** Messages keep to the right, so that those that meet do not hide each other … */
const LANE = 7
/** … and begin and end at the rim of a node. */
const RIM = 26

export function heightOf(count: number): number {
  return ABOVE + (HEIGHTS[Math.max(0, count - 1)] ?? 0) + BELOW
}

export function nodeAt(index: number, count: number, { width, gap }: Size): Point {
  const column = (width - gap * (count - 1)) / count
  return { x: column * (index + 0.5) + gap * index, y: heightOf(count) - BELOW }
}

export function curveOf(from: number, to: number, count: number, size: Size): Curve {
  const [left, right] = from < to ? [from, to] : [to, from]
  const [start, end] = [nodeAt(left, count, size), nodeAt(right, count, size)]
  // The curve reaches half as high as its control point.
  const control = { x: (start.x + end.x) / 2, y: start.y - 2 * (HEIGHTS[right - left] ?? 0) }
  return { start, control, end }
}

export function pathOf({ start, control, end }: Curve): string {
  return `M${start.x} ${start.y}Q${control.x} ${control.y} ${end.x} ${end.y}`
}

/** Where on a curve a part of it is done. */
export function pointOn({ start, control, end }: Curve, part: number): Point {
  const [a, b, c] = [(1 - part) ** 2, 2 * part * (1 - part), part ** 2]
  return { x: a * start.x + b * control.x + c * end.x, y: a * start.y + b * control.y + c * end.y }
}

/** Where a message is that has done a part of its way, seen from its sender: beside the curve, to its right. */
export function messageAt(curve: Curve, part: number, isForward: boolean): Point {
  const { start, control, end } = curve
  const rim = Math.min(0.25, RIM / (Math.hypot(end.x - start.x, 2 * (control.y - start.y)) || 1))
  const inset = rim + part * (1 - 2 * rim)
  const at = isForward ? inset : 1 - inset
  const { x, y } = pointOn(curve, at)
  const dx = 2 * (1 - at) * (control.x - start.x) + 2 * at * (end.x - control.x)
  const dy = 2 * (1 - at) * (control.y - start.y) + 2 * at * (end.y - control.y)
  const length = Math.hypot(dx, dy) || 1
  const side = isForward ? LANE : -LANE
  return { x: x - (dy / length) * side, y: y + (dx / length) * side }
}
