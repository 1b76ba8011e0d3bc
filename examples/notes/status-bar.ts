// The line at the top that says how the space is, and the switch that cuts this peer off.

import type { Peer, Space } from 'joinery'
import { announce, button, part, sayCalmly } from './dom.ts'
import { type Carrier, statusLine } from './words.ts'

export function statusBar(peer: Peer, space: Space): () => void {
  const line = part('status-line')
  const pause = button('pause')
  let told: string | undefined

  function render(): void {
    const sentence = statusLine(space.status.current, { paused: peer.paused, carrier: carrier(peer) })
    sayCalmly(part('status-text'), sentence, line)
    if (told !== undefined && told !== sentence.text) announce(sentence.text) // The first sentence of a space is not news.
    told = sentence.text
    pause.setAttribute('aria-checked', String(peer.paused))
  }

  function toggle(): void {
    if (peer.paused) peer.resume()
    else peer.pause()
    render()
  }

  pause.addEventListener('click', toggle)
  const off = space.status.subscribe(render)
  const timer = setInterval(render, 2000) // Another tab may have flipped the switch.
  delete line.dataset.tone
  render()
  return () => {
    off()
    clearInterval(timer)
    pause.removeEventListener('click', toggle)
  }
}

const SETTLING_MS = 4000

/** Which tab has the network. In the first moments of a page that is not settled, even where it is the only one. */
export function carrier(peer: Peer): Carrier {
  if (peer.leading) return 'this'
  return performance.now() < SETTLING_MS ? 'unknown' : 'other'
}
