// A document's value as plain JSON: for people, files and other programs. What JSON cannot hold becomes a string.

import { defineKey } from '../core/value.ts'

/** Sets are arrays, bigints and non-finite numbers strings, bytes base64, dates ISO 8601. */
export function exportValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return toBase64(value)
  if (Array.isArray(value)) return value.map(exportValue)
  const out = {}
  for (const [key, item] of Object.entries(value)) defineKey(out, key, exportValue(item))
  return out
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
