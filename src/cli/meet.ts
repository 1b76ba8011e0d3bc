// Meetings by hand, on an open peer. A meeting lasts as long as the request that began it, and the other side's code comes with a request of its own:
// people carry codes meanwhile, and may copy them wrongly.

import { JoineryError } from '../base/errors.ts'
import type { Meeting, Peer } from '../node.ts'
import { type Answers, summary } from './answers.ts'
import { contact, hasAgreed } from './care.ts'
import type { TakeRequest } from './requests.ts'

/** How long the first agreement is waited for, once the two are in contact. */
const agreeMs = 15_000
/** By peer, and by our own code. */
const meetings = new WeakMap<Peer, Map<string, Meeting>>()

/** Our code; and then it is held open until the signal fires. Errors: those of peer.meet. */
export async function* meet(peer: Peer, signal: AbortSignal): AsyncGenerator<Answers['meet']> {
  const meeting = await peer.meet()
  const own = meetings.get(peer) ?? new Map<string, Meeting>()
  meetings.set(peer, own.set(meeting.code, meeting))
  try {
    yield { code: meeting.code }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  } finally {
    own.delete(meeting.code)
    meeting.close()
  }
}

/** Hands the other side's code to the meeting that made ours. Errors: those of Meeting.take, and 'closed' where that meeting is over. */
export async function* take(
  peer: Peer,
  { own, code }: TakeRequest,
  signal: AbortSignal,
): AsyncGenerator<Answers['take']> {
  yield { began: true }
  const meeting = meetings.get(peer)?.get(own)
  if (meeting === undefined) throw new JoineryError('closed', 'This meeting is over. Begin anew, with new codes.')
  const sinceMs = Date.now()
  const shared = await meeting.take(code, { signal })
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(agreeMs)])
  await Promise.all(shared.map((space) => contact(space, inTime, sinceMs)))
  // The other may have gone as soon as it had all.
  yield { spaces: shared.map(summary), agreed: shared.every(({ status }) => hasAgreed(status.current, sinceMs)) }
}
