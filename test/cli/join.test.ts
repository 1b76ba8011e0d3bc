// Joining by the command, between real peers on two folders.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { failure, joinery, joineryJson, Place } from './joinery.ts'

let place: Place
beforeEach(async () => {
  place = await Place.make()
})
afterEach(() => place.clear())

test('a folder without a peer joins, fetches, and keeps what it fetched', async () => {
  const home = await place.serve('a')
  await joinery('set', 'Home/list', 'items', '["milk"]', '--path', home.folder)
  const other = ['--path', place.path('b')]
  expect(await joineryJson('join', home.invitation, ...other)).toMatchObject({
    label: 'Home',
    met: true,
    documents: ['list'],
  })
  await home.running.end('SIGKILL')
  expect(await joineryJson('cat', 'Home/list', ...other)).toEqual({ items: ['milk'] })
})

test('peers that run edit one document, each through its own commands', async () => {
  const a = await place.serve('a')
  const b = await place.serve('b')
  await joinery('set', 'Home/list', 'items', '["milk"]', '--path', a.folder)
  expect(await joinery('join', a.invitation, '--label', 'Shared', '--path', b.folder)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Joined "Shared"\. /),
  })
  await b.running.match(/Space Shared: open it/)
  const watching = place.start('watch', 'Home/list', '--json', '--path', a.folder)
  await watching.match(/milk/)
  await joinery('set', 'Shared/list', 'items[-]', 'bread', '--path', b.folder)
  await watching.match(/{"items":\["milk","bread"\]}\n$/)
  const status = await joineryJson('status', '--path', a.folder)
  expect(status).toMatchObject({ spaces: [{ status: { peers: [{ connected: true }] } }] })
  await watching.end('SIGINT')
})

test('an invitation whose members cannot be reached is joined, and the exit code says that nobody was met', {
  timeout: 60_000,
}, async () => {
  const home = await place.serve('a')
  await home.running.end('SIGTERM')
  const other = ['--path', place.path('b')]
  const { code, stdout } = await joinery('join', home.invitation, '--timeout', '1', ...other)
  expect({ code, stdout }).toEqual({ code: 6, stdout: expect.stringContaining('No member could be reached yet.') })
  expect(await joineryJson('ls', ...other)).toMatchObject([{ label: 'Home', documents: [] }])
  expect(await joinery('join', home.invitation, '--timeout', '0', ...other)).toMatchObject({ code: 0 })
})

test('what is no invitation is refused', async () => {
  const { folder, invitation } = await place.serve('a')
  const last = invitation.endsWith('A') ? 'B' : 'A'
  const cases: [string, number, string][] = [
    ['hello', 2, 'bad-ticket'],
    ['joinery:', 2, 'bad-ticket'],
    [invitation.slice(0, -10), 2, 'bad-ticket'],
    [`${invitation.slice(0, 60)}${last}${invitation.slice(61)}`, 2, 'bad-ticket'],
    [invitation.replace('joinery:AA', 'joinery:AQ'), 7, 'ticket-newer'],
  ]
  for (const [ticket, exit, code] of cases) {
    expect(await failure('join', ticket, '--path', folder), ticket).toMatchObject({ exit, code })
  }
})
