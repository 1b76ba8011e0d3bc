// What addresses say: whose they are, how they run, and which to try and to name first. An address is a multiaddr as text.

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { NodeId } from './network.ts'

export interface Target {
  readonly address: Multiaddr
  /** Undefined if the address does not say whose it is. */
  readonly node: NodeId | undefined
}

/** The address, or undefined for garbage. */
export function parseAddress(text: string): Target | undefined {
  try {
    const address = multiaddr(text)
    const last = address.getComponents().at(-1)
    return { address, node: last?.name === 'p2p' ? last.value : undefined }
  } catch {
    return undefined
  }
}

/** How a connection at this address runs, in words for people. */
export function transportOf(address: Multiaddr): string {
  const names = new Set(address.getComponents().map(({ name }) => name))
  if (names.has('webrtc')) return 'webrtc'
  if (names.has('p2p-circuit')) return 'relay'
  if (names.has('webrtc-direct')) return 'webrtc-direct'
  if (names.has('ws') || names.has('wss')) return 'websocket'
  return names.has('tcp') ? 'tcp' : 'other'
}

/** Where a node was met by hand: for telling it, since nobody can dial it. */
export function byHand(node: NodeId): Multiaddr {
  return multiaddr(`/webrtc/p2p/${node}`)
}

export function isByHand(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name === 'webrtc'
}

const preference = ['tcp', 'websocket', 'webrtc-direct', 'webrtc', 'relay', 'other']

/** Direct before relayed, fast before slow; equals keep their order. */
export function byPreference(a: Multiaddr, b: Multiaddr): number {
  return preference.indexOf(transportOf(a)) - preference.indexOf(transportOf(b))
}

/** For naming our own addresses: those on this machine alone come last, whatever their transport. */
export function loopbackLast(a: Multiaddr, b: Multiaddr): number {
  return Number(isLoopback(a)) - Number(isLoopback(b)) || byPreference(a, b)
}

/**
 * The addresses that are worth a dial, best first. A way through a relay is tried once per relay, by the address at which the relay itself can be
 * dialled best; and where a relay can lead to WebRTC, nothing is won by the relay alone, whose connection WebRTC makes anyway.
 */
export function worthDialling(
  addresses: readonly Multiaddr[],
  canDial: (address: Multiaddr) => boolean,
): readonly Multiaddr[] {
  const dialable = addresses.filter((address) => canDial(address) && canDial(relayPart(address) ?? address))
  // WebRTC-direct is for those who have no TCP: a native connection given up halfway, because TCP was slow under load and then won, ended every
  // fifth process on closing (node-datachannel 0.33).
  const hasTcp = dialable.some((address) => transportOf(address) === 'tcp')
  const wanted = dialable.filter((address) => !hasTcp || transportOf(address) !== 'webrtc-direct')
  const sorted = wanted.sort((a, b) => byPreference(a, b) || byPreference(relayPart(a) ?? a, relayPart(b) ?? b))
  const relays = new Set<string>()
  return sorted.filter((address) => {
    const relay = relayPart(address)?.getComponents().at(-1)?.value
    if (relay === undefined) return true
    const isNew = !relays.has(relay)
    relays.add(relay)
    return isNew
  })
}

/** The address of the relay, for an address that leads through one. */
function relayPart(address: Multiaddr): Multiaddr | undefined {
  const components = address.getComponents()
  const at = components.findIndex(({ name }) => name === 'p2p-circuit')
  return at < 1 ? undefined : multiaddr(components.slice(0, at))
}

function isLoopback(address: Multiaddr): boolean {
  const host = address.getComponents()[0]?.value ?? ''
  return host.startsWith('127.') || host === '::1' || host === 'localhost'
}
