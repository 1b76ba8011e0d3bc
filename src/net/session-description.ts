// Between an RTCPeerConnection's description of itself (SDP, RFC 8866) and a meeting code: what is read from our own, and how the other side's is
// built anew. Each takes the other's for what it lacks, the answer to its offer (browsers) or an offer (Node). Who of the two begins the DTLS handshake
// is agreed by their ids, and where both think themselves in control of ICE, or neither, ICE settles it (RFC 8445, section 7.3.1.1).

import { fromHex, toHex } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Candidate, MeetingPoint } from './meeting-code.ts'

/** Candidates are tried in this order; the numbers are those that hosts have (RFC 8445, section 5.1.2.1). */
const hostPreference = 126 * 2 ** 24
const sctpPort = 5000
const messageBytesMax = 256 * 1024

/** What others need to know of our description. Errors: 'unsupported' if the platform describes itself otherwise. */
export function readDescription(sdp: string): Omit<MeetingPoint, 'node'> {
  const attribute = (name: string): string => {
    const found = new RegExp(`^a=${name}[: ]\\s*(\\S+)`, 'm').exec(sdp)?.[1]
    if (found !== undefined) return found
    throw new JoineryError('unsupported', `this platform's WebRTC names no ${name}`)
  }
  const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 udp (\d+) (\S+) (\d+) typ (\S+)/gim)]
    .map(([, priority, host = '', port]) => ({ priority: Number(priority), found: candidateOf(host, Number(port)) }))
    .sort((a, b) => b.priority - a.priority)
    .flatMap(({ found }) => found ?? [])
  return {
    fingerprint: fromHex(attribute('fingerprint:sha-256').replaceAll(':', '').toLowerCase()),
    ufrag: attribute('ice-ufrag'),
    password: attribute('ice-pwd'),
    candidates,
  }
}

/** The other side's description, as an offer, or as the answer to ours. `begins` says whether it begins the DTLS handshake. */
export function writeDescription(point: MeetingPoint, begins: boolean): string {
  const fingerprint = toHex(point.fingerprint)
    .toUpperCase()
    .replaceAll(/(..)(?=.)/g, '$1:')
  const lines = [
    'v=0',
    'o=- 0 0 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=ice-options:ice2,trickle',
    `a=ice-ufrag:${point.ufrag}`,
    `a=ice-pwd:${point.password}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${begins ? 'active' : 'passive'}`,
    `a=sctp-port:${sctpPort}`,
    `a=max-message-size:${messageBytesMax}`,
    ...point.candidates.map(candidateLine),
  ]
  return `${lines.join('\r\n')}\r\n`
}

function candidateLine({ kind, host, port }: Candidate, index: number): string {
  const priority = hostPreference + (65_535 - index) * 256 + 255
  return `a=candidate:${index + 1} 1 udp ${priority} ${hostText(kind, host)} ${port} typ host`
}

/** A socket at this address or name of an own host; undefined for what others could not use. */
export function candidateOf(host: string, port: number): Candidate | undefined {
  if (port === 0) return undefined
  const name = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\.local$/i.exec(host)
  if (name !== null) return { kind: 'name', host: fromHex(name.slice(1).join('').toLowerCase()), port }
  if (/^\d+(\.\d+){3}$/.test(host)) return { kind: 'ip4', host: Uint8Array.from(host.split('.'), Number), port }
  const ip6 = host.includes(':') ? ip6Of(host) : undefined
  return ip6 === undefined ? undefined : { kind: 'ip6', host: ip6, port }
}

function hostText(kind: Candidate['kind'], host: Uint8Array): string {
  const hex = toHex(host)
  if (kind === 'ip4') return host.join('.')
  if (kind === 'ip6') return (hex.match(/.{4}/g) ?? []).join(':')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}.local`
}

/** The 16 bytes of an IPv6 address; undefined for what is none, or holds a zone or an IPv4 address. */
function ip6Of(text: string): Uint8Array | undefined {
  const [head = '', tail, ...more] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const missing = 8 - before.length - after.length
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined
  const all = [...before, ...Array<string>(missing).fill('0'), ...after]
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return fromHex(all.map((group) => group.padStart(4, '0').toLowerCase()).join(''))
}
