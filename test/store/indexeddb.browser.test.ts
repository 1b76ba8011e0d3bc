// The contract on IndexedDB in a real browser, and what only browsers do to a database.

import { openDB } from 'idb'
import { expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import type { Off } from '../../src/base/emitter.ts'
import { messageOf } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { openDatabase } from '../../src/store/indexeddb/database.ts'
import { decodePack, encodePack, packRows, unpackRows } from '../../src/store/indexeddb/packs.ts'
import type { PageLife } from '../../src/store/indexeddb/page-life.ts'
import { pageHost } from '../../src/store/indexeddb/tab-host.ts'
import { indexeddbStore } from '../../src/store/indexeddb.ts'
import { outcome, records, storeContract, texts } from './contract.ts'
import { indexedDbRules } from './indexeddb-rules.ts'

const open = indexeddbStore()
const strict = { durability: 'strict' } as const
const run = crypto.randomUUID()
let count = 0
const fresh = (): string => `${run}-${count++}`

storeContract('IndexedDB', { fresh, open, several: true })
indexedDbRules('IndexedDB', () => ({ factory: indexedDB, fresh }))

test('a pack of version 0 has these bytes', () => {
  const golden = '0003' + '00' + '026869' + '03ff0001'
  const packed = [new Uint8Array(0), utf8('hi'), Uint8Array.of(255, 0, 1)]
  expect(toHex(encodePack(packed))).toBe(golden)
  expect(decodePack(fromHex(golden))).toEqual(packed)
})

test('any flipped bit of a pack gives records or damage, never a crash', () => {
  const pack = encodePack([utf8('one'), utf8('two')])
  for (let i = 0; i < pack.length * 8; i++) {
    const flipped = pack.slice()
    flipped[i >> 3] = (flipped[i >> 3] ?? 0) ^ (1 << (i & 7))
    decodePack(flipped)
  }
  for (let end = 0; end < pack.length; end++) expect(decodePack(pack.slice(0, end))).toBe(undefined)
})

test('rows hold at most a pack each, and a pack with a part missing is damage', () => {
  const large = new Uint8Array(600_000).fill(7)
  const rows = packRows('a', 'w', [utf8('x'), large, utf8('y')]).map((row, i) => ({ ...row, cursor: i + 1 }))
  expect(rows.map(({ bytes }) => bytes.length <= limits.packBytes)).toEqual([true, true, true, true, true])
  const sizes = unpackRows(rows).map(({ records }) => records?.map(({ length }) => length))
  expect(sizes).toEqual([[1], [600_000], [1]])
  const torn = unpackRows(rows.filter(({ cursor }) => cursor !== 3))
  expect(torn.map(({ records }) => records?.length)).toEqual([1, undefined, 1])
})

test('a database of a newer joinery is refused and stays as it is', async () => {
  const path = fresh()
  const newer = await openDB(`joinery:${path}`, 99, { upgrade: (database) => void database.createObjectStore('new') })
  await newer.put('new', 'value', 'key')
  newer.close()
  expect(await outcome(open(path))).toBe('store-newer')
  const again = await openDB(`joinery:${path}`, 99)
  expect(await again.get('new', 'key')).toBe('value')
  again.close()
})

/** Runs with another IndexedDB, or none, in the place of the page's. */
async function withIndexedDb<T>(value: unknown, run: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')
  Object.defineProperty(globalThis, 'indexedDB', { value, configurable: true })
  try {
    return await run()
  } finally {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'indexedDB')
    else Object.defineProperty(globalThis, 'indexedDB', own)
  }
}

test('a browser without IndexedDB gets an error that names the way out', async () => {
  const error = await withIndexedDb(undefined, () => open(fresh()).catch((error: unknown) => error))
  expect(error).toMatchObject({ code: 'no-indexeddb' })
  expect(messageOf(error)).toContain("store: 'memory'")
})

