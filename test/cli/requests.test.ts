import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JoineryError } from '../../src/base/errors.ts'
import { decodeRequest, parsePlace, parseValue } from '../../src/cli/requests.ts'

describe('SPACE/DOC', () => {
  test.each([
    ['Home/groceries', 'Home', 'groceries'],
    ['Home/notes/2024', 'Home', 'notes/2024'],
    ['space:ab/c', 'space:ab', 'c'],
    ['Cafe\u0301/re\u0301sume\u0301', 'Caf\u00e9', 'r\u00e9sum\u00e9'],
  ])('%s is divided by its first slash', (text, space, document) =>
    expect(parsePlace(text)).toEqual({ space, document }),
  )

  test.each(['', 'Home', '/doc', 'Home/'])('%j is none', (text) => {
    expect(() => parsePlace(text)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

test.each([
  ['true', true],
  ['"true"', 'true'],
  ['-5', -5],
  ['milk', 'milk'],
  ['', ''],
  ['{"a":[1]}', { a: [1] }],
  ['{a:1}', '{a:1}'],
])('the value %s is JSON if it can be, else a text', (text, value) => expect(parseValue(text)).toEqual(value))

describe('a request from the socket', () => {
  test('keeps what is known and nothing else', () => {
    const request = { version: 1, command: 'cat', space: 'Home', document: 'a', path: ['items', 0], extra: 1 }
    expect(decodeRequest(request)).toEqual({ command: 'cat', space: 'Home', document: 'a', path: ['items', 0] })
  })

  test.each([
    [null],
    [[]],
    ['ls'],
    [{}],
    [{ command: 'format' }],
    [{ command: 'constructor' }],
    [{ command: 'cat', space: 'Home' }],
    [{ command: 'cat', space: 1, document: 'a', path: [] }],
    [{ command: 'cat', space: 'Home', document: 'a', path: 'items' }],
    [{ command: 'cat', space: 'Home', document: 'a', path: [-1] }],
    [{ command: 'cat', space: 'Home', document: 'a', path: [{}] }],
    [{ command: 'cat', space: 'Home', document: 'a', path: Array(257).fill('a') }],
    [{ command: 'set', space: 'Home', document: 'a', path: [] }],
    [{ command: 'join', ticket: 'joinery:', timeoutMs: -1 }],
    [{ command: 'backup', spaces: [1], withKeys: true }],
    [{ command: 'backup', spaces: [], withKeys: 'yes' }],
    [{ command: 'restore', file: 1 }],
    [{ command: 'doctor', timeoutMs: 'x' }],
    [{ command: 'fsck' }],
  ])('%j is refused', (message) => {
    expect(() => decodeRequest(message)).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })

  test('whatever it holds, it is taken or refused with a typed error', () => {
    const command = fc.constantFrom(
      'ls',
      'cat',
      'watch',
      'set',
      'status',
      'export',
      'invite',
      'join',
      'backup',
      'restore',
      'compact',
      'doctor',
    )
    const message = fc.record({
      command,
      space: fc.anything(),
      document: fc.anything(),
      path: fc.anything(),
      ticket: fc.anything(),
    })
    fc.assert(
      fc.property(fc.oneof(message, fc.anything()), (garbage) => {
        try {
          decodeRequest(garbage)
        } catch (error) {
          expect(error).toBeInstanceOf(JoineryError)
        }
      }),
    )
  })
})
