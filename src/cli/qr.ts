// An invitation as a QR code in the terminal, or nothing where it would not fit.

import { encode, renderUnicodeCompact } from 'uqr'

export interface QrOptions {
  readonly columns: number
  readonly hasColor: boolean
}

/** Lines of half blocks; undefined if the text is too long for a code or the code too wide for the terminal. */
export function qrCode(text: string, { columns, hasColor }: QrOptions): string | undefined {
  const border = [2, 1].find((modules) => width(text, modules) <= columns)
  if (border === undefined) return undefined
  // With colours the code is black on white, as readers expect, on every terminal; without, light blocks on a dark one are assumed.
  if (!hasColor) return renderUnicodeCompact(text, { border })
  const lines = renderUnicodeCompact(text, { border, invert: true }).split('\n')
  return lines.map((line) => `\x1b[30;107m${line}\x1b[0m`).join('\n')
}

function width(text: string, border: number): number {
  try {
    return encode(text, { border }).size
  } catch {
    return Number.POSITIVE_INFINITY // Longer than any QR code holds.
  }
}
