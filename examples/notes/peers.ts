// The panel of peers: this one, and each member it met: who, how connected, up to date or why not.

import type { Peer, PeerStatus, Space } from 'joinery'
import { make, part, say, sayCalmly } from './dom.ts'
import { carrier } from './status-bar.ts'
import { agreement, type Carrier, contact, hue, initials, type Sentence } from './words.ts'

interface Card {
  readonly item: HTMLLIElement
  readonly badge: HTMLElement
  readonly name: HTMLElement
  readonly way: HTMLElement
  readonly state: HTMLElement
}

const carrying: Readonly<Record<Carrier, string>> = {
  this: 'This tab carries the connection.',
  other: 'Another tab of this browser carries the connection. What you write here goes out through it.',
  unknown: 'Looking whether another tab carries the connection …',
}

export function peersPanel(peer: Peer, space: Space, onRename: () => void): () => void {
  const list = part('peers')
  const cards = new Map<string, Card>()

  function render(): void {
    const members = [...space.status.current.peers].sort(nearFirst)
    fill(own, peer.name, 'This peer', { tone: 'busy', text: peer.paused ? 'Cut off by the switch' : '' })
    const now = Date.now()
    for (const member of members) fill(card(member.id), member.name, contact(member, now), agreement(member))
    const ids = [peer.id, ...members.map((member) => member.id)]
    for (const [id, { item }] of cards) if (!ids.includes(id)) item.remove()
    ids.forEach((id, index) => {
      const { item } = card(id)
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null)
    })
    part('peers-empty').hidden = members.length > 0
    say(part('tab-text'), carrying[carrier(peer)])
  }

  function card(id: string): Card {
    const kept = cards.get(id)
    if (kept) return kept
    const badge = make('span', { class: 'face', data: { hue: String(hue(id)) }, attributes: { 'aria-hidden': 'true' } })
    const name = make('span', { class: 'title' })
    const way = make('span', { class: 'sub' })
    const state = make('span', { class: 'state' })
    const item = make('li', { attributes: { title: id } }, badge, make('span', { class: 'words' }, name, way, state))
    const made = { item, badge, name, way, state }
    cards.set(id, made)
    return made
  }

  const own = card(peer.id)
  const rename = make('button', {
    class: 'plain',
    text: 'Change the name',
    attributes: { type: 'button' },
    onClick: onRename,
  })
  own.item.classList.add('own')
  own.way.after(rename)
  const off = space.status.subscribe(render)
  const timer = setInterval(render, 2000) // "Last seen" grows older, and another tab may take the lead.
  document.addEventListener('visibilitychange', render)
  render()
  return () => {
    off()
    clearInterval(timer)
    document.removeEventListener('visibilitychange', render)
    list.replaceChildren()
  }
}

function fill({ badge, name, way, state }: Card, who: string, how: string, sentence: Sentence): void {
  say(badge, initials(who))
  say(name, who)
  say(way, how)
  sayCalmly(state, sentence)
}

function nearFirst(peerA: PeerStatus, peerB: PeerStatus): number {
  return (
    Number(peerB.connected) - Number(peerA.connected) ||
    peerA.name.localeCompare(peerB.name) ||
    peerA.id.localeCompare(peerB.id)
  )
}
