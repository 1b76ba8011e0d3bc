// Another process for the filesystem tests:  child.ts hold|write|full|open FOLDER  with one line out for each thing that happened.

import { isJoineryError } from '../../src/base/errors.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import type { Store } from '../../src/store/store.ts'

const [, , mode = '', folder = ''] = process.argv
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const open = filesystemStore({ segmentBytes: 20_000 })
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Appends numbers for ever, in small groups, compacting now and then; says each number once it is acknowledged. */
async function write(store: Store): Promise<void> {
  const { records } = await store.read('a')
  let count = records.reduce((sum, record) => sum + new TextDecoder().decode(record).split(' ').length, 0)
  for (;;) {
    const group = [
      { stream: 'a', bytes: bytes(`${count}`) },
      { stream: 'b', bytes: bytes(`${count}`) },
    ]
    await store.append(group, { durability: count % 3 === 0 ? 'relaxed' : 'strict' })
    say(`${count++}`)
    if (count % 50 === 0) {
      const upTo = store.cursor()
      const all = Array.from({ length: count }, (_, i) => i).join(' ')
      await Promise.all([store.compact('a', bytes(all), upTo), store.compact('b', bytes(all), upTo)])
    }
  }
}

/** Fills a small disk, then frees some of it and goes on. */
async function full(store: Store): Promise<void> {
  const big = { stream: 'a', bytes: new Uint8Array(50_000).fill(1) }
  let count = 0
  const code = await (async () => {
    for (;;) {
      try {
        await store.append([big, { stream: 'b', bytes: bytes(`${count}`) }], { durability: 'strict' })
        count++
      } catch (error) {
        return isJoineryError(error) ? error.code : String(error)
      }
    }
  })()
  say(code)
  say(`${(await store.read('a')).records.length === count && (await store.read('b')).records.length === count}`)
  await store.append([{ stream: 'b', bytes: bytes('small') }], { durability: 'strict' }).then(
    () => say('small fits'),
    (error: unknown) => say(isJoineryError(error) ? error.code : String(error)),
  )
  await store.drop('a').catch(() => say('drop did not fit'))
  await store.append([{ stream: 'b', bytes: bytes('after') }], { durability: 'strict' })
  await store.close()
  const again = await open(folder)
  const { records, degraded } = await again.read('b')
  say(`${new TextDecoder().decode(records.at(-1))} ${degraded} ${(await again.streams()).join()}`)
  await again.close()
}

try {
  const store = await open(folder)
  say('open')
  if (mode === 'write') await write(store)
  else if (mode === 'full') await full(store)
  else if (mode === 'hold') process.stdin.resume()
} catch (error) {
  say(isJoineryError(error) ? error.code : String(error))
}
