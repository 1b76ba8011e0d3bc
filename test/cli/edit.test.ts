// What `set` does to what people share, on a real document.

import { counter, type DocHandle, openPeer, type Patch, type Peer, set, text } from 'joinery'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assign } from '../../src/cli/edit.ts'
import { parsePath } from '../../src/cli/path.ts'

let peer: Peer
beforeAll(async () => {
  peer = await openPeer({ store: 'memory', network: 'none', path: 'edit' })
})
afterAll(() => peer.close())

/** A document that holds `content`. */
async function make(name: string, content: Record<string, unknown>): Promise<DocHandle> {
  const space = await peer.space('Home')
  const handle = await space.open(name)
  handle.change((draft) => void Object.assign(draft, content))
  return handle
}

/** Sets a value and tells the patches that it made. */
function patchesOf(handle: DocHandle, path: string, value: unknown): Patch[] {
  const patches: Patch[] = []
  const off = handle.on('patch', (event) => patches.push(...event.patches))
  assign(handle, parsePath(path), value)
  off()
  return patches
}

describe('a text', () => {
  test.each([
    ['hello world', 'hello brave world', 6, 0, 'brave '],
    ['hello world', 'hello', 5, 6, ''],
    ['aaa', 'aaaa', 3, 0, 'a'],
    ['', 'new', 0, 0, 'new'],
    ['old', '', 0, 3, ''],
    ['x\u{1f600}y', 'x\u{1f601}y', 1, 2, '\u{1f601}'], // The two emoji share their first half.
    ['\u{10400}', '\u{1f400}', 0, 2, '\u{1f400}'], // These share their second half.
  ])('%j becomes %j by an edit of what differs alone', async (before, after, index, count, inserted) => {
    const handle = await make(`text ${before} ${after}`, { body: text(before) })
    const expected = [
      ...(count > 0 ? [{ type: 'remove', path: ['body'], index, count }] : []),
      ...(inserted === '' ? [] : [{ type: 'insert', path: ['body'], index, text: inserted }]),
    ]
    expect(patchesOf(handle, 'body', after)).toEqual(expected)
    expect(handle.value).toEqual({ body: after })
  })

  test('that stays as it is makes no patch', async () => {
    const handle = await make('same', { body: text('same') })
    expect(patchesOf(handle, 'body', 'same')).toEqual([])
  })

  test('has nothing inside it', async () => {
    const handle = await make('inside', { body: text('hi') })
    expect(() => assign(handle, parsePath('body[0]'), 'x')).toThrow(
      expect.objectContaining({ code: 'bad-path', message: '"body" is a text: nothing stands inside it.' }),
    )
  })

  test('gives way to what is no text', async () => {
    const handle = await make('other', { body: text('hi') })
    assign(handle, ['body'], 5)
    expect(handle.value).toEqual({ body: 5 })
  })
})

test('a counter is moved, so that what others add is kept', async () => {
  const handle = await make('counter', { count: counter(3) })
  expect(patchesOf(handle, 'count', 10)).toEqual([{ type: 'increment', path: ['count'], by: 7, value: 10 }])
})

test('a set takes what is new and gives what is gone', async () => {
  const handle = await make('set', { tags: set(['a', 'b']) })
  const patches = patchesOf(handle, 'tags', ['b', 'c'])
  expect(patches.map(({ type }) => type).sort()).toEqual(['add', 'take'])
  expect(handle.value).toEqual({ tags: ['b', 'c'] })
})

test('a whole document keeps the texts that it keeps', async () => {
  const handle = await make('whole', { body: text('one'), gone: 1 })
  const patches = patchesOf(handle, '', { body: 'one two', made: 2 })
  expect(patches).toContainEqual({ type: 'insert', path: ['body'], index: 3, text: ' two' })
  expect(handle.value).toEqual({ body: 'one two', made: 2 })
})

test('keys that objects inherit are ordinary keys', async () => {
  const handle = await make('keys', {})
  for (const key of ['toString', 'constructor', '__proto__']) assign(handle, [key, 'a'], 1)
  expect(Object.keys(handle.value).sort()).toEqual(['__proto__', 'constructor', 'toString'])
  expect(JSON.stringify(handle.value)).toContain('"__proto__":{"a":1}')
})
