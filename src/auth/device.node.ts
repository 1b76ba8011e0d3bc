// A device in Node signs a single tip where it stands: that takes half as long as having a thread of the platform's do it, and waiting for that.

import { KeyObject, sign } from 'node:crypto'
import { openDevice } from './device.ts'
import { ed25519Signing, type Signing } from './signing.ts'

export const nodeSigning: Signing = { ...ed25519Signing, open: (store) => openDevice(store, signerHere) }

/** Ed25519 has one signature for a key and a message: it is the platform's. */
function signerHere(privateKey: CryptoKey): (message: Uint8Array) => Uint8Array {
  const key = KeyObject.from(privateKey)
  return (message) => new Uint8Array(sign(null, message, key))
}
