import { openPeer } from 'joinery'
type Groceries = { items: { name: string, done: boolean }[] }

const peer  = await openPeer()                                   // options: { path, store, network, clock, random }; files + TCP/WebSocket/WebRTC-direct + mDNS in Node (./.joinery); IndexedDB + WebRTC/WebSocket in a browser ('joinery')
const space = await peer.space('Family')                         // the space with this local label; made on first use. Labels are local, ids global
const list  = await space.open<Groceries>('groceries', { init: { items: [] } })   // same name, same document, on every peer
list.change(d => { d.items.push({ name: 'milk', done: false }) })   // synchronous, atomic, works offline
console.log(list.value.items)                                    // immutable, structurally shared, the same reference until it changes
const off = list.on('patch', ({ patches, local, author }) => {}) // also 'change', 'status', 'error', 'close'; and list.subscribe(fn)
await list.settled()                                             // durable here;  settled({ peers: 1, timeoutMs: 5000 }): stored by so many others too
const ticket = await space.invite()                              // joinery:…  capability + first-contact addresses
const otherPeer = await openPeer({ path: './other' })
const same  = await otherPeer.join(ticket)                       // resolves at once, reachable or not;  await same.met({ timeoutMs })
list.status.current                                              // { saved, upToDate, pending, peers, lastAgreedAt, storage };  .subscribe(fn);  for await (const s of list.status)
peer.spaces; space.documents; await space.delete('groceries'); await space.leave()
peer.pause(); peer.resume()                                      // a switch that really cuts this peer off
await peer.close()                                               // also Symbol.asyncDispose
