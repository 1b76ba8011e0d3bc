// What the command says when it is asked what it can do, or asked for what it cannot.

import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure, joinery, Place } from './joinery.ts'

let place: Place
beforeAll(async () => {
  place = await Place.make()
})
afterAll(() => place.clear())

const commands = [
  'serve',
  'join',
  'ls',
  'cat',
  'set',
  'watch',
  'status',
  'invite',
  'export',
  'backup',
  'restore',
  'compact',
  'fsck',
  'doctor',
]

describe('help', () => {
  test('names every command, shows examples and explains the exit codes', async () => {
    const { code, stdout, stderr } = await joinery('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    expect(stdout).toContain("joinery set Home/groceries 'items[0].done' true")
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /)
  })

  test.each(commands)('%s has its own, with the options that all have', async (name) => {
    const { code, stdout } = await joinery(name, '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`joinery ${name}`)
    expect(stdout).toContain('--json')
    expect(stdout).toContain('--path')
  })

  test('nothing to do is help, and a usage error', async () => {
    const { code, stdout, stderr } = await joinery()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: joinery')
  })

  test('the version is the one of the package', async () => {
    expect((await joinery('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('what is not understood', () => {
  test.each([
    [['dance']],
    [['serve', '--dance']],
    [['cat']],
    [['cat', 'Home']],
    [['cat', '/doc']],
    [['cat', 'Home/doc', 'items[']],
    [['cat', 'Home/doc', 'items[0]', '--pointer']],
    [['set', 'Home/doc', 'a']],
    [['ls', 'Home', 'and', 'more']],
    [['serve', '--port', 'http']],
    [['serve', '--port', '65536']],
    [['join', 'joinery:x', '--timeout', 'soon']],
    [['restore', 'no/such/file']],
  ])('%j is a usage error', async (args) => {
    expect(await failure(...args, '--path', place.path('none'))).toMatchObject({ exit: 2, code: 'bad-option' })
  })

  test('a sentence says what, for people', async () => {
    const { code, stderr } = await joinery('serve', '--dance')
    expect(code).toBe(2)
    expect(stderr).toBe(`joinery: Unknown option '--dance'. See "joinery --help". (bad-option)\n`)
  })
})

describe('a folder that holds nothing', () => {
  test.each([
    ['ls'],
    ['cat', 'Home/doc'],
    ['set', 'Home/doc', 'a', '1'],
    ['status'],
    ['export'],
    ['watch', 'Home/doc'],
    ['invite', 'Home'],
    ['compact'],
    ['fsck'],
    ['fsck', '--repair'],
  ])('%s says so and makes none', async (...args) => {
    const path = place.path('nowhere')
    expect(await failure(...args, '--path', path)).toMatchObject({ exit: 3, code: 'no-such-space' })
    expect(await failure('ls', '--path', path)).toMatchObject({ exit: 3 })
  })

  test('a file instead of a folder is told', async () => {
    await writeFile(place.path('file'), '')
    expect(await failure('ls', '--path', place.path('file'))).toMatchObject({ exit: 5, code: 'store-denied' })
  })
})
