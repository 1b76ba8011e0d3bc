// Who this device is: an Ed25519 key made on first open and kept in the store, apart from the network's key. In browsers it cannot be exported.

import { toHex } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { owned } from './ed25519.ts'
import { onPlatform } from './platform.ts'

export interface Device {
  readonly publicKey: Uint8Array
  /** The public key in hex. */
  readonly keyHex: string
  /** On a thread of the platform's: for many at once, and for whoever has no hurry. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** At once, where the platform can: for a single message that somebody waits for. */
  signNow?(message: Uint8Array): Uint8Array
}

/** How to sign at once with a key. */
export type Signer = (privateKey: CryptoKey) => (message: Uint8Array) => Uint8Array

interface KeyShelf {
  keyPair(
    name: string,
    make: (options: { readonly extractable: boolean }) => Promise<CryptoKeyPair>,
  ): Promise<CryptoKeyPair>
}

/** The device key of a store, made if there is none. Errors: 'insecure-context' where the page has no WebCrypto, and the store's. */
export async function openDevice(store: KeyShelf, signer?: Signer): Promise<Device> {
  requireCrypto()
  const pair = await onPlatform(() => store.keyPair('device', makePair))
  const publicKey = new Uint8Array(await onPlatform(() => crypto.subtle.exportKey('raw', pair.publicKey)))
  return {
    publicKey,
    keyHex: toHex(publicKey),
    sign: (message) =>
      onPlatform(async () => new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, owned(message)))),
    ...(signer && { signNow: signer(pair.privateKey) }),
  }
}

async function makePair(options: { readonly extractable: boolean }): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey('Ed25519', options.extractable, ['sign', 'verify'])
  return pair as CryptoKeyPair
}

function requireCrypto(): void {
  if (globalThis.crypto?.subtle !== undefined) return
  throw new JoineryError(
    'insecure-context',
    'This page is not a secure context, so it has no cryptography. Open it from https:// or from http://localhost.',
  )
}

/** A short name for a device's key, for people and lists: 'peer:' and 16 hex digits. */
export function deviceId(publicKey: Uint8Array): string {
  return `peer:${toHex(publicKey.subarray(0, 8))}`
}
