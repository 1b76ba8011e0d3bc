// Twenty strings that a stranger must not see, and a look for them in bytes, in every dress they are likely to wear.

/** Where each kind of them is put. A label is this peer's own word and goes nowhere; the others travel, sealed. */
export const canaries = {
  documents: ['Kanarienvogel-Einkauf', 'canary/letters/to-ada', 'canary-doc-7c1f', 'сад-канарейки'],
  keys: ['canary_key_colour', 'canary_key_weight', 'clé-du-canari', 'canary.key.4'],
  texts: ['the canary sings at noon', 'Ein Kanarienvogel schläft', 'canary text #3 = 0x51', '金丝雀在唱歌唱歌唱歌'],
  peers: ['Canary of Ada', 'Canary of Grace', 'Canary of Barbara', 'Canary of Radia'],
  labels: ['Canary Family', 'Canary Club 1851', 'Canari & Cie', 'Canary-Home-Zq'],
} as const

export const allCanaries: readonly string[] = Object.values(canaries).flat()

/** Which canaries stand somewhere in these bytes. */
export function findCanaries(captured: readonly Uint8Array[]): readonly string[] {
  const hay = captured.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  return allCanaries.filter((canary) =>
    dresses(canary).some((needle) => hay.some((bytes) => bytes.indexOf(needle) >= 0)),
  )
}

/** UTF-8, UTF-16 of both byte orders, and hex and base64 (of each alignment, with either alphabet) of all three. */
export function dresses(text: string): readonly Uint8Array[] {
  const utf16le = Buffer.from(text, 'utf16le')
  const plain = [Buffer.from(text), utf16le, Buffer.from(utf16le).swap16()]
  return plain.flatMap((bytes) => [bytes, ...hex(bytes), ...base64(bytes)])
}

function hex(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes).toString('hex')
  return [Buffer.from(text), Buffer.from(text.toUpperCase())]
}

/** What of its base64 is the same whatever stands before and after it. */
function base64(bytes: Uint8Array): Uint8Array[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([new Uint8Array(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const start = [0, 2, 3][offset] ?? 0
    const end = (offset + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1
    const kept = encoded.slice(start, end)
    return [Buffer.from(kept), Buffer.from(kept.replaceAll('+', '-').replaceAll('/', '_'))]
  })
}
