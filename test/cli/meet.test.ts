// Meeting by hand through the command: two peers that know no address of each other, each told the other's code.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { joinery, Place } from './joinery.ts'

let place: Place
beforeEach(async () => {
  place = await Place.make()
})
afterEach(() => place.clear())

test('two folders meet by codes, one of them by the peer that runs there; a damaged code is refused, and the whole one taken', {
  timeout: 180_000,
}, async () => {
  const a = await place.serve('a', '--no-mdns')
  const other = ['--path', place.path('b')]
  await joinery('join', a.invitation, '--timeout', '0', ...other)

  const ours = place.start('meet', '--json', '--path', a.folder)
  const [, code = ''] = await ours.match(/"code":"(joinery-meet:[\w-]+)"/)
  const theirs = place.start('meet', code, '--json', ...other)
  const [, answer = ''] = await theirs.match(/"code":"(joinery-meet:[\w-]+)"/)
  ours.child.stdin?.write(`${answer.slice(0, -1)}\n\n${answer}\n`)
  for (const running of [ours, theirs]) {
    const { code: exit, stdout } = await running.end()
    expect(exit).toBe(0)
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      spaces: [{ label: 'Home' }],
      agreed: true,
    })
  }
  const wrong = await joinery('meet', 'hello', ...other)
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('bad-code') })
})
