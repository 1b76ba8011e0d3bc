// The main job by a real process: what it prints, what the page server gives, how it ends, and what it says where it cannot start.

import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { openPeer } from 'joinery'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failure, joinery, joineryJson, Place } from './joinery.ts'

let place: Place
beforeEach(async () => {
  place = await Place.make()
})
afterEach(() => place.clear())

describe('serve', () => {
  test('makes a space in an empty folder, and prints its invitation and the address of its page', async () => {
    const { running, folder, url, invitation } = await place.serve('a')
    expect(running.stdout).toContain(`${url}#${invitation}\n`)
    expect(running.stdout).toContain(`  ${invitation}\n`.trimStart())
    expect(running.stdout).not.toContain('\x1b')
    expect(await joineryJson('ls', '--path', folder)).toMatchObject([{ label: 'Home', documents: [] }])
    expect(await running.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' })
  })

  test('tells programs the same in lines of JSON', async () => {
    const running = place.start(
      'serve',
      '--json',
      '--path',
      place.path('a'),
      '--port',
      '0',
      '--name',
      'Ann',
      '--no-mdns',
    )
    await running.match(/"event":"space".*\n/)
    const [ready, space] = running.stdout
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line))
    expect(ready).toMatchObject({
      event: 'ready',
      name: 'Ann',
      peer: expect.stringMatching(/^peer:/),
      port: expect.any(Number),
    })
    expect(space).toMatchObject({
      event: 'space',
      label: 'Home',
      url: `http://localhost:${ready.port}/#${space.invitation}`,
    })
    await running.end('SIGTERM')
  })

  test('prints a QR code where it is asked for', async () => {
    const running = place.start('serve', '--qr', '--path', place.path('a'), '--port', '0')
    await running.match(/(█.*\n){10}|wider terminal/)
    await running.end('SIGTERM')
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends it well within 3 seconds', async (signal) => {
    const { running, folder } = await place.serve('a')
    const start = performance.now()
    expect(await running.end(signal)).toMatchObject({ code: 0, stderr: '' })
    expect(performance.now() - start).toBeLessThan(3_000)
    expect(await readdir(folder)).not.toContain('command.sock')
  })

  test('the second run knows what the first one knew', async () => {
    const first = await place.serve('a')
    await joinery('set', 'Home/list', 'a', '1', '--path', first.folder)
    const [, peer] = /(peer:[0-9a-f]+)/.exec(first.running.stdout) ?? []
    await first.running.end('SIGTERM')
    const second = await place.serve('a')
    expect(second.running.stdout).toContain(peer)
    expect(await joineryJson('cat', 'Home/list', 'a', '--path', second.folder)).toBe(1)
  })

  test('after kill -9 commands work, and so does the next run', async () => {
    const { running, folder } = await place.serve('a')
    await joinery('set', 'Home/list', 'a', '1', '--path', folder)
    await running.end('SIGKILL')
    expect(await readdir(folder)).toContain('command.sock')
    expect(await joineryJson('cat', 'Home/list', '--path', folder)).toEqual({ a: 1 })
    expect(await joinery('set', 'Home/list', 'b', '2', '--path', folder)).toMatchObject({ code: 0 })
    const again = await place.serve('a')
    expect(await joineryJson('cat', 'Home/list', '--path', folder)).toEqual({ a: 1, b: 2 })
    expect((await stat(`${folder}/command.sock`)).mode & 0o777).toBe(0o600)
    await again.running.end('SIGTERM')
  })
})

describe('the page server', () => {
  test('no route gives the ticket, which stands in the fragment only', async () => {
    const { url, invitation } = await place.serve('a')
    const secret = invitation.slice('joinery:'.length)
    const page = await fetch(url).then((answer) => answer.text())
    const linked = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path = '']) => path)
    const guesses = [
      '/ticket',
      '/invite',
      '/api',
      '/config.json',
      '/status',
      '/.joinery/',
      '/command.sock',
      `/#${invitation}`,
      '/?ticket',
    ]
    for (const path of ['/', ...linked, ...guesses]) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        const answer = await fetch(new URL(path, url), { method })
        const head = JSON.stringify([...answer.headers])
        expect(head + (await answer.text()), `${method} ${path}`).not.toContain(secret)
      }
    }
  })
})

