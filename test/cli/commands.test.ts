// ls, cat, set, watch, status, invite and export, by real processes on a real folder: with a peer that runs on it, and without.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command, failure, joinery, joineryJson, Place, type Running } from './joinery.ts'

let place: Place
beforeAll(async () => {
  place = await Place.make()
})
afterAll(() => place.clear())

describe.each(['with a peer that runs', 'without one'])('%s', (how) => {
  let path: string[]

  beforeAll(async () => {
    const { running, folder } = await place.serve(how)
    path = ['--path', folder]
    if (how === 'without one') expect(await running.end('SIGTERM')).toMatchObject({ code: 0 })
  })

  const set = (...args: string[]) => joinery('set', ...args, ...path)
  const cat = (...args: string[]) => joineryJson('cat', ...args, ...path)

  test('a value that is set can be read, in a document that is made for it', async () => {
    expect(await set('Home/groceries', 'items[-]', '{"name":"milk","done":false}')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect(await set('Home/groceries', 'items[0].done', 'true')).toMatchObject({ code: 0 })
    expect(await cat('Home/groceries')).toEqual({ items: [{ name: 'milk', done: true }] })
    expect(await cat('Home/groceries', 'items[0].name')).toBe('milk')
    expect(await cat('Home/groceries', '/items/0/done', '--pointer')).toBe(true)
    expect(await joineryJson('ls', 'Home', ...path)).toContain('groceries')
  })

  test('what is not there fails with its own code', async () => {
    expect(await failure('cat', 'Home/nothing', ...path)).toMatchObject({ exit: 3, code: 'no-such-document' })
    expect(await failure('set', 'Away/groceries', 'a', '1', ...path)).toMatchObject({ exit: 3, code: 'no-such-space' })
  })

  test('status tells who runs and what is saved', async () => {
    expect(await joineryJson('status', ...path)).toMatchObject({
      peer: expect.stringMatching(/^peer:[0-9a-f]{16}$/),
      running: how === 'with a peer that runs',
      spaces: [{ label: 'Home', status: { saved: true, upToDate: false, pending: [{ reason: 'alone' }], peers: [] } }],
    })
    expect(await joinery('status', ...path)).toMatchObject({ code: 0, stdout: expect.stringContaining('Home  space:') })
  })

  test('a value is watched until Ctrl+C: now, and after each change that alters it', async () => {
    await set('Home/watched', '', '{"a":1,"b":1}')
    const watching = place.start('watch', 'Home/watched', 'a', '--json', ...path)
    await watching.match(/^1\n/)
    await set('Home/watched', 'b', '2')
    await set('Home/watched', 'a', '{"c":"x\\ny"}')
    await watching.match(/^1\n{"c":"x\\ny"}\n$/)
    expect(await watching.end('SIGINT')).toMatchObject({ code: 0, stderr: '' })
  })

  test('a watched document that is set by a second command is the same document', async () => {
    await set('Home/both', 'a', '1')
    const watching: Running = place.start('watch', 'Home/both', ...path)
    await watching.match(/"a": 1/)
    expect(await joineryJson('status', ...path)).toMatchObject({ running: true })
    await Promise.all([1, 2, 3].map((number) => set('Home/both', `k${number}`, String(number))))
    await watching.match(/"k1": 1[^}]*"k2": 2[^}]*"k3": 3/)
    await watching.end('SIGTERM')
  })
})

