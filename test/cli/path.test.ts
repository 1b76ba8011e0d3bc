import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { find, formatPath, parsePath, parsePointer, type Segment } from '../../src/cli/path.ts'

describe('a path is read as people write it', () => {
  test.each<[string, Segment[]]>([
    ['', []],
    ['items', ['items']],
    ['items[0].done', ['items', 0, 'done']],
    ['items[-]', ['items', '-']],
    ['[3]', [3]],
    ['a.b.c', ['a', 'b', 'c']],
    ['a[0][1]', ['a', 0, 1]],
    ['["a.b"]', ['a.b']],
    ['x["a.b"].c', ['x', 'a.b', 'c']],
    ['x["say \\"hi\\""]', ['x', 'say "hi"']],
    ["x['a\"b']", ['x', 'a"b']],
    ['x[""]', ['x', '']],
    ['x["a]b"]', ['x', 'a]b']],
    ['größe.naïve', ['größe', 'naïve']],
    ['__proto__.x', ['__proto__', 'x']],
    ['two words', ['two words']],
  ])('%s', (text, path) => expect(parsePath(text)).toEqual(path))

  test.each([
    '.',
    'a.',
    'a..b',
    '.a',
    'a[',
    'a[0',
    'a]',
    'a[]',
    'a[01]',
    'a[1]b',
    'a["b]',
    "a['b]",
    'a["\\x"]',
    'a[9999999999]',
    'a[x]',
  ])('%s cannot be read, and the sentence says where', (text) => {
    expect(() => parsePath(text)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringMatching(/at character \d+: /) }),
    )
  })

  test('what is written is read back, whatever the keys are', () => {
    const segment = fc.oneof(fc.string({ unit: 'binary' }), fc.nat(1000), fc.constant('-'))
    fc.assert(
      fc.property(fc.array(segment), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path)
      }),
    )
  })
})

describe('a pointer is read as RFC 6901 says (its examples, section 5)', () => {
  const document = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  }
  test.each<[string, unknown]>([
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ])('%s', (pointer, value) => expect(find(document, parsePointer(pointer))).toEqual({ found: true, value }))

  test.each(['foo', '/a~', '/a~2', '~0'])('%s is none', (pointer) => {
    expect(() => parsePointer(pointer)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })

  test('~01 is the key ~1, not a slash', () => expect(parsePointer('/~01')).toEqual(['~1']))
})

describe('a path that leads nowhere is told with the place where it ends', () => {
  const document = { items: [{ done: true }], none: null, text: 'hi', empty: [] }
  test.each([
    ['items[1]', '"items" has entries [0] to [0], not [1]; [-] is the place after the last.'],
    ['items.first', '"items" has entries [0] to [0], not first; [-] is the place after the last.'],
    ['empty[0]', '"empty" is an empty list, not [0]; [-] is the place after the last.'],
    ['items[-]', '"items" has entries [0] to [0], not [-]; [-] is the place after the last.'],
    ['nothing', 'The document has no "nothing".'],
    ['items[0].undone', '"items[0]" has no "undone".'],
    ['none.x', '"none" is null: nothing stands inside it.'],
    ['text[0]', '"text" is a text: nothing stands inside it.'],
    ['toString', 'The document has no "toString".'],
    ['__proto__', 'The document has no "__proto__".'],
    ['items.length', '"items" has entries [0] to [0], not length; [-] is the place after the last.'],
  ])('%s', (path, why) => expect(find(document, parsePath(path))).toEqual({ found: false, why }))

  test('a key __proto__ of its own is an ordinary key', () => {
    expect(find(JSON.parse('{"__proto__":{"a":1}}'), parsePath('__proto__.a'))).toEqual({ found: true, value: 1 })
  })
})
