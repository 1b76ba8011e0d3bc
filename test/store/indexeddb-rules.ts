// What the store counts on in IndexedDB, told once and run on the simulated one and on a real browser's: the simulation is worth what it shares
// with that.

import { describe, expect, test } from 'vitest'

interface Case {
  readonly factory: IDBFactory
  readonly fresh: () => string
}

/** Opens a database with two tables; 'log' gives its keys itself. */
async function openTables({ factory, fresh }: Case): Promise<IDBDatabase> {
  const request = factory.open(fresh(), 1)
  request.onupgradeneeded = () => {
    const log = request.result.createObjectStore('log', { keyPath: 'at', autoIncrement: true })
    log.createIndex('kind', 'kind')
    log.createIndex('kind-size', ['kind', 'size'])
    request.result.createObjectStore('shelf')
  }
  return answered(request)
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error))
  })
}

function over(transaction: IDBTransaction): Promise<string> {
  return new Promise((resolve) => {
    transaction.addEventListener('complete', () => resolve('complete'))
    transaction.addEventListener('abort', () => resolve(`abort ${transaction.error?.name}`))
  })
}

/** The name of what is thrown, or 'done'. */
function nameOf(act: () => unknown): string {
  try {
    act()
    return 'done'
  } catch (error) {
    return error instanceof DOMException ? error.name : String(error)
  }
}

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

