// What every store promises, told once and run on memory, files and IndexedDB in a real browser.

import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { Leadership, Loaded, Store, StoredRecord } from '../../src/store/store.ts'

export interface Openers {
  /** A path that nothing stands at. */
  fresh(): string
  open(path: string): Promise<Store>
  /** Whether several stores may be open on the same data: tabs. */
  readonly several: boolean
}

const strict = { durability: 'strict' } as const
const relaxed = { durability: 'relaxed' } as const

/** Records in short: 'doc:hello' is a record 'hello' of stream 'doc'. */
export function records(...texts: readonly string[]): { stream: string; bytes: Uint8Array }[] {
  return texts.map((text) => {
    const [stream = '', ...rest] = text.split(':')
    return { stream, bytes: utf8(rest.join(':')) }
  })
}

/** The texts of what was loaded, with a '!' before them if something was lost. */
export function texts(loaded: Loaded): string {
  return (loaded.degraded ? '!' : '') + loaded.records.map((bytes) => new TextDecoder().decode(bytes)).join(' ')
}

function tailed({ records }: { readonly records: readonly StoredRecord[] }): string {
  return records.map(({ stream, bytes }) => `${stream}:${new TextDecoder().decode(bytes)}`).join(' ')
}

/** The code an action is refused with, or 'done'. */
export async function outcome(action: Promise<unknown>): Promise<string> {
  try {
    await action
    return 'done'
  } catch (error) {
    if (isJoineryError(error)) return error.code
    throw error
  }
}

const generate = async ({ extractable }: { extractable: boolean }): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey({ name: 'Ed25519' }, extractable, ['sign', 'verify'])) as CryptoKeyPair

