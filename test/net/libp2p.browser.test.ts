import { expect, test } from 'vitest'
import { commands } from 'vitest/browser'
import { libp2pNetwork } from '../../src/net/libp2p.browser.ts'
import { shelf } from './shelf.ts'

const until = (f: () => boolean | Promise<boolean>) => expect.poll(f, { timeout: 20_000, interval: 5 }).toBe(true)

test('x', async () => {
  const n = await commands.startNodePeer()
  const a = await libp2pNetwork()({ shelf: shelf() })
  const b = await libp2pNetwork()({ shelf: shelf() })
  for (const [name, x] of [['a', a], ['b', b]] as const) for (const e of ['connect', 'disconnect', 'change', 'addresses'] as const) x.on(e, (d) => console.log(name, e, JSON.stringify(d), Math.round(performance.now())))
  let t = performance.now()
  await a.dial(n.addresses)
  console.log('dial', performance.now() - t, JSON.stringify([...a.connections.values()]))
  await b.dial(n.addresses.filter((x) => x.includes('webrtc-direct')))
  let got = () => {}
  a.subscribe('echo', (m) => { if (m.bytes[0] === 1) got(); return 'accept' })
  b.subscribe('echo', () => 'accept')
  t = performance.now()
  await until(() => a.subscribers('echo').length > 0)
  console.log('subs', performance.now() - t)
  const times: number[] = []
  for (let i = 0; i < 200; i++) { const s = performance.now(); const p = new Promise<void>((r) => { got = r }); await a.publish('echo', Uint8Array.of(0, i)); await p; times.push(performance.now() - s) }
  times.sort((x, y) => x - y); console.log('rtt', times[100], times[198])
  for (const x of [a, b]) {
    const s = await x.open(n.id, '/test/echo')
    t = performance.now()
    void (async () => { for (let i = 0; i < 100; i++) await s.send(new Uint8Array(256 * 1024)); await s.close() })()
    let sum = 0
    for await (const f of s.frames) sum += f.length
    console.log('stream', sum / 1e6, 'MB both ways', performance.now() - t, 'ms')
  }
  t = performance.now()
  await a.useRelay(n.id); console.log('relay', performance.now() - t)
  console.log(a.addresses.join('\n'))
  t = performance.now()
  await b.dial(a.addresses)
  console.log('dialled', performance.now() - t, JSON.stringify([...b.connections.values()]), JSON.stringify([...a.connections.values()]))
  t = performance.now()
  await until(() => a.subscribers('echo').includes(b.id) && b.subscribers('echo').includes(a.id))
  console.log('mesh', performance.now() - t)
  await commands.stopNodePeer(n.id)
  const p = new Promise<void>((r) => { got = r }); t = performance.now(); await b.publish('echo', Uint8Array.of(1, 77)); await p; console.log('gossip', performance.now() - t)
  a.handle('/test/hi', async (s) => { for await (const f of s.frames) await s.send(f); await s.close() })
  t = performance.now()
  const s = await b.open(a.id, '/test/hi'); 
  void (async () => { for (let i = 0; i < 100; i++) await s.send(new Uint8Array(256 * 1024)); await s.close() })()
  let sum = 0
  for await (const f of s.frames) sum += f.length
  console.log('stream a-b', sum / 1e6, 'MB both ways', performance.now() - t, 'ms')
  await new Promise((r) => setTimeout(r, 6000))
  console.log(JSON.stringify([...b.connections.values()]), JSON.stringify([...a.connections.values()]))
  t = performance.now()
  await a.close(); await b.close()
  console.log('closed', performance.now() - t)
}, 60000)
