// What is on its way along the links, for the eye: where each message is at a moment, and how it ends. Pure.

/** What a message is for: edits; what is asked for; what somebody holds; what two compare; who is there. */
export type Kind = 'edits' | 'pull' | 'state' | 'compare' | 'hello' | 'pulse'

/** Edits [from, end) of one writer. */
export interface Span {
  readonly actor: string
  readonly from: number
  readonly end: number
}

export interface Saying {
  readonly kind: Kind
  /** By gossip, or in a session of two. */
  readonly way: 'gossip' | 'session'
  /** The edits in it, where it carries any. */
  readonly spans: readonly Span[]
}

export interface Departure extends Saying {
  readonly from: string
  readonly to: string
  readonly sentAt: number
  readonly dueAt: number
  readonly isLost: boolean
}

interface Flight extends Departure {
  readonly id: number
  /** When the link was cut under it. */
  cutAt: number | undefined
}

/** A message as it is drawn at a moment. */
export interface Shown extends Saying {
  readonly id: number
  readonly from: string
  readonly to: string
  /** How far it is on its way, 0 to 1. */
  readonly progress: number
  /** 'lost' messages stand where they were lost, and fade: 0 to 1. */
  readonly fate: 'under way' | 'lost'
  readonly fading: number
}

/** Where on its way a message is lost. */
const LOST_AT = 0.55
/** It is seen to be gone for so much of the time it would have taken. */
const FADING = 0.5
/** Above any crowd that an eye can follow: the oldest go first. */
const FLIGHTS_MAX = 400

export class Flights {
  #flights: Flight[] = []
  #departed = 0

  /** How many have set out so far. */
  get departed(): number {
    return this.#departed
  }

  add(departure: Departure): void {
    this.#flights.push({ ...departure, id: this.#departed++, cutAt: undefined })
    if (this.#flights.length > FLIGHTS_MAX) this.#flights.shift()
  }

  /** Whatever is between two is gone. */
  cut(a: string, b: string, now: number): void {
    for (const flight of this.#flights) {
      const isBetween = (flight.from === a && flight.to === b) || (flight.from === b && flight.to === a)
      if (isBetween && now < flight.dueAt) flight.cutAt ??= now
    }
  }

  /** What is seen at a moment; what is over is forgotten. */
  at(now: number): readonly Shown[] {
    this.#flights = this.#flights.filter((flight) => now < goneAt(flight))
    return this.#flights.map((flight) => shownAt(flight, now))
  }

  /** Those that arrive, if nothing comes between. */
  underWay(now: number): readonly Shown[] {
    return this.at(now).filter(({ fate }) => fate === 'under way')
  }
}

function endAt({ sentAt, dueAt, isLost, cutAt }: Flight): number {
  const lostAt = isLost ? sentAt + LOST_AT * (dueAt - sentAt) : dueAt
  return Math.min(lostAt, cutAt ?? dueAt)
}

function goneAt(flight: Flight): number {
  const end = endAt(flight)
  return end < flight.dueAt ? end + FADING * (flight.dueAt - flight.sentAt) : end
}

function shownAt(flight: Flight, now: number): Shown {
  const { id, from, to, kind, way, spans, sentAt, dueAt } = flight
  const end = endAt(flight)
  const tookMs = Math.max(1, dueAt - sentAt)
  const progress = Math.max(0, Math.min(1, (Math.min(now, end) - sentAt) / tookMs))
  const isOver = now >= end
  const fading = isOver ? Math.min(1, (now - end) / (FADING * tookMs)) : 0
  return { id, from, to, kind, way, spans, progress, fate: isOver ? 'lost' : 'under way', fading }
}
