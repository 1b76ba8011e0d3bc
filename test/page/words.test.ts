import { describe, expect, test } from 'vitest'
import { kindOf, readItem, summary } from '../../examples/notes/notes.ts'
import {
  ago,
  agreement,
  browserName,
  contact,
  hasCode,
  hereNow,
  initials,
  statusLine,
  ticketIn,
} from '../../examples/notes/words.ts'
import type { PeerStatus, Pending, Status } from '../../src/peer/api.ts'

const ada: PeerStatus = {
  id: 'peer:ada',
  name: 'Ada',
  connected: true,
  transport: 'webrtc',
  direct: true,
  agreed: true,
  why: undefined,
  agreedAt: 0,
  stored: true,
  unstored: 0,
  lastSeenAt: 0,
}
const away: PeerStatus = { ...ada, connected: false, transport: undefined, direct: false, agreed: false }

const status = (fields: Partial<Status>): Status => ({
  saved: true,
  upToDate: false,
  stale: false,
  pending: [],
  peers: [],
  lastAgreedAt: undefined,
  progress: undefined,
  storage: { kind: 'indexeddb', persisted: false, usedBytes: undefined, roomBytes: undefined },
  ...fields,
})
const line = (fields: Partial<Status>, paused = false): string =>
  statusLine(status(fields), { paused, carrier: 'this' }).text
const pending = (reason: Pending['reason'], message: string): readonly Pending[] => [
  { reason, message, doing: '', since: 0 },
]

test('who is here is named once, and of many the first', () => {
  expect(hereNow([])).toBe('')
  expect(hereNow(['Ben', 'Ada', 'Ben'])).toBe('Here now: Ada, Ben')
  expect(hereNow(['e', 'd', 'c', 'b', 'a'])).toBe('Here now: a, b, c and 2 more')
})

describe('the status in one line', () => {
  test('claims to be up to date only with peers in contact', () => {
    expect(line({ upToDate: true, peers: [ada, away] })).toBe('Saved, and up to date with 1 peer.')
    expect(line({ peers: [away] })).toBe('Saved here. No other member is in contact.')
  })
  test('says first what matters most: damage, then what is not saved, then the switch', () => {
    expect(line({ saved: false, pending: pending('damaged', 'Damage was found.') }, true)).toBe('Damage was found.')
    expect(line({ saved: false, pending: pending('storage', 'Nothing is kept.') })).toBe('Nothing is kept.')
    expect(line({ saved: false, peers: [ada] }, true)).toBe('Saving …')
    expect(line({ pending: pending('paused', '') })).toMatch(/^Paused\./)
  })
  test('tells what is missing in the words of the status', () => {
    expect(line({ peers: [ada], pending: pending('sync', 'Ada has not agreed yet.') })).toBe(
      'Saved here. Ada has not agreed yet.',
    )
    expect(statusLine(status({}), { paused: false, carrier: 'other' }).text).toMatch(/Another tab/)
  })
})

describe('a member in the panel', () => {
  test('is reached directly, by way of another, or not', () => {
    expect(contact(ada, 0)).toBe('Direct, by WebRTC')
    expect(contact({ ...ada, transport: 'relay', direct: false }, 0)).toBe('By way of another peer')
    expect(contact(away, 3 * 3_600_000)).toBe('Not in contact, last seen 3 hours ago')
  })
  test('is up to date, or says why not', () => {
    expect(agreement(ada).text).toBe('Up to date')
    expect(agreement({ ...ada, agreed: false, why: 'It lacks 3 edits.' }).text).toBe('It lacks 3 edits.')
    expect(agreement({ ...away, agreed: true }).text).toBe('Up to date when last met')
  })
  test('has two letters', () => {
    expect(['Ada', 'kitchen laptop', 'a', '…', 'Élodie de Bruyn'].map(initials)).toEqual(['AD', 'KL', 'A', '?', 'ÉB'])
  })
})

test('times are told as people do', () => {
  const minutes = [0, 0.5, 1, 20, 80, 60 * 24, 60 * 24 * 3]
  expect(minutes.map((minute) => ago(0, minute * 60_000))).toEqual([
    'just now',
    'just now',
    '1 minute ago',
    '20 minutes ago',
    '1 hour ago',
    'yesterday',
    '3 days ago',
  ])
})

test('a browser has a name until its user gives it one', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  expect(browserName(chrome)).toBe('Chrome on Linux')
  expect(browserName(`${chrome} Edg/140.0.0.0`)).toBe('Edge on Linux')
  expect(browserName('Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Firefox/143.0')).toBe('Firefox on macOS')
  expect(browserName('')).toBe('Browser on a computer')
})

test('an invitation is found in what was pasted', () => {
  const pasted = [
    'joinery:aB_-9',
    ' http://localhost:4680/#joinery:aB_-9 ',
    'Come: joinery:aB_-9. See you',
    'joinery%3AaB_-9',
  ]
  for (const text of pasted) expect(ticketIn(text)).toBe('joinery:aB_-9')
  expect(ticketIn(' 100% nothing ')).toBe('100% nothing')
  expect(ticketIn('joinery:aB_-9 joinery-meet:AAEC')).toBe('joinery:aB_-9')
  expect([hasCode('joinery:aB_-9 joinery-meet:AAEC'), hasCode('joinery:aB_-9')]).toEqual([true, false])
})

test('documents that others made are read leniently', () => {
  expect([{}, { items: [] }, { body: 'x' }, { kind: 'text', body: '' }, { a: 1 }].map(kindOf)).toEqual([
    'empty',
    'todo',
    'text',
    'text',
    'other',
  ])
  expect(['milk', 7, null, { name: 3, done: 'yes' }, { name: 'rice', done: true }].map(readItem)).toEqual([
    { name: 'milk', done: false },
    { name: '7', done: false },
    { name: '', done: false },
    { name: '3', done: false },
    { name: 'rice', done: true },
  ])
  expect(summary({ items: [{ done: true }, {}] })).toBe('1 of 2 done')
  expect(summary({ kind: 'text', body: ' one  two ' })).toBe('2 words')
})
