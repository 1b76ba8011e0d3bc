// A meeting by hand, as an application has it. The network connects the two; what they share then is found as on any connection, by hello, and the
// meeting only waits to see it.

import type { Clock } from '../base/clock.ts'
import type { Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Meeting as NetworkMeeting, NodeId } from '../net/network.ts'
import type { Meeting, Space } from './api.ts'
import { waitUntil } from './wait.ts'

export interface PeerMeetingOptions {
  readonly meeting: NetworkMeeting
  readonly clock: Clock
  /** The spaces in which we are in contact with a node. */
  readonly sharedWith: (node: NodeId) => readonly Space[]
  /** Tells of each change of any status. */
  readonly listen: (look: () => void) => Off
}

export class PeerMeeting implements Meeting {
  readonly #options: PeerMeetingOptions

  constructor(options: PeerMeetingOptions) {
    this.#options = options
  }

  get code(): string {
    return this.#options.meeting.code
  }

  async take(code: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly Space[]> {
    const { meeting, clock, sharedWith, listen } = this.#options
    const node = await meeting.take(code, options)
    try {
      await waitUntil({
        ...options,
        ...{ clock, listen, timeoutMs: limits.helloMs },
        done: () => sharedWith(node).length > 0,
        failed: () => undefined,
        explain: () => '',
      })
    } catch (error) {
      if (!isJoineryError(error, 'timeout')) throw error
      throw new JoineryError(
        'no-such-space',
        'The two are connected, but members of no space in common. One of them joins by an invitation of the other first.',
      )
    }
    return sharedWith(node)
  }

  close(): void {
    this.#options.meeting.close()
  }
}