export function indexedDbRules(name: string, each: () => Case): void {
  const rule = (sentence: string, run: (database: IDBDatabase, at: Case) => Promise<void>): void => {
    test(sentence, async () => {
      const at = each()
      const database = await openTables(at)
      await run(database, at)
      database.close()
    })
  }

  describe(`${name}: transactions`, () => {
    rule('those that write to one table follow one another, and who reads meanwhile waits', async (database) => {
      const order: string[] = []
      const first = database.transaction('shelf', 'readwrite')
      const second = database.transaction(['shelf', 'log'], 'readwrite')
      const reader = database.transaction('shelf')
      const read = answered(reader.objectStore('shelf').get('k'))
      second.objectStore('shelf').put('second', 'k')
      first.objectStore('shelf').put('first', 'k').onsuccess = () => {
        first.objectStore('shelf').put('first again', 'k').onsuccess = () => order.push('first')
      }
      second.oncomplete = () => order.push('second')
      expect(await read).toBe('second')
      await over(reader)
      expect(order).toEqual(['first', 'second'])
    })

    rule('one commits when a turn left it without requests, and takes no more', async (database) => {
      const transaction = database.transaction('shelf', 'readwrite')
      const shelf = transaction.objectStore('shelf')
      const ended = over(transaction)
      await answered(shelf.put(1, 'a'))
      // Promises are of the same turn.
      await Promise.resolve().then(() => {})
      await answered(shelf.put(2, 'b'))
      expect(await ended).toBe('complete')
      expect(nameOf(() => shelf.put(3, 'c'))).toBe('TransactionInactiveError')
      expect(await answered(database.transaction('shelf').objectStore('shelf').getAll())).toEqual([1, 2])
      const idle = database.transaction('shelf', 'readwrite')
      await later()
      expect(nameOf(() => idle.objectStore('shelf').put(3, 'c'))).toMatch(/InvalidStateError|TransactionInactiveError/)
    })

    rule('what fails in one is told upwards, and takes all of it back, keys that were given too', async (database) => {
      const order: string[] = []
      await answered(database.transaction('shelf', 'readwrite').objectStore('shelf').put(1, 'k'))
      const transaction = database.transaction(['log', 'shelf'], 'readwrite')
      const key = answered(transaction.objectStore('log').add({ kind: 'x' }))
      const failing = transaction.objectStore('shelf').add(2, 'k')
      failing.onerror = () => order.push(`request ${failing.error?.name}`)
      transaction.onerror = ({ target }) => order.push(`transaction, of the request: ${target === failing}`)
      database.onerror = () => order.push('database')
      const after = transaction.objectStore('shelf').put(3, 'k2')
      after.onerror = () => order.push('another')
      after.onsuccess = () => order.push('another done')
      expect(await over(transaction)).toBe('abort ConstraintError')
      expect(order.slice(0, 3)).toEqual(['request ConstraintError', 'transaction, of the request: true', 'database'])
      database.onerror = null
      const again = database.transaction(['log', 'shelf'], 'readwrite')
      expect(await answered(again.objectStore('log').add({ kind: 'y' }))).toBe(await key)
      expect(await answered(again.objectStore('shelf').getAllKeys())).toEqual(['k'])
    })

    rule('an abort answers what was asked with an error, and has none itself', async (database) => {
      const transaction = database.transaction('shelf', 'readwrite')
      const put = answered(transaction.objectStore('shelf').put(1, 'k')).catch((error: DOMException) => error.name)
      const ended = over(transaction)
      transaction.abort()
      expect(await put).toBe('AbortError')
      expect(await ended).toBe('abort undefined')
      expect(nameOf(() => transaction.abort())).toBe('InvalidStateError')
    })

    rule('one told to commit takes no more, cannot be aborted, and does what was asked', async (database) => {
      const transaction = database.transaction('shelf', 'readwrite')
      const shelf = transaction.objectStore('shelf')
      shelf.put(1, 'k')
      transaction.commit()
      expect(nameOf(() => shelf.put(2, 'k'))).toBe('TransactionInactiveError')
      expect(nameOf(() => transaction.abort())).toBe('InvalidStateError')
      expect(nameOf(() => transaction.commit())).toBe('InvalidStateError')
      expect(await over(transaction)).toBe('complete')
      expect(await answered(database.transaction('shelf').objectStore('shelf').get('k'))).toBe(1)
    })

    rule('one told to commit of which something fails is taken back all the same', async (database) => {
      await answered(database.transaction('shelf', 'readwrite').objectStore('shelf').put(1, 'k'))
      const transaction = database.transaction(['log', 'shelf'], 'readwrite')
      transaction.objectStore('shelf').add(2, 'k')
      transaction.objectStore('log').add({ kind: 'x' })
      transaction.commit()
      expect(await over(transaction)).toMatch(/^abort /)
      expect(await answered(database.transaction('log').objectStore('log').count())).toBe(0)
    })

    rule('what is not possible is refused at once', async (database) => {
      const reader = database.transaction('shelf').objectStore('shelf')
      expect(nameOf(() => reader.put(1, 'k'))).toBe('ReadOnlyError')
      expect(nameOf(() => database.transaction('none'))).toBe('NotFoundError')
      expect(nameOf(() => database.createObjectStore('new'))).toBe('InvalidStateError')
      expect(nameOf(() => reader.get(Number.NaN))).toBe('DataError')
      database.close()
      expect(nameOf(() => database.transaction('shelf'))).toBe('InvalidStateError')
    })
  })

  describe(`${name}: tables`, () => {
    rule('keys grow for ever, also when rows are deleted, and values are copies', async (database) => {
      const log = database.transaction('log', 'readwrite').objectStore('log')
      const value = { kind: 'x', bytes: Uint8Array.of(1) }
      const first = answered(log.add(value))
      value.bytes[0] = 9
      const second = answered(log.add({ kind: 'x' }))
      log.delete(2)
      const third = answered(log.add({ kind: 'y', at: 7 }))
      const fourth = answered(log.add({ kind: 'y' }))
      expect(await Promise.all([first, second, third, fourth])).toEqual([1, 2, 7, 8])
      const rows = await answered(database.transaction('log').objectStore('log').getAll())
      expect(rows.map(({ at }) => at)).toEqual([1, 7, 8])
      expect(rows[0].bytes).toEqual(Uint8Array.of(1))
    })

    rule('keys have an order, and ranges of it are read', async (database) => {
      const shelf = database.transaction('shelf', 'readwrite').objectStore('shelf')
      for (const key of ['b', 3, [1], 'a', [1, 'x'], -1, [0, 5], 'ab']) shelf.put(String(key), key)
      expect(await answered(shelf.getAllKeys())).toEqual([-1, 3, 'a', 'ab', 'b', [0, 5], [1], [1, 'x']])
      expect(await answered(shelf.getAllKeys(IDBKeyRange.bound('a', 'b', true)))).toEqual(['ab', 'b'])
      expect(await answered(shelf.getAll(IDBKeyRange.lowerBound(3, true), 2))).toEqual(['a', 'ab'])
      expect(await answered(shelf.count(IDBKeyRange.upperBound('a')))).toBe(3)
      expect(await answered(shelf.getKey(IDBKeyRange.lowerBound('aa')))).toBe('ab')
      expect(await answered(shelf.get('none'))).toBe(undefined)
      shelf.delete(IDBKeyRange.bound('a', [1]))
      expect(await answered(shelf.getAllKeys())).toEqual([-1, 3, [1, 'x']])
      shelf.clear()
      expect(await answered(shelf.count())).toBe(0)
      expect(nameOf(() => IDBKeyRange.bound(2, 1))).toBe('DataError')
    })

    rule(
      'an index lists what has its keys; a cursor goes over it one by one, by each key once, or backwards',
      async (database) => {
        const log = database.transaction('log', 'readwrite').objectStore('log')
        for (const [kind, size] of [
          ['b', 1],
          ['a', 2],
          ['b', undefined],
          ['a', 1],
        ] as const)
          log.add(size ? { kind, size } : { kind })
        expect(await answered(log.index('kind').getAllKeys('b'))).toEqual([1, 3])
        expect((await answered(log.index('kind').getAll('a'))).map(({ at }) => at)).toEqual([2, 4])
        expect(await walk(log.index('kind').openKeyCursor())).toEqual(['a 2', 'a 4', 'b 1', 'b 3'])
        expect(await walk(log.index('kind').openKeyCursor(null, 'nextunique'))).toEqual(['a 2', 'b 1'])
        expect(await walk(log.openKeyCursor(null, 'prev'))).toEqual(['4 4', '3 3', '2 2', '1 1'])
        const all = IDBKeyRange.bound(['a', 0], ['b', 9])
        expect(await walk(log.index('kind-size').openKeyCursor(all))).toEqual(['a,1 4', 'a,2 2', 'b,1 1'])
        // What is deleted on the way is not met any more.
        expect(await walk(log.openKeyCursor(), (key) => key === 1 && log.delete(2))).toEqual(['1 1', '3 3', '4 4'])
      },
    )
  })

  describe(`${name}: versions`, () => {
    rule(
      'a newer version waits until those who have it open were told, and closed it',
      async (database, { factory }) => {
        const order: string[] = []
        database.onversionchange = ({ oldVersion, newVersion }) =>
          order.push(`versionchange ${oldVersion} ${newVersion}`)
        const request = factory.open(database.name, 2)
        request.onblocked = () => {
          order.push('blocked')
          database.close()
        }
        request.onupgradeneeded = ({ oldVersion, newVersion }) => {
          order.push(`upgradeneeded ${oldVersion} ${newVersion}`)
          request.transaction?.addEventListener('complete', () => order.push('complete'))
        }
        const newer = await answered(request)
        order.push('success')
        expect(order).toEqual(['versionchange 1 2', 'blocked', 'upgradeneeded 1 2', 'complete', 'success'])
        expect([...newer.objectStoreNames]).toEqual(['log', 'shelf'])
        newer.close()
        const older = answered(factory.open(database.name, 1)).catch((error: DOMException) => error.name)
        expect(await older).toBe('VersionError')
      },
    )

    rule('an upgrade that is aborted leaves what there was', async (database, { factory }) => {
      await answered(database.transaction('shelf', 'readwrite').objectStore('shelf').put(1, 'k'))
      database.close()
      const request = factory.open(database.name, 2)
      request.onupgradeneeded = () => {
        request.result.createObjectStore('new')
        request.transaction?.objectStore('shelf').put(2, 'k')
        request.transaction?.abort()
      }
      expect(await answered(request).catch((error: DOMException) => error.name)).toBe('AbortError')
      const again = await answered(factory.open(database.name))
      expect([again.version, ...again.objectStoreNames]).toEqual([1, 'log', 'shelf'])
      expect(await answered(again.transaction('shelf').objectStore('shelf').get('k'))).toBe(1)
      again.close()
    })

    rule(
      'a deletion is told to those who have it open, and what is opened then is new',
      async (database, { factory }) => {
        const order: string[] = []
        database.onversionchange = ({ newVersion }) => {
          order.push(`versionchange ${newVersion}`)
          database.close()
        }
        const running = database.transaction('shelf', 'readwrite')
        running.objectStore('shelf').put(1, 'k')
        running.oncomplete = () => order.push('complete')
        await answered(factory.deleteDatabase(database.name))
        expect(order.sort()).toEqual(['complete', 'versionchange null'])
        const again = await answered(factory.open(database.name))
        expect([again.version, ...again.objectStoreNames]).toEqual([1])
        again.close()
      },
    )
  })
}

function walk(request: IDBRequest<IDBCursor | null>, act?: (key: IDBValidKey) => unknown): Promise<string[]> {
  const met: string[] = []
  return new Promise((resolve) => {
    request.onsuccess = () => {
      const cursor = request.result
      if (cursor === null) return resolve(met)
      met.push(`${cursor.key} ${cursor.primaryKey}`)
      act?.(cursor.key)
      cursor.continue()
    }
  })
}