test('a deleted database ends the leases of those who had it open, and is another one when opened again', async () => {
  const path = fresh()
  const store = await open(path)
  await store.append(records('a:1'), strict)
  const lease = await store.lease()
  const lead = await store.lead(new AbortController().signal)
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(`joinery:${path}`)
    request.onsuccess = resolve
    request.onerror = reject
    request.onblocked = () => reject(new Error('the deletion was blocked'))
  })
  await Promise.all([lease.lost, lead.lost])
  expect(await outcome(store.append(records('a:2'), strict))).toBe('store-failed')
  expect(await outcome(store.read('a'))).toBe('store-failed')
  await store.close()
  const again = await open(path)
  expect(again.incarnation).not.toBe(store.incarnation)
  expect(await again.streams()).toEqual([])
  expect((await again.lease()).instance).toBe(0)
  await again.close()
})

test('a database deleted in the middle of everything ends in errors with codes, and nothing goes unhandled', async () => {
  const path = fresh()
  const store = await open(path)
  await store.append(records('a:1'), strict)
  const busy = Array.from({ length: 50 }, (_, i) => [
    outcome(store.append(records(`a:${i}`), strict)),
    outcome(store.read('a')),
    outcome(store.streams()),
    outcome(store.set('k', utf8('v'))),
    outcome(store.tail(0)),
  ]).flat()
  indexedDB.deleteDatabase(`joinery:${path}`)
  for (const code of await Promise.all(busy)) expect(['done', 'store-failed']).toContain(code)
  await store.close()
})

test('a stolen lease is known to be lost', async () => {
  const path = fresh()
  const store = await open(path)
  const lease = await store.lease()
  void navigator.locks.request(`joinery:${path}:actor:0`, { steal: true }, () => new Promise(() => {}))
  await lease.lost
  await lease.release()
  expect((await store.lease()).instance).toBe(1)
  await store.close()
})

test('private keys kept in a browser cannot be taken out', async () => {
  const store = await open(fresh())
  const { privateKey } = await store.keyPair('device', async ({ extractable }) => {
    const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, extractable, ['sign', 'verify'])
    return pair as CryptoKeyPair
  })
  await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow()
  await store.close()
})

/** A page whose life a test decides. */
class Window implements PageLife {
  #isVisible: boolean
  readonly #listeners = new Set<() => void>()
  readonly #sleepers = new Set<(how: 'frozen' | 'left') => void>()
  readonly #wakers = new Set<() => void>()

  constructor(isVisible: boolean) {
    this.#isVisible = isVisible
  }

  isVisible(): boolean {
    return this.#isVisible
  }

