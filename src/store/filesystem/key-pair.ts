// An Ed25519 key pair as the bytes of a file: the private key in PKCS #8, the public key raw.

import { ByteReader, ByteWriter } from '../../base/bytes.ts'

export async function encodeKeyPair({ privateKey, publicKey }: CryptoKeyPair): Promise<Uint8Array> {
  const secret = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
  const open = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
  return new ByteWriter().bytes(secret).bytes(open).finish()
}

export async function decodeKeyPair(bytes: Uint8Array): Promise<CryptoKeyPair> {
  const reader = new ByteReader(bytes)
  // Copies, since WebCrypto's types take only bytes of unshared memory.
  const [secret, open] = [new Uint8Array(reader.bytes()), new Uint8Array(reader.bytes())]
  reader.end()
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', secret, 'Ed25519', false, ['sign']),
    publicKey: await crypto.subtle.importKey('raw', open, 'Ed25519', true, ['verify']),
  }
}
