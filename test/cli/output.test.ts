import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { JoineryError } from '../../src/base/errors.ts'
import { Output, visible } from '../../src/cli/output.ts'
import { plain } from '../../src/cli/plain.ts'
import { qrCode } from '../../src/cli/qr.ts'

class Text extends Writable {
  text = ''
  isTTY = false
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk
    done()
  }
}

function makeOutput({ terminal = false, env = {} }: { terminal?: boolean; env?: Record<string, string> } = {}) {
  const stdout = Object.assign(new Text(), { isTTY: terminal })
  const stderr = new Text()
  return { output: new Output({ stdout, stderr, env }), stdout, stderr }
}

test('an error is a sentence and a code', async () => {
  const { output, stderr } = makeOutput()
  await output.error(new JoineryError('port-in-use', 'Port 1 is in use.'))
  expect(stderr.text).toBe('joinery: Port 1 is in use. (port-in-use)\n')
})

test('an error for programs is a line of JSON', async () => {
  const { output, stderr, stdout } = makeOutput()
  output.json = true
  await output.error(new JoineryError('ambiguous-space', 'Which?', { details: { ids: ['a'] } }))
  expect(JSON.parse(stderr.text)).toEqual({
    error: { code: 'ambiguous-space', message: 'Which?', details: { ids: ['a'] } },
  })
  expect(stdout.text).toBe('')
})

test('our own mistake is told without its stack', async () => {
  const { output, stderr } = makeOutput()
  await output.error(new TypeError('x is not a function'))
  expect(stderr.text).toBe('joinery: x is not a function (internal)\n')
})

test('a terminal does not obey what peers wrote', () => {
  expect(visible('a\x1b]0;title\x07b\r\x9b2J\n\tc')).toBe('a\\x1b]0;title\\x07b\\x0d\\x9b2J\n\tc')
  expect(makeOutput({ terminal: true }).output.safe('\x1b[2J')).toBe('\\x1b[2J')
  expect(makeOutput().output.safe('\x1b[2J')).toBe('\x1b[2J')
})

test.each([
  [{ terminal: true }, true],
  [{ terminal: true, env: { NO_COLOR: '1' } }, false],
  [{ terminal: true, env: { NO_COLOR: '' } }, true],
  [{ terminal: true, env: { TERM: 'dumb' } }, false],
  [{ terminal: false }, false],
])('colours are for terminals that want them: %j', (options, colored) => {
  const { output } = makeOutput(options)
  expect(output.bold('x') === 'x').toBe(!colored)
})

test('values that JSON does not know are written as it can', () => {
  const value = {
    big: 2n ** 60n,
    small: 5n,
    bytes: new Uint8Array([1, 2]),
    date: new Date(0),
    never: new Date(Number.NaN),
    numbers: [Number.NaN, Number.POSITIVE_INFINITY, 1.5],
    nested: JSON.parse('{"__proto__":{"a":null}}'),
  }
  expect(JSON.stringify(plain(value))).toBe(
    '{"big":"1152921504606846976","small":5,"bytes":"AQI=","date":"1970-01-01T00:00:00.000Z","never":"Invalid Date",' +
      '"numbers":["NaN","Infinity",1.5],"nested":{"__proto__":{"a":null}}}',
  )
})

test('a QR code fits the terminal or is left out', () => {
  const code = qrCode('joinery:abc', { columns: 80, hasColor: false })
  expect(code?.split('\n')[0]).toHaveLength(25)
  expect(code).not.toContain('\x1b')
  expect(qrCode('joinery:abc', { columns: 80, hasColor: true })).toContain('\x1b[30;107m')
  expect(qrCode('joinery:abc', { columns: 23, hasColor: false })?.split('\n')[0]).toHaveLength(23)
  expect(qrCode('joinery:abc', { columns: 22, hasColor: false })).toBeUndefined()
  expect(qrCode('x'.repeat(5000), { columns: 9999, hasColor: false })).toBeUndefined()
})
