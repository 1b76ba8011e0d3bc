// Ed25519 with one verdict on every runtime, else a member could split peers with a crafted signature: a key is admitted once (canonical, not of
// small order, free of torsion), then a signature holds iff S < L and R is byte for byte S·B − h·A (RFC 8032 §5.1.7 without the cofactor).
// Platforms check just that for admitted keys, or, where the one below is not exact, this file does.

import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { onPlatform } from './platform.ts'

const { Point } = ed25519
const ADMITTED_MAX = 4096

interface Admitted {
  readonly bytes: Uint8Array
  readonly platform: Promise<CryptoKey>
}

// A cache of keys found good: bounded, since keys come from peers (Invariant 9).
const admitted = new Map<string, Admitted>()

/** Throws JoineryError('bad-message') unless the bytes are a public key that signs in one way only. */
export function admitKey(publicKey: Uint8Array): void {
  admit(publicKey)
}

/** True if `signature` over `message` is by the holder of `publicKey`: the same answer on every runtime. Throws 'bad-message' for a bad key. */
export async function verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const key = admit(publicKey)
  if (signature.length !== 64) return false
  return onPlatform(async () => {
    if (!(await platformIsExact())) return verifyExactly(publicKey, signature, message)
    return crypto.subtle.verify('Ed25519', await key.platform, owned(signature), owned(message))
  })
}

/** The definition, slow (2 ms): used where the platform's verifier differs, and as its twin in tests. */
export function verifyExactly(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  const order = Point.Fn.ORDER
  if (s >= order) return false
  const h = littleEndian(sha512(concatBytes(r, publicKey, message))) % order
  const minusA = Point.fromBytes(publicKey).negate()
  const sB = s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s)
  const hA = h === 0n ? Point.ZERO : minusA.multiplyUnsafe(h)
  return equalBytes(sB.add(hA).toBytes(), r)
}

function admit(publicKey: Uint8Array): Admitted {
  const name = toHex(publicKey)
  const known = admitted.get(name)
  if (known) return known
  checkPoint(publicKey)
  const bytes = owned(publicKey)
  const key = { bytes, platform: crypto.subtle.importKey('raw', bytes, 'Ed25519', true, ['verify']) }
  if (admitted.size >= ADMITTED_MAX) admitted.delete(admitted.keys().next().value as string)
  admitted.set(name, key)
  return key
}

function checkPoint(publicKey: Uint8Array): void {
  try {
    const point = Point.fromBytes(publicKey)
    if (equalBytes(point.toBytes(), publicKey) && !point.isSmallOrder() && point.isTorsionFree()) return
  } catch (cause) {
    throw new JoineryError('bad-message', 'a public key that is no point of the curve', { cause })
  }
  throw new JoineryError('bad-message', 'a public key of small or mixed order: it could sign in two ways')
}

let exact: Promise<boolean> | undefined

function platformIsExact(): Promise<boolean> {
  exact ??= probePlatform()
  return exact
}

/** Asks the platform about a signature that only verifiers which multiply by the cofactor accept. An exact one refuses it. */
async function probePlatform(): Promise<boolean> {
  const { publicKey, signature, message } = craftTorsionSignature()
  const key = await crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', true, ['verify'])
  return !(await crypto.subtle.verify('Ed25519', key, owned(signature), owned(message)))
}

/** S·B = R + h·A holds but for a part of order two in R. Made from throw-away scalars, for the probe and for tests. */
export function craftTorsionSignature(): { publicKey: Uint8Array; signature: Uint8Array; message: Uint8Array } {
  const order = Point.Fn.ORDER
  const message = utf8('joinery')
  const a = 7n
  const r = 11n
  const publicKey = Point.BASE.multiply(a).toBytes()
  // (0, -1) is the point of order two.
  const torsion = Point.fromAffine({ x: 0n, y: Point.Fp.ORDER - 1n })
  const bigR = Point.BASE.multiply(r).add(torsion).toBytes()
  const h = littleEndian(sha512(concatBytes(bigR, publicKey, message))) % order
  const s = (r + h * a) % order
  return { publicKey, signature: concatBytes(bigR, bytesOf(s)), message }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
}

function bytesOf(scalar: bigint): Uint8Array {
  return fromHex(scalar.toString(16).padStart(64, '0')).reverse()
}

/** A copy with a buffer of its own, as WebCrypto's types ask. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
