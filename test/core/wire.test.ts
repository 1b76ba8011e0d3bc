// Bodies: what the log says comes out again, and bytes that nobody wrote are refused.

import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Staging } from '../../src/core/staging.ts'
import { placeBefore } from '../../src/core/wire.ts'
import { decodeBody } from '../../src/core/wire-decoder.ts'
import { type BodyForm, encodeBody } from '../../src/core/wire-encoder.ts'
import { emptyHistory, type History, merge, Writers, words } from './history.ts'

interface Piece {
  readonly branch: number
  readonly fromSeq: number
  readonly endSeq: number
}

/** A branch's ops, cut at random change ends. */
function cut({ graph, log }: History, branch: number, random: Random): Piece[] {
  const pieces: Piece[] = []
  let fromSeq = 0
  for (let seq = 0; seq < graph.endOf(branch); seq++) {
    if (log.changeEnds.get(graph.lvOf(branch, seq)) === 0) continue
    if (seq + 1 < graph.endOf(branch) && random.unit() < 0.9) continue
    pieces.push({ branch, fromSeq, endSeq: seq + 1 })
    fromSeq = seq + 1
  }
  return pieces
}

function writeDown(steps: number, seed: number, letters = 'abc'): Writers {
  const writers = new Writers(seededRandom(seed), letters)
  for (let i = 0; i < steps; i++) writers.step()
  return writers
}

/** Sends every piece to an empty history, again and again, until all of them are merged. */
function sendAll(from: History, random: Random, form: BodyForm): History {
  const to = emptyHistory(from.actors)
  const staging = new Staging()
  let waiting = Array.from({ length: from.graph.branches }, (_, branch) => cut(from, branch, random)).flat()
  while (waiting.length > 0) {
    const left: Piece[] = []
    for (const { branch, fromSeq, endSeq } of waiting) {
      const begin = to.graph.endOf(branch)
      if (begin < fromSeq) left.push({ branch, fromSeq, endSeq })
      if (begin < fromSeq || begin >= endSeq) continue
      const before = form === 'alone' ? undefined : placeBefore(to, branch, begin)
      decodeBody(
        encodeBody(from, branch, begin, endSeq, form),
        { actors: to.actors, branch, fromSeq: begin, before },
        staging,
      )
      expect(staging.endSeq).toBe(endSeq)
      merge(to, staging)
      const place = placeBefore(to, branch, to.graph.endOf(branch))
      if (to.graph.endOf(branch) === endSeq) expect(staging.after).toEqual(place)
      else left.push({ branch, fromSeq, endSeq })
    }
    expect(left.length).toBeLessThanOrEqual(waiting.length)
    waiting = left
  }
  return to
}

describe('a body', () => {
  it.each(['following', 'alone'] as const)('gives back every op, however a history is cut (%s)', (form) => {
    for (let seed = 0; seed < 12; seed++) {
      const { history } = writeDown(250, seed)
      const copy = sendAll(history, seededRandom(seed), form)
      for (let branch = 0; branch < history.graph.branches; branch++)
        expect(words(copy, branch), `SEED=${seed}`).toEqual(words(history, branch))
    }
  })
})
