// The commands that README.md shows, run on one folder in the order in which they stand there.

import { afterAll, expect, test } from 'vitest'
import { files } from '../setup/sources.ts'
import { joinery, Place } from './joinery.ts'

const place = await Place.make()
afterAll(() => place.clear())

test('the commands of the README do as they say', async () => {
  const commands = blockThatBegins('joinery serve')
  expect(commands.map(([name]) => name)).toEqual([
    'serve',
    'join',
    'ls',
    'set',
    'set',
    'cat',
    'watch',
    'meet',
    'status',
  ])
  const { folder } = await place.serve('readme')
  for (const args of commands.filter(([name = '']) => !['serve', 'join', 'watch', 'meet'].includes(name))) {
    expect(await joinery(...args, '--path', folder), args.join(' ')).toMatchObject({ code: 0, stderr: '' })
  }
})

/** The lines of a block of shell commands, as arguments after `joinery`. */
function blockThatBegins(start: string): string[][] {
  const readme = files('.', /^README\.md$/, 1)[0]?.text ?? ''
  const block = readme.split('```sh\n').find((text) => text.startsWith(start)) ?? ''
  return block
    .slice(0, block.indexOf('```'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      [...line.replace(/ #.*/, '').matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word).slice(1),
    )
}
