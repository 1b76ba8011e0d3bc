// How devices sign, and how what they signed is checked, as a value that is handed in: Ed25519 in every peer that lives. A simulation of hours may hand
// in one that computes next to nothing, always at once, so that its run depends on its seed alone.

import { type Device, openDevice } from './device.ts'
import { admitKey, verify } from './ed25519.ts'

/** Where a device's key is kept. */
export type DeviceShelf = Parameters<typeof openDevice>[0] & {
  setOnce(key: string, value: Uint8Array): Promise<Uint8Array>
}

export interface Signing {
  /** The device key of a store, made if there is none. */
  open(store: DeviceShelf): Promise<Device>
  /** Throws JoineryError('bad-message') unless the bytes are a public key that signs in one way only. */
  admit(publicKey: Uint8Array): void
  /** True if `signature` over `message` is by the holder of `publicKey`. Throws 'bad-message' for a bad key. */
  verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean>
}

export const ed25519Signing: Signing = { open: openDevice, admit: admitKey, verify }