export function storeContract(name: string, openers: Openers): void {
  const { fresh, open, several } = openers
  // Where there can be only one, there is nothing to skip: the promise is about several.
  const withTabs = (sentence: string, run: () => Promise<void>): void => void (several && test(sentence, run))

  describe(`${name}: the log`, () => {
    test('what was appended is read in the order of the calls, stream by stream', async () => {
      const store = await open(fresh())
      await Promise.all([
        store.append(records('a:1', 'b:2'), strict),
        store.append(records('a:3'), relaxed),
        store.append(records('b:4', 'a:5'), strict),
      ])
      await store.append(records('a:6'), relaxed)
      expect(texts(await store.read('a'))).toBe('1 3 5 6')
      expect(texts(await store.read('b'))).toBe('2 4')
      expect([...(await store.streams())].sort()).toEqual(['a', 'b'])
      await store.close()
    })

    test('what records have in common comes back in each of them, whoever reads', async () => {
      const path = fresh()
      const storeA = await open(path)
      const part = (text: string, at: number, length: number) => ({
        stream: text.slice(-1),
        bytes: utf8(text),
        common: { at, length },
      })
      await storeA.append([part('1 by ada a', 2, 6), part('by ada 2 a', 0, 6), part('3 by bob b', 2, 6)], strict)
      await storeA.append([part('only this: b', 0, 12), ...records('a:plain')], relaxed)
      await storeA.append([part('4 by ada a', 2, 6)], strict)
      const all = ['1 by ada a by ada 2 a plain 4 by ada a', '3 by bob b only this: b']
      const seen = async (store: Store) => [texts(await store.read('a')), texts(await store.read('b'))]
      expect(await seen(storeA)).toEqual(all)
      await storeA.close()
      const storeB = await open(path)
      expect(await seen(storeB)).toEqual(all)
      await storeB.close()
    })

    test('reopening gives exactly what was acknowledged', async () => {
      const path = fresh()
      const storeA = await open(path)
      await storeA.append(records('a:1', 'b:2'), strict)
      await storeA.append(records('a:3'), relaxed)
      const { incarnation } = storeA
      const end = storeA.cursor()
      await storeA.close()
      const storeB = await open(path)
      expect(texts(await storeB.read('a'))).toBe('1 3')
      expect(texts(await storeB.read('b'))).toBe('2')
      expect(storeB.incarnation).toBe(incarnation)
      expect(storeB.incarnation).toMatch(/^[0-9a-f]{32}$/)
      expect(storeB.cursor()).toBe(end)
      await storeB.append(records('a:4'), strict)
      expect(texts(await storeB.read('a'))).toBe('1 3 4')
      await storeB.close()
    })

    test('closing waits for what was appended, and nothing is taken after', async () => {
      const path = fresh()
      const store = await open(path)
      const last = store.append(records('a:1'), relaxed)
      await store.close()
      await last
      await store.close()
      expect(await outcome(store.append(records('a:2'), strict))).toBe('closed')
      expect(await outcome(store.read('a'))).toBe('closed')
      expect(await outcome(store.streams())).toBe('closed')
      expect(await outcome(store.marks())).toBe('closed')
      expect(await outcome(store.get('k'))).toBe('closed')
      expect(await outcome(store.set('k', utf8('v')))).toBe('closed')
      expect(await outcome(store.lease())).toBe('closed')
      expect(await outcome(store.compact('a', utf8('x'), 0))).toBe('closed')
      expect(await outcome(store.drop('a'))).toBe('closed')
      expect(await outcome(store.separate())).toBe('closed')
      expect(await outcome(store.tail(0))).toBe('closed')
      expect(await outcome(store.lead(new AbortController().signal))).toBe('closed')
      const again = await open(path)
      expect(texts(await again.read('a'))).toBe('1')
      await again.close()
    })

    test('a stream nobody wrote to is empty, and a group of nothing is nothing', async () => {
      const store = await open(fresh())
      await store.append([], strict)
      expect(texts(await store.read('a'))).toBe('')
      expect(await store.streams()).toEqual([])
      await store.close()
    })

    test('a record is any bytes: none at all, or more than a megabyte', async () => {
      const path = fresh()
      const large = Uint8Array.from({ length: 1_300_000 }, (_, i) => (i * i) & 0xff)
      const storeA = await open(path)
      await storeA.append(
        [
          { stream: 'a', bytes: new Uint8Array(0) },
          { stream: 'a', bytes: large },
        ],
        strict,
      )
      await storeA.append(records('a:end'), strict)
      await storeA.close()
      const storeB = await open(path)
      const { records: read } = await storeB.read('a')
      expect(read.map(({ length }) => length)).toEqual([0, large.length, 3])
      expect(toHex(read[1] ?? large.subarray(1)) === toHex(large)).toBe(true)
      await storeB.close()
    })

    test('a record over the limit is refused with its size, and nothing of its group is written', async () => {
      const store = await open(fresh())
      const huge = { stream: 'a', bytes: new Uint8Array(limits.recordBytes + 1) }
      expect(await outcome(store.append([...records('a:1'), huge], strict))).toBe('limit')
      expect(texts(await store.read('a'))).toBe('')
      await store.append(records('a:2'), strict)
      expect(texts(await store.read('a'))).toBe('2')
      await store.close()
    })

    test('a hundred streams of a hundred records each come back whole', async () => {
      const path = fresh()
      const storeA = await open(path)
      const groups = Array.from({ length: 100 }, (_, i) =>
        storeA.append(records(...Array.from({ length: 100 }, (_, j) => `s${j}:${i}`)), i % 2 ? strict : relaxed),
      )
      await Promise.all(groups)
      await storeA.close()
      const storeB = await open(path)
      const expected = Array.from({ length: 100 }, (_, i) => `${i}`).join(' ')
      for (let j = 0; j < 100; j++) expect(texts(await storeB.read(`s${j}`))).toBe(expected)
      await storeB.close()
    })
  })

  describe(`${name}: compaction`, () => {
    test('a snapshot takes the place of what it holds, and what came after follows it', async () => {
      const path = fresh()
      const storeA = await open(path)
      await storeA.append(records('a:1', 'b:2', 'a:3'), strict)
      const upTo = storeA.cursor()
      await storeA.append(records('a:4'), strict)
      const meanwhile = storeA.append(records('a:5'), strict)
      await storeA.compact('a', utf8('S13'), upTo)
      await meanwhile
      await storeA.append(records('a:6'), strict)
      expect(texts(await storeA.read('a'))).toBe('S13 4 5 6')
      expect(texts(await storeA.read('b'))).toBe('2')
      await storeA.close()
      const storeB = await open(path)
      expect(texts(await storeB.read('a'))).toBe('S13 4 5 6')
      await storeB.compact('a', utf8('S13456'), storeB.cursor())
      expect(texts(await storeB.read('a'))).toBe('S13456')
      await storeB.close()
      const storeC = await open(path)
      expect(texts(await storeC.read('a'))).toBe('S13456')
      expect(texts(await storeC.read('b'))).toBe('2')
      await storeC.close()
    })

    test('an older snapshot never replaces one that reaches further', async () => {
      const store = await open(fresh())
      await store.append(records('a:1'), strict)
      const early = store.cursor()
      await store.append(records('a:2'), strict)
      await store.compact('a', utf8('S12'), store.cursor())
      await store.compact('a', utf8('S1'), early)
      expect(texts(await store.read('a'))).toBe('S12')
      await store.close()
    })

    test('a large snapshot comes back whole', async () => {
      const store = await open(fresh())
      await store.append(records('a:1'), strict)
      const snapshot = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 31) & 0xff)
      await store.compact('a', snapshot, store.cursor())
      await store.append(records('a:2'), strict)
      const { records: read } = await store.read('a')
      expect(read.map(({ length }) => length)).toEqual([700_000, 1])
      expect(toHex(read[0] ?? new Uint8Array(0)) === toHex(snapshot)).toBe(true)
      await store.close()
    })

    test('the mark of a stream is another one whenever its records are others, and the same after reopening', async () => {
      const path = fresh()
      const storeA = await open(path)
      await storeA.append(records('a:1', 'b:2'), strict)
      const seen = new Set<string | undefined>()
      const [first, other] = [await storeA.marks(), (await storeA.marks()).get('b')]
      expect([...first.keys()].sort()).toEqual(['a', 'b'])
      seen.add(first.get('a'))
      await storeA.append(records('a:3'), relaxed)
      seen.add((await storeA.marks()).get('a'))
      await storeA.compact('a', utf8('S'), storeA.cursor())
      seen.add((await storeA.marks()).get('a'))
      await storeA.append(records('a:4', 'a:5'), strict)
      seen.add((await storeA.marks()).get('a'))
      expect(seen.size, 'each is another one').toBe(4)
      expect((await storeA.marks()).get('b')).toBe(other)
      const last = await storeA.marks()
      await storeA.close()
      const storeB = await open(path)
      expect(await storeB.marks()).toEqual(last)
      await storeB.drop('a')
      expect([...(await storeB.marks()).keys()]).toEqual(['b'])
      await storeB.close()
    })

    test('a dropped stream is gone for good, and its name may be used anew', async () => {
      const path = fresh()
      const storeA = await open(path)
      await storeA.append(records('a:1', 'b:2'), strict)
      const upTo = storeA.cursor()
      await storeA.drop('a')
      expect(await storeA.streams()).toEqual(['b'])
      // A snapshot made before the drop must not bring the stream back.
      await storeA.compact('a', utf8('S1'), upTo)
      expect(texts(await storeA.read('a'))).toBe('')
      await storeA.close()
      const storeB = await open(path)
      expect(await storeB.streams()).toEqual(['b'])
      await storeB.append(records('a:3'), strict)
      await storeB.close()
      const storeC = await open(path)
      expect(texts(await storeC.read('a'))).toBe('3')
      await storeC.close()
    })

    test('cursors never come again, even when all they pointed at is gone', async () => {
      const path = fresh()
      const storeA = await open(path)
      await storeA.append(records('a:1', 'a:2'), strict)
      const end = storeA.cursor()
      await storeA.drop('a')
      await storeA.close()
      const storeB = await open(path)
      expect(storeB.cursor()).toBeGreaterThanOrEqual(end)
      await storeB.append(records('a:3'), strict)
      expect(storeB.cursor()).toBeGreaterThan(end)
      await storeB.close()
    })
  })

  describe(`${name}: the shelf`, () => {
    test('a value stands until it is set anew or deleted, across openings', async () => {
      const path = fresh()
      const storeA = await open(path)
      expect(await storeA.get('device/key')).toBe(undefined)
      await storeA.set('device/key', utf8('one'))
      await Promise.all([storeA.set('device/key', utf8('two')), storeA.set('device/key', utf8('three'))])
      await storeA.set('device.b/..', utf8('odd'))
      await storeA.set('z', new Uint8Array(0))
      await storeA.close()
      const storeB = await open(path)
      expect(await storeB.get('device/key')).toEqual(utf8('three'))
      expect(await storeB.get('device.b/..')).toEqual(utf8('odd'))
      expect(await storeB.get('z')).toEqual(new Uint8Array(0))
      expect(await storeB.keys('device')).toEqual(['device.b/..', 'device/key'])
      expect(await storeB.keys('device/')).toEqual(['device/key'])
      await storeB.delete('device/key')
      await storeB.delete('device/key')
      expect(await storeB.get('device/key')).toBe(undefined)
      expect(await storeB.keys('')).toEqual(['device.b/..', 'z'])
      await storeB.close()
    })

    test('of many who set once, one wins and all learn what stands', async () => {
      const path = fresh()
      const storeA = await open(path)
      const storeB = several ? await open(path) : storeA
      const stores = [storeA, storeB, storeA, storeB]
      const seen = await Promise.all(stores.map((store, i) => store.setOnce('once', utf8(`${i}`))))
      expect(new Set(seen.map(toHex)).size).toBe(1)
      expect(await storeA.setOnce('once', utf8('late'))).toEqual(seen[0])
      expect(await storeB.get('once')).toEqual(seen[0])
      await storeA.close()
      await storeB.close()
    })

    test('a key pair is made once, kept, and signs the same after reopening', async () => {
      const path = fresh()
      const storeA = await open(path)
      const [pairA, pairB] = await Promise.all([storeA.keyPair('device', generate), storeA.keyPair('device', generate)])
      const message = new Uint8Array([1, 2, 3])
      const signature = await crypto.subtle.sign('Ed25519', pairA.privateKey, message)
      expect(await crypto.subtle.verify('Ed25519', pairB.publicKey, signature, message)).toBe(true)
      await storeA.close()
      const storeB = await open(path)
      const kept = await storeB.keyPair('device', () => Promise.reject(new Error('keys were made twice')))
      expect(await crypto.subtle.verify('Ed25519', kept.publicKey, signature, message)).toBe(true)
      const again = await crypto.subtle.sign('Ed25519', kept.privateKey, message)
      expect(new Uint8Array(again)).toEqual(new Uint8Array(signature))
      const raw = await crypto.subtle.exportKey('raw', kept.publicKey)
      expect(raw.byteLength).toBe(32)
      await storeB.close()
    })
  })

  describe(`${name}: leases`, () => {
    test('an instance number is held by one writer, given back, and used again', async () => {
      const path = fresh()
      const storeA = await open(path)
      const lease0 = await storeA.lease()
      const lease1 = await storeA.lease()
      expect([lease0.instance, lease1.instance]).toEqual([0, 1])
      await lease0.release()
      const again = await storeA.lease()
      expect(again.instance).toBe(0)
      await storeA.close()
      const storeB = await open(path)
      expect((await storeB.lease()).instance).toBe(0)
      await storeB.close()
    })

    test('whoever is alone leads at once, and may give up and lead again', async () => {
      const store = await open(fresh())
      const { signal } = new AbortController()
      const lead = await store.lead(signal)
      await lead.release()
      await (await store.lead(signal)).release()
      await store.close()
    })

    withTabs('two tabs hold two numbers, and a closed tab frees its own', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      expect((await storeA.lease()).instance).toBe(0)
      expect((await storeB.lease()).instance).toBe(1)
      await storeA.close()
      expect((await storeB.lease()).instance).toBe(0)
      await storeB.close()
    })

    withTabs('one tab leads at a time; the next takes over when it releases or closes', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      const { signal } = new AbortController()
      const leadA = await storeA.lead(signal)
      let leadB: Leadership | undefined
      const waiting = storeB.lead(signal).then((lead) => {
        leadB = lead
      })
      await storeB.set('turn', utf8('1')) // Time for a wrong hand-over to happen.
      expect(leadB).toBe(undefined)
      await leadA.release()
      await waiting
      const next = storeA.lead(signal)
      await storeB.close()
      await next
      await storeA.close()
    })

    withTabs('a tab that no longer leads cannot compact what another leads', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      const { signal } = new AbortController()
      await storeA.append(records('a:1'), strict)
      const leadA = await storeA.lead(signal)
      await leadA.release()
      await storeB.lead(signal)
      const appended = storeA.append(records('a:2'), strict)
      expect(await outcome(storeA.compact('a', utf8('S1'), 1))).toBe('store-locked')
      expect(await outcome(storeA.drop('a'))).toBe('store-locked')
      await appended
      expect(texts(await storeB.read('a'))).toBe('1 2')
      await storeA.close()
      await storeB.close()
    })

    withTabs('waiting to lead ends when it is aborted', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      await storeA.lead(new AbortController().signal)
      const controller = new AbortController()
      const waiting = storeB.lead(controller.signal)
      controller.abort(new Error('enough'))
      await expect(waiting).rejects.toThrow('enough')
      await storeA.close()
      await storeB.close()
    })
  })

  describe(`${name}: several writers`, () => {
    test('whoever is alone has no tail', async () => {
      const store = await open(fresh())
      await store.append(records('a:1'), strict)
      const tail = await store.tail(0)
      expect(tailed(tail)).toBe('')
      expect(tail.cursor).toBe(store.cursor())
      await store.close()
    })

    withTabs('a tab is told that another appended, and finds it once in its tail', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      expect(storeA.writer).not.toBe(storeB.writer)
      const start = storeB.cursor()
      const hinted = new Promise<void>((resolve) => storeB.onHint(resolve))
      await storeA.append(records('a:1', 'b:2'), relaxed)
      await hinted
      await storeB.append(records('a:own'), strict)
      const first = await storeB.tail(start)
      expect(tailed(first)).toBe('a:1 b:2')
      expect(first.records.map(({ writer }) => writer)).toEqual([storeA.writer, storeA.writer])
      expect(tailed(await storeB.tail(first.cursor))).toBe('')
      await storeA.append(records('a:3'), strict)
      expect(tailed(await storeB.tail(first.cursor))).toBe('a:3')
      expect(texts(await storeB.read('a'))).toBe('1 own 3')
      await storeA.close()
      await storeB.close()
    })

    withTabs('a cursor never passes what another wrote unseen, so a snapshot up to it loses nothing', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      await storeB.append(records('a:unseen'), strict)
      await storeA.append(records('a:own'), strict)
      await storeA.compact('a', utf8('S'), storeA.cursor())
      expect(texts(await storeB.read('a'))).toBe('unseen own')
      await storeA.tail(storeA.cursor())
      await storeA.compact('a', utf8('Sboth'), storeA.cursor())
      expect(texts(await storeB.read('a'))).toBe('Sboth')
      await storeA.close()
      await storeB.close()
    })

    withTabs('a tab that missed what was compacted gets the snapshot instead', async () => {
      const path = fresh()
      const [storeA, storeB] = [await open(path), await open(path)]
      const start = storeB.cursor()
      await storeA.append(records('a:1', 'a:2'), strict)
      await storeA.compact('a', utf8('S12'), storeA.cursor())
      const tail = await storeB.tail(start)
      expect(tailed(tail)).toBe('a:S12')
      expect(tailed(await storeB.tail(tail.cursor))).toBe('')
      await storeA.compact('a', utf8('S12again'), tail.cursor)
      // What it already saw is no news in another shape.
      expect(tailed(await storeB.tail(tail.cursor))).toBe('')
      await storeA.close()
      await storeB.close()
    })
  })
}