describe('where it cannot start', () => {
  test('a port that is taken is an error that says what to do', async () => {
    const other = createServer()
    const port = await new Promise<number>((resolve) => {
      other.listen({ host: '127.0.0.1', port: 0 }, () => {
        const address = other.address()
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
      })
    })
    const failed = await failure('serve', '--path', place.path('a'), '--port', String(port))
    expect(failed).toMatchObject({ exit: 4, code: 'port-in-use', message: expect.stringContaining('--port') })
    await expect(readdir(place.path('a'))).rejects.toMatchObject({ code: 'ENOENT' })
    other.close()
  })

  test('a second peer on the folder is refused', async () => {
    const { folder } = await place.serve('a')
    const failed = await failure('serve', '--path', folder, '--port', '0')
    expect(failed).toMatchObject({ exit: 4, code: 'store-locked', message: expect.stringContaining('--path') })
  })

  test('a folder that a program holds without answering commands is locked', async () => {
    const peer = await openPeer({ path: place.path('a'), network: 'none' })
    await peer.space('Home')
    const [locked, second] = await Promise.all([
      failure('ls', '--path', place.path('a')),
      failure('serve', '--path', place.path('a'), '--port', '0'),
    ])
    expect(locked).toMatchObject({ exit: 4, code: 'store-locked' })
    expect(second).toMatchObject({ exit: 4, code: 'store-locked' })
    await peer.close()
    expect(await joineryJson('ls', '--path', place.path('a'))).toMatchObject([{ label: 'Home' }])
  })

  test('a file where the folder should be is told', async () => {
    await writeFile(place.path('file'), '')
    expect(await failure('serve', '--path', place.path('file'), '--port', '0')).toMatchObject({
      exit: 5,
      code: 'store-denied',
    })
  })
})

describe('a folder whose bytes are not as they should be', () => {
  const logOf = async (folder: string): Promise<string> => {
    const [name = ''] = (await readdir(join(folder, 'log'))).toSorted()
    return join(folder, 'log', name)
  }

  test('one that a newer joinery wrote stays as it is', async () => {
    const { running, folder } = await place.serve('a')
    await running.end('SIGTERM')
    const log = await logOf(folder)
    const bytes = await readFile(log)
    bytes[7] = 99 // The version in a segment's head, and the checksum after it.
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 24)), 24)
    await writeFile(log, bytes)
    for (const args of [['ls'], ['set', 'Home/a', 'b', '1'], ['serve', '--port', '0']]) {
      expect(await failure(...args, '--path', folder)).toMatchObject({ exit: 7, code: 'store-newer' })
    }
    expect(await readFile(log)).toEqual(bytes)
  })

  test('a damaged one is read as far as it can be, and nobody sees a stack', async () => {
    const { running, folder } = await place.serve('a')
    for (const name of ['a', 'b', 'c']) await joinery('set', `Home/${name}`, 'text', 'x'.repeat(1000), '--path', folder)
    await running.end('SIGTERM')
    const log = await logOf(folder)
    const bytes = await readFile(log)
    bytes.fill(0x55, bytes.length >> 2, bytes.length >> 1)
    await writeFile(log, bytes)
    const { code } = await joinery('ls', '--path', folder)
    expect([0, 7]).toContain(code)
  })
})

test('garbage through the socket is answered, and harms nobody', async () => {
  const { folder } = await place.serve('a')
  for (const bytes of [
    'garbage\n',
    '{"version":1,"command":"set"}\n',
    '{"version":1,"command":"cat","space":"__proto__","document":"a","path":[]}\n',
  ]) {
    const socket = connect(`${folder}/command.sock`)
    socket.write(bytes)
    expect(JSON.parse(await text(socket))).toMatchObject({
      error: { code: expect.any(String), message: expect.any(String) },
    })
  }
  expect(await joineryJson('ls', '--path', folder)).toMatchObject([{ label: 'Home' }])
})