describe('commands', () => {
  let path: string[]

  beforeAll(async () => {
    const { folder } = await place.serve('commands')
    path = ['--path', folder]
  })

  const set = (...args: string[]) => joinery('set', ...args, ...path)
  const cat = (...args: string[]) => joineryJson('cat', ...args, ...path)

  test('people get a text as it is and everything else as JSON', async () => {
    await set('Home/words', 'greeting', 'Hello "you"\nthere')
    expect(await joinery('cat', 'Home/words', 'greeting', ...path)).toMatchObject({ stdout: 'Hello "you"\nthere\n' })
    expect(await joinery('cat', 'Home/words', ...path)).toMatchObject({
      stdout: '{\n  "greeting": "Hello \\"you\\"\\nthere"\n}\n',
    })
  })

  test('a value is JSON if it parses, else a text; --text takes it as a text', async () => {
    await set('Home/values', 'number', '-5')
    await set('Home/values', 'word', 'milk')
    await set('Home/values', 'digits', '5', '--text')
    await set('Home/values', 'none', 'null')
    expect(await cat('Home/values')).toEqual({ number: -5, word: 'milk', digits: '5', none: null })
  })

  test('maps on the way are made, entries of lists are not', async () => {
    await set('Home/deep', 'a.b["c.d"]', '1')
    expect(await cat('Home/deep')).toEqual({ a: { b: { 'c.d': 1 } } })
    await set('Home/deep', 'list', '[1]')
    expect(await failure('set', 'Home/deep', 'list[1]', '2', ...path)).toMatchObject({ exit: 3, code: 'bad-path' })
    expect(await failure('set', 'Home/deep', 'other[0]', '2', ...path)).toMatchObject({ exit: 3, code: 'bad-path' })
    expect(await failure('set', 'Home/deep', 'a.b.c.d[0]', '2', ...path)).toMatchObject({ exit: 3, code: 'bad-path' })
    expect(await failure('set', 'Home/absent', 'list[1]', '2', ...path)).toMatchObject({ exit: 3, code: 'bad-path' })
    expect(await joineryJson('ls', 'Home', ...path)).not.toContain('absent')
  })

  test('the whole document can be set, and is an object', async () => {
    await set('Home/whole', '', '{"a":1,"b":2}')
    await set('Home/whole', '', '{"b":3}')
    expect(await cat('Home/whole')).toEqual({ b: 3 })
    expect(await failure('set', 'Home/whole', '', '[1]', ...path)).toMatchObject({ exit: 2, code: 'bad-value' })
  })

  test("a document's name may hold slashes", async () => {
    await set('Home/notes/2024', 'a', '1')
    expect(await cat('Home/notes/2024', 'a')).toBe(1)
  })

  test.each<[name: string, args: string[], exit: number, code: string]>([
    ['watching one that is not there', ['watch', 'Home/nothing'], 3, 'no-such-document'],
    ['a space that is not there', ['cat', 'Away/groceries'], 3, 'no-such-space'],
    ['listing a space that is not there', ['ls', 'Away'], 3, 'no-such-space'],
    ['inviting to a space that is not there', ['invite', 'Away'], 3, 'no-such-space'],
    ['a place that is not there', ['cat', 'Home/notes/2024', 'items[7]'], 3, 'bad-path'],
    ['a lone surrogate', ['set', 'Home/values', 'a', '"\\ud800"'], 2, 'bad-value'],
    ['a name that is too long', ['set', `Home/${'x'.repeat(300)}`, 'a', '1'], 2, 'bad-name'],
    ['a thousand levels', ['set', 'Home/deeper', 'a', '['.repeat(1000) + ']'.repeat(1000)], 2, 'bad-value'],
  ])('%s fails with its own code', async (_name, args, exit, code) => {
    expect(await failure(...args, ...path)).toMatchObject({ exit, code })
  })

  test('a space is found by its id as well', async () => {
    const [space] = (await joineryJson('ls', ...path)) as { id: string; label: string; documents: string[] }[]
    expect(space).toMatchObject({ id: expect.stringMatching(/^space:[0-9a-f]{64}$/), label: 'Home' })
    expect(await joineryJson('ls', space?.id ?? '', ...path)).toEqual(space?.documents)
    expect(await joinery('ls', ...path)).toMatchObject({ stdout: expect.stringContaining('Home  space:') })
  })

  test('an invitation is printed alone, for scripts', async () => {
    expect(await joinery('invite', 'Home', ...path)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^joinery:[\w-]+\n$/),
    })
  })

  test('all data can be had as JSON', async () => {
    await set('Home/exported', 'a', '1')
    expect(await joineryJson('export', ...path)).toMatchObject({
      spaces: [{ label: 'Home', documents: { exported: { a: 1 } } }],
    })
  })

  test.skipIf(process.platform === 'win32')(
    'a reader that leaves early (| head) ends the command quietly',
    async () => {
      await set('Home/long', 'text', 'word '.repeat(20_000))
      for (const args of [['cat', 'Home/long', 'text'], ['export'], ['watch', 'Home/long', 'text'], ['ls']]) {
        const line = [...command, ...args, ...path].map((part) => `'${part}'`).join(' ')
        const shell = spawn('sh', ['-c', `{ ${line}; echo "exit $?" >&2; } | head -c 5`], {
          env: { ...process.env, NO_COLOR: '1' },
        })
        const ended = once(shell, 'close')
        expect([args[0], await text(shell.stderr)]).toEqual([args[0], 'exit 0\n'])
        await ended
      }
    },
  )
})

test('commands at one time on a folder without a peer wait for each other', async () => {
  const { running, folder } = await place.serve('crowd')
  await running.end('SIGTERM')
  const ended = await Promise.all(
    [1, 2, 3].map((number) => joinery('set', 'Home/crowd', `k${number}`, '1', '--path', folder)),
  )
  expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(3).fill({ code: 0, stderr: '' }))
  expect(await joineryJson('cat', 'Home/crowd', '--path', folder)).toEqual({ k1: 1, k2: 1, k3: 1 })
})
