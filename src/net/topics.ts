// Small parts that every network shares: who listens to a topic and what they decide together, and how a stream handler is run.

import type { Off } from '../base/emitter.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import type { FrameStream, NodeId } from './network.ts'

export interface TopicMessage {
  readonly bytes: Uint8Array
  readonly from: NodeId
}

export type Verdict = 'accept' | 'ignore' | 'reject'

export type TopicListener = (message: TopicMessage) => Verdict | Promise<Verdict>

/** The listeners of all topics of one network. */
export class TopicListeners {
  readonly #byTopic = new Map<string, Set<TopicListener>>()

  /** `onLast` is called when the last listener of the topic is gone. */
  add(topic: string, listener: TopicListener, onLast: () => void = () => {}): Off {
    const listeners = this.#byTopic.get(topic) ?? new Set()
    this.#byTopic.set(topic, listeners)
    // A wrapper of its own, so that one function listening twice is two listeners.
    const own: TopicListener = (message) => listener(message)
    listeners.add(own)
    return () => {
      if (!listeners.delete(own) || listeners.size > 0) return
      this.#byTopic.delete(topic)
      onLast()
    }
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic)
  }

  get topics(): readonly string[] {
    return [...this.#byTopic.keys()]
  }

  /** What all listeners say together: one who rejects is enough, and nobody accepts unless somebody does. */
  async decide(topic: string, message: TopicMessage): Promise<Verdict> {
    const verdicts = await Promise.all([...(this.#byTopic.get(topic) ?? [])].map((listener) => ask(listener, message)))
    if (verdicts.includes('reject')) return 'reject'
    return verdicts.includes('accept') ? 'accept' : 'ignore'
  }
}

async function ask(listener: TopicListener, message: TopicMessage): Promise<Verdict> {
  try {
    return await listener(message)
  } catch (error) {
    if (error instanceof JoineryError) return 'reject'
    // Our own mistake: the platform reports it, and nobody is blamed for it.
    queueMicrotask(() => {
      throw error
    })
    return 'ignore'
  }
}

/** Runs a stream handler. One that throws ends that stream alone. */
export async function runHandler(
  handler: (stream: FrameStream) => void | Promise<void>,
  stream: FrameStream,
): Promise<void> {
  try {
    await handler(stream)
  } catch (error) {
    stream.abort(error instanceof Error ? error : new JoineryError('internal', messageOf(error)))
  }
}
