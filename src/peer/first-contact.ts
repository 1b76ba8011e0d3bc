// Which of many addresses go into an invitation: a few, of each kind one, those that reach furthest first.

import { limits } from '../base/limits.ts'
import type { NodeId } from '../net/network.ts'

type Kind = 'tcp' | 'websocket' | 'webrtc-direct' | 'other'

/** The best few of a node's addresses: of each transport one seen by others, then one of this machine alone. */
export function chooseAddresses(addresses: readonly string[], max: number = limits.ticketAddresses): string[] {
  const dialable = addresses.filter((address) => !address.includes('/p2p-circuit'))
  const kinds: readonly Kind[] = ['tcp', 'websocket', 'webrtc-direct', 'other']
  const pick = (loopback: boolean): string[] =>
    kinds.flatMap(
      (kind) => dialable.find((address) => isLoopback(address) === loopback && kindOf(address) === kind) ?? [],
    )
  const [near, far] = [pick(true), pick(false)]
  // A page on this machine reaches its Node peer by WebSocket over loopback, whatever the firewall says of the rest.
  const nearFirst = [...near].sort((a, b) => Number(kindOf(b) === 'websocket') - Number(kindOf(a) === 'websocket'))
  return [...far.slice(0, near.length > 0 ? max - 1 : max), ...nearFirst].slice(0, max)
}

/** The node that an address ends in; undefined where it names none. */
export function nodeOf(address: string): NodeId | undefined {
  return /\/p2p\/([^/]+)\/?$/.exec(address)?.[1] ?? /^(?:memory|broadcast):(.+)$/.exec(address)?.[1]
}

function kindOf(address: string): Kind {
  if (address.includes('/webrtc-direct')) return 'webrtc-direct'
  if (/\/wss?(\/|$)/.test(address)) return 'websocket'
  return address.includes('/tcp/') ? 'tcp' : 'other'
}

function isLoopback(address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/')
}