  onVisibility(listener: () => void): Off {
    return added(this.#listeners, listener)
  }

  onSleep(listener: (how: 'frozen' | 'left') => void): Off {
    return added(this.#sleepers, listener)
  }

  onWake(listener: () => void): Off {
    return added(this.#wakers, listener)
  }

  show(isVisible: boolean): void {
    this.#isVisible = isVisible
    for (const listener of this.#listeners) listener()
  }

  /** Only hidden pages are frozen. */
  sleep(): void {
    this.#isVisible = false
    for (const listener of this.#sleepers) listener('frozen')
  }

  wake(): void {
    this.#isVisible = true
    for (const listener of this.#wakers) listener()
  }
}

function added<Listener>(listeners: Set<Listener>, listener: Listener): Off {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

test('a visible tab takes over from a hidden one, and only from a hidden one', async () => {
  const path = fresh()
  const { signal } = new AbortController()
  const windows = [new Window(true), new Window(false), new Window(true)] as const
  const stores = await Promise.all(windows.map((life) => indexeddbStore({ life })(path)))
  const [storeA, storeB, storeC] = stores
  if (storeA === undefined || storeB === undefined || storeC === undefined) throw new Error('three tabs were opened')
  const order: string[] = []
  const lead = async (name: string, store: typeof storeA) => {
    const leadership = await store.lead(signal)
    order.push(name)
    return leadership
  }
  const leadA = await lead('a', storeA)
  const waitingB = lead('b', storeB)
  const waitingC = lead('c', storeC)
  await storeB.set('x', utf8('time passes'))
  expect(order).toEqual(['a'])
  // Hidden b stands before visible c in the queue: it leads for a moment and gives way.
  windows[0].show(false)
  await leadA.lost
  const leadB = await waitingB
  await leadB.lost
  await waitingC
  expect(order).toEqual(['a', 'b', 'c'])
  await Promise.all(stores.map((store) => store.close()))
})

/** Stores in tabs that a test shows, hides, puts to sleep and wakes. */
async function tabs(count: number) {
  const path = fresh()
  const windows = Array.from({ length: count }, () => new Window(true))
  const stores = await Promise.all(windows.map((life) => indexeddbStore({ life })(path)))
  return { path, windows, stores, close: () => Promise.all(stores.map((store) => store.close())) }
}

test('a leader that is put to sleep gives way at once, and leads again when its turn comes', async () => {
  const { stores, windows, close } = await tabs(2)
  const { signal } = new AbortController()
  const leadA = await stores[0]?.lead(signal)
  const waitingB = stores[1]?.lead(signal)
  windows[0]?.sleep()
  await leadA?.lost
  const leadB = await waitingB
  const again = stores[0]?.lead(signal)
  await leadB?.release()
  // It is its turn, and it sleeps: the other one does not wait for it.
  const leadBAgain = await stores[1]?.lead(signal)
  windows[0]?.wake()
  await new Promise((resolve) => setTimeout(resolve, 50))
  // That it wakes up with the lead it was to have takes nothing from the one that has it.
  await stores[1]?.append(records('a:1'), strict)
  await stores[1]?.compact('a', utf8('S1'), stores[1]?.cursor())
  await leadBAgain?.release()
  await again
  await close()
})

test('a leader that gives no answer is passed over within 3 s by one visible tab, and can delete nothing any more', async () => {
  const { path, stores, close } = await tabs(3)
  const [storeA, storeB, storeC] = stores
  if (storeA === undefined || storeB === undefined || storeC === undefined) throw new Error('three tabs were opened')
  const { signal } = new AbortController()
  await storeA.append(records('a:1'), strict)
  const leadA = await storeA.lead(signal)
  // Stuck, or frozen: what others say does not reach it any more.
  const deaf = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'postMessage')
  BroadcastChannel.prototype.postMessage = function (this: BroadcastChannel, message: unknown): void {
    if (message !== 'leader-there?') deaf?.value.call(this, message)
  }
  try {
    const begin = performance.now()
    let leaders = 0
    const waiting = [storeB, storeC].map((store) => store.lead(signal).then(() => ++leaders))
    await Promise.race(waiting)
    await leadA.lost
    expect(performance.now() - begin).toBeLessThan(3_000)
    expect(leaders).toBe(1)
    expect(await outcome(storeA.compact('a', utf8('S1'), storeA.cursor()))).toBe('store-locked')
    expect(texts(await storeB.read('a'))).toBe('1')
    const { held = [] } = await navigator.locks.query()
    expect(held.filter(({ name }) => name === `joinery:${path}:leader`)).toHaveLength(1)
  } finally {
    if (deaf !== undefined) Object.defineProperty(BroadcastChannel.prototype, 'postMessage', deaf)
  }
  await Promise.all(stores.map((store) => store.close()))
  await close()
})

test('a leader that answers is left alone, however long others wait', async () => {
  const { stores, close } = await tabs(2)
  const { signal } = new AbortController()
  const leadA = await stores[0]?.lead(signal)
  let isLost = false
  void leadA?.lost.then(() => {
    isLost = true
  })
  const waiting = stores[1]?.lead(signal).catch(() => 'closed')
  await new Promise((resolve) => setTimeout(resolve, 2 * limits.leaderSilenceMs))
  expect(isLost).toBe(false)
  await stores[1]?.close()
  expect(await waiting).toBe('closed')
  await close()
})

test('Invariant 11: what a tab writes as an actor that another tab has by now is refused in the transaction itself', async () => {
  const { path, stores, close } = await tabs(2)
  const [storeA, storeB] = stores
  const lease = await storeA?.lease()
  await storeA?.append(records('a:1'), strict)
  // A browser that frees the locks of a page it put away, and does not say so.
  const database = await openDB(`joinery:${path}`)
  await database.put('meta', 1, 'over:0:000000000001')
  database.close()
  const written = [storeA?.append(records('a:received'), { durability: 'relaxed' })].map((one) =>
    outcome(one ?? Promise.resolve()),
  )
  expect(await Promise.all(written)).toEqual(['done'])
  expect(await outcome(storeA?.append(records('a:2'), strict) ?? Promise.resolve())).toBe('store-failed')
  await lease?.lost
  expect(texts((await storeB?.read('a')) ?? { records: [], degraded: true })).toBe('1 received')
  await close()
})

test('what is remembered of leases that are over does not grow for ever', async () => {
  const { path, stores, close } = await tabs(1)
  for (let i = 0; i < 100; i++) await (await stores[0]?.lease())?.release()
  await stores[0]?.lease()
  await stores[0]?.append(records('a:1'), strict)
  const database = await openDB(`joinery:${path}`)
  const marks = (await database.getAllKeys('meta')).filter((key) => String(key).startsWith('over:'))
  expect(marks.length).toBe(64)
  expect(marks.at(-1)).toBe('over:0:000000000100')
  database.close()
  await close()
})

test('a tab put to sleep in the middle of everything keeps nobody out, and does all of it when it wakes', async () => {
  const { stores, windows, close } = await tabs(2)
  const [storeA, storeB] = stores
  if (storeA === undefined || storeB === undefined) throw new Error('two tabs were opened')
  await storeA.lease()
  for (let round = 0; round < 30; round++) {
    const busy = [
      storeA.append(records(`a:${round}`), strict),
      storeA.read('a'),
      storeA.streams(),
      storeA.set(`k${round}`, utf8('v')),
      storeA.setOnce(`once${round}`, utf8('v')),
      storeA.tail(0),
    ]
    // Somewhere between the first request and the last answer.
    for (let i = 0; i < round; i++) await new Promise((resolve) => queueMicrotask(() => resolve(undefined)))
    if (round % 3 === 2) await storeB.get('nothing')
    windows[0]?.sleep()
    await storeB.append(records(`b:${round}`), strict)
    await storeB.set('other', utf8(`${round}`))
    windows[0]?.wake()
    await Promise.all(busy)
  }
  const all = Array.from({ length: 30 }, (_, round) => `${round}`).join(' ')
  expect(texts(await storeB.read('a'))).toBe(all)
  expect(texts(await storeB.read('b'))).toBe(all)
  expect(await storeB.keys('once')).toHaveLength(30)
  await close()
})

test('whoever wakes up looks for what others appended meanwhile', async () => {
  const { stores, windows, close } = await tabs(1)
  const hinted = new Promise<void>((resolve) => stores[0]?.onHint(resolve))
  windows[0]?.wake()
  await hinted
  await close()
})

test('a newer joinery gets the database when what was to be saved is saved; until then it waits', async () => {
  const path = fresh()
  const store = await open(path)
  const lease = await store.lease()
  const order: string[] = []
  store.lastWords?.onCall(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    await store.append(records('a:last'), strict)
    order.push('saved')
  })
  const newer = await openDB(`joinery:${path}`, 2, { blocked: () => void order.push('blocked') })
  order.push('opened')
  await lease.lost
  expect(order).toEqual(['blocked', 'saved', 'opened'])
  expect(await newer.count('packs')).toBe(1)
  expect(await outcome(store.append(records('a:2'), strict))).toBe('store-failed')
  newer.close()
  await store.close()
  expect(await outcome(open(path))).toBe('store-newer')
})

test('a newer joinery waits no longer than it must for a tab that saves and saves', async () => {
  const path = fresh()
  const store = await open(path)
  store.lastWords?.onCall(() => new Promise(() => {}))
  const begin = performance.now()
  const newer = await openDB(`joinery:${path}`, 2)
  expect(performance.now() - begin).toBeLessThan(limits.lastCallMs + 1_000)
  newer.close()
  await store.close()
})

test('a tab of an older version that does not let go is named as what is in the way', async () => {
  const path = fresh()
  // It does not hear that another version is wanted, as a frozen tab does not.
  const deaf = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`joinery:${path}`, 1)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const refused = openDatabase(`joinery:${path}`, {
    host: pageHost(),
    version: 2,
    lastCall: async () => {},
    onGone: () => {},
  })
  expect(await outcome(refused)).toBe('store-locked')
  deaf.close()
})

test('a note is there at once, for whoever has the instance next', async () => {
  const path = fresh()
  const storeA = await open(path)
  expect(storeA.lastWords?.find(0)).toBe(undefined)
  storeA.lastWords?.leave(0, 'three edits')
  const storeB = await open(path)
  expect(storeB.lastWords?.find(0)).toBe('three edits')
  storeB.lastWords?.leave(0, undefined)
  expect(storeA.lastWords?.find(0)).toBe(undefined)
  await storeA.close()
  await storeB.close()
})

test('the room that the browser gives is told', async () => {
  const store = await open(fresh())
  const usage = await store.usage?.()
  expect(usage?.roomBytes).toBeGreaterThan(1_000_000)
  expect(usage?.usedBytes).toBeGreaterThan(0)
  expect(usage?.persisted).toBe(false)
  await store.close()
})

/** Chromium's storage buckets have quotas of their own: a full disk that disturbs nobody else. */
interface BucketNavigator {
  readonly storageBuckets: {
    open(name: string, options: { quota: number }): Promise<{ readonly indexedDB: IDBFactory }>
    delete(name: string): Promise<void>
  }
}

// Many times: where the commit fails, the browser answers some requests now and then, and now and then does not.
test.each(Array.from({ length: 20 }, (_, run) => run))(
  'a full disk refuses what does not fit, loses nothing, and takes again what does (%d)',
  async () => {
    const { storageBuckets } = navigator as unknown as BucketNavigator
    const bucket = await storageBuckets.open('full-disk', { quota: 1_000_000 })
    const store = await withIndexedDb(bucket.indexedDB, () => open(fresh()))
    await store.append(records('a:1'), strict)
    const big = { stream: 'a', bytes: crypto.getRandomValues(new Uint8Array(60_000)) }
    const bigger = Array.from({ length: 50 }, () => big)
    expect(await outcome(store.append([...records('b:2'), ...bigger], strict))).toBe('store-full')
    expect(texts(await store.read('a'))).toBe('1')
    expect(await store.streams()).toEqual(['a'])
    await store.append(records('a:3'), strict)
    expect(texts(await store.read('a'))).toBe('1 3')
    await store.close()
    await storageBuckets.delete('full-disk')
  },
)

test('how fast it is, printed', async () => {
  const store = await open(fresh())
  const bytes = new Uint8Array(100)
  const rate = async (count: number, act: (i: number) => Promise<void>): Promise<string> => {
    const start = performance.now()
    for (let i = 0; i < count; i++) await act(i)
    const ms = performance.now() - start
    return `${Math.round((count * 1000) / ms)}/s, ${(ms / count).toFixed(2)} ms each`
  }
  const lines = [
    `strict ${await rate(300, () => store.append([{ stream: 'a', bytes }], strict))}`,
    `relaxed ${await rate(300, () => store.append([{ stream: 'a', bytes }], { durability: 'relaxed' }))}`,
    `1,000 at once ${await rate(5, () => Promise.all(Array.from({ length: 1000 }, () => store.append([{ stream: 'a', bytes }], strict))).then(() => {}))}`,
    `1,000 streams at once ${await rate(5, () =>
      store.append(
        Array.from({ length: 1000 }, (_, i) => ({ stream: `s${i}`, bytes })),
        strict,
      ),
    )}`,
    `streams() of 1,001 ${await rate(3, () => store.streams().then(() => {}))}`,
    `read ${await rate(1000, (i) => store.read(`s${i}`).then(() => {}))}`,
    `read of 600 packs ${await rate(3, () => store.read('a').then(() => {}))}`,
  ]
  console.log(`IndexedDB: ${lines.join('; ')}`)
  await store.close()
})
