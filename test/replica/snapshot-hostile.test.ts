// Snapshots that somebody altered: whatever the bytes, a document or a typed error, soon and in bounded memory.

import { describe, expect, it } from 'vitest'
import { ByteWriter, concatBytes, utf8 } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { encodeSnapshot } from '../../src/replica/snapshot-encode.ts'
import { type SectionName, Sections, sections, writeSnapshot } from '../../src/replica/snapshot-format.ts'
import { type OpenedSnapshot, openSnapshot } from '../../src/replica/snapshot-open.ts'
import { randomWorld } from './snapshot-random.ts'
import { deflate, inflate, replay } from './snapshot-world.ts'

/** Opens, and asks for history; gives what it was refused with. Anything but a typed error is thrown on. */
function outcome(bytes: Uint8Array): string {
  let opened: OpenedSnapshot
  try {
    opened = openSnapshot(bytes, { inflate, replay })
  } catch (error) {
    if (isJoineryError(error, 'bad-message') || isJoineryError(error, 'store-newer')) return 'refused'
    throw error
  }
  try {
    opened.log.thaw()
    return 'whole'
  } catch (error) {
    if (isJoineryError(error, 'bad-message') || isJoineryError(error, 'store-newer')) return 'refused at thaw'
    throw error
  }
}

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const int = (below: number): number => Math.floor(random.unit() * below)
  const out = bytes.slice()
  for (let times = 1 + int(3); times > 0; times--) {
    const at = int(out.length)
    const kind = int(4)
    if (kind === 0) out[at] = int(256)
    else if (kind === 1) out[at] = ((out[at] as number) + (int(2) === 0 ? 1 : 255)) & 255
    else if (kind === 2) out[at] = (out[at] as number) ^ (1 << int(8))
    else out.copyWithin(at, int(out.length), int(out.length))
  }
  return int(10) === 0 ? out.slice(0, int(out.length)) : out
}

/** The sections of a snapshot, with one of them altered and all lengths put right. */
function altered(bytes: Uint8Array, random: Random): Uint8Array {
  const read = new Sections(bytes, { inflate })
  const names = (Object.keys(sections) as SectionName[]).filter((name) => read.get(name).length > 0)
  const chosen = names[Math.floor(random.unit() * names.length)]
  const parts = Object.fromEntries(
    names.map((name) => [name, name === chosen ? mutated(read.get(name), random) : read.get(name)]),
  )
  return writeSnapshot(parts, { live: read.isLive, deflate: undefined })
}

const header = concatBytes(utf8('joinery-document'), Uint8Array.of(0, 0))

describe('bytes that are no snapshot are refused with a typed error', () => {
  it('20,000 altered ones', { timeout: 120_000 }, () => {
    const random = seededRandom(Number(process.env.SEED ?? 1))
    const snapshots = Array.from({ length: 20 }, (_, i) =>
      encodeSnapshot(randomWorld(random, 5 + i).source(), { live: i % 5 === 0 }),
    )
    const counts: Record<string, number> = {}
    for (let i = 0; i < 20_000; i++) {
      const from = snapshots[i % snapshots.length] as Uint8Array
      const was = outcome(i % 2 === 0 ? mutated(from, random) : altered(from, random))
      counts[was] = (counts[was] ?? 0) + 1
    }
    expect(counts.refused).toBeGreaterThan(5000)
    expect(counts['refused at thaw']).toBeGreaterThan(1000)
  })

  it('what is nothing, something else, of a newer build, or of the first draft', () => {
    expect(() => openSnapshot(new Uint8Array(0), { replay })).toThrow(/no snapshot/)
    expect(() => openSnapshot(utf8('some other file, longer than the magic'), { replay })).toThrow(/no snapshot/)
    expect(() => openSnapshot(concatBytes(utf8('joinery-document'), Uint8Array.of(1, 0)), { replay })).toThrow(
      /newer joinery/,
    )
    expect(() => openSnapshot(utf8('joinery-snapshot'), { replay })).toThrow(/an early draft of joinery/)
    expect(openSnapshot(header, { replay }).graph.length).toBe(0)
  })

  it('a section that inflates to more than it says, or says more than can be', () => {
    const bomb = deflate(new Uint8Array(50 * 1024 * 1024))
    const section = (id: number, size: number): Uint8Array =>
      concatBytes(header, new ByteWriter().u8(id).u8(1).varint(size).bytes(bomb).finish())
    expect(outcome(section(sections.branches, 100))).toBe('refused')
    expect(outcome(section(sections.text, 100 * 1024 * 1024))).toBe('refused')
    expect(outcome(section(sections.text, 2 ** 40))).toBe('refused')
    // 50 MiB of zeros that nobody counts.
    expect(outcome(section(sections.text, 50 * 1024 * 1024))).toBe('refused')
  })

  it('runs that claim more content than there is', () => {
    const source = randomWorld(seededRandom(1), 1).source()
    const parts = new Sections(encodeSnapshot(source), undefined)
    // One branch of 2^30 ops, typed in one run.
    const table = new ByteWriter()
      .varint(1)
      .varint(2)
      .u8(7)
      .varint(2 ** 30)
      .u8(1)
      .varint(0)
      .varint(0)
    const pack = (...streams: ByteWriter[]): Uint8Array => {
      const writer = new ByteWriter()
      for (const stream of streams) writer.bytes(stream.finish())
      return writer.finish()
    }
    const empty = (count: number): ByteWriter[] => Array.from({ length: count }, () => new ByteWriter())
    for (const live of [false, true]) {
      const bytes = writeSnapshot(
        {
          branches: pack(new ByteWriter().raw(table.finish()), new ByteWriter().u8(0)),
          segments: pack(
            new ByteWriter().varint(2 ** 30),
            new ByteWriter().varint(0),
            ...empty(2),
            new ByteWriter().varint(2 ** 30),
          ),
          heads: Uint8Array.of(7 * 16),
          ops: pack(
            new ByteWriter().varint(2 ** 30 - 8),
            ...empty(4),
            new ByteWriter().varint(0),
            new ByteWriter().varint(0),
            ...empty(9),
          ),
        },
        { live, deflate: undefined },
      )
      expect(outcome(bytes)).toBe('refused at thaw')
      table
        .varint(1)
        .varint(2)
        .u8(7)
        .varint(2 ** 30)
        .u8(1)
        .varint(0)
        .varint(0)
    }
    expect(parts.isLive).toBe(false)
  })

  it('ops that wait for each other', () => {
    const table = new ByteWriter().varint(2)
    for (const actor of [1, 2]) table.varint(2).u8(actor).varint(1).u8(0).varint(0).varint(0)
    const pack = (...streams: (readonly number[])[]): Uint8Array => {
      const writer = new ByteWriter()
      for (const stream of streams) writer.bytes(Uint8Array.from(stream))
      return writer.finish()
    }
    const branches = pack([...table.finish()], [0, 0])
    const segments = pack([1, 1], [2, 2], [1, 0], [1, 1], [0, 2])
    expect(() =>
      openSnapshot(writeSnapshot({ branches, segments }, { live: false, deflate: undefined }), { replay }),
    ).toThrow(/wait for each other/)
  })
})
