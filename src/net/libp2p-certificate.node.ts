// The certificate of the WebRTC-direct listener. Its hash stands in the address, so it is kept: an address written into a ticket or an address book
// stays good. libp2p's own certificates last two weeks (a timer renews them); peers check the hash and never the dates, so ours lasts.

import 'reflect-metadata'
import { sha256 } from '@noble/hashes/sha2.js'
import { X509CertificateGenerator } from '@peculiar/x509'
import type { Shelf } from './network.ts'

export interface Certificate {
  readonly privateKey: string
  readonly pem: string
  readonly certhash: string
}

const shelfKey = 'net/certificate'
const lifeYears = 50
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** The kept certificate, or a new one, which is kept then. */
export async function keptCertificate(shelf: Shelf, nowMs: number): Promise<Certificate> {
  const kept = await shelf.get(shelfKey)
  if (kept !== undefined) return JSON.parse(new TextDecoder().decode(kept)) as Certificate
  const made = await makeCertificate(nowMs)
  await shelf.set(shelfKey, new TextEncoder().encode(JSON.stringify(made)))
  return made
}

async function makeCertificate(nowMs: number): Promise<Certificate> {
  // Browsers take P-256 alone.
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const notBefore = new Date(nowMs)
  const notAfter = new Date(nowMs)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + lifeYears)
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { serialNumber: '01', name: 'CN=joinery', notBefore, notAfter, keys, signingAlgorithm: algorithm },
    crypto,
  )
  const privateKey = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    privateKey: pem('PRIVATE KEY', new Uint8Array(privateKey)),
    pem: certificate.toString('pem'),
    certhash: certhashOf(new Uint8Array(certificate.rawData)),
  }
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n')
}

/** Multibase base64url ('u') of a multihash: 0x12 is SHA-256, 0x20 its 32 bytes. */
function certhashOf(der: Uint8Array): string {
  return `u${Buffer.from([0x12, 0x20, ...sha256(der)]).toString('base64url')}`
}
