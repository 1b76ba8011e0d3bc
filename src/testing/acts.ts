// The steps of a plan as things that happen: somebody writes, or a fault strikes.

import { assert, never } from '../base/assert.ts'
import { falseReturn, ownVersion } from './claims.ts'
import { Dice } from './dice.ts'
import type { Step } from './plan.ts'
import type { Scene } from './scene.ts'
import type { SimulatedPeer } from './simulated-peer.ts'

export class Acts {
  readonly #scene: Scene

  constructor(scene: Scene) {
    this.#scene = scene
  }

  do(step: Step): void {
    switch (step.type) {
      case 'write':
        this.#write(this.#peer(step.peer), new Dice(step.seed))
        break
      case 'show':
        this.#show(this.#peer(step.peer), new Dice(step.seed))
        break
      case 'settle':
        this.#settle(this.#peer(step.peer), step.others)
        break
      case 'compact':
        this.#compact(this.#peer(step.peer))
        break
      case 'burst':
        this.#scene.weather.burst(step.forMs)
        break
      case 'one-way':
        this.#block([[this.#peer(step.from), this.#peer(step.to)]], step.forMs)
        break
      case 'partition':
        this.#partition(step.groups, step.silent, step.forMs)
        break
      case 'flap':
        for (let i = 0; i < step.times; i++)
          this.#unlessOver(i * step.everyMs, () =>
            this.#scene.hub.cut(this.#peer(step.a).name, this.#peer(step.b).name),
          )
        break
      case 'slow': {
        const { name } = this.#peer(step.peer)
        this.#scene.weather.slow(name, step.bytesPerMs)
        this.#scene.clock.after(step.forMs, () => this.#scene.weather.slow(name, undefined))
        break
      }
      case 'flip':
        this.#peer(step.peer).flips = { frames: step.frames, dice: new Dice(step.seed) }
        break
      case 'truncate':
        this.#scene.weather.truncate(this.#peer(step.from).name, this.#peer(step.to).name)
        break
      case 'crash':
        this.#crash(this.#peer(step.peer), step.how, step.forMs)
        break
      case 'jump':
        this.#peer(step.peer).clock.jump(step.ms)
        break
      case 'freeze': {
        const { clock } = this.#peer(step.peer)
        clock.freeze()
        this.#scene.clock.after(step.forMs, () => clock.thaw(step.leapMs))
        break
      }
      case 'pause':
        this.#pause(this.#peer(step.peer), step.forMs)
        break
      case 'backup':
        this.#peer(step.peer).backUp()
        break
      case 'restore':
        this.#restore(this.#peer(step.peer), step.aloneMs)
        break
      case 'attack':
        this.#scene.hostile?.attack(this.#peer(step.peer).name, new Dice(step.seed)).catch(() => {}) // Mostly it is cut off.
        break
      case 'overwhelm':
        this.#overwhelm(step.backwards, new Dice(step.seed))
        break
      default:
        never(step)
    }
  }

  #write(peer: SimulatedPeer, dice: Dice): void {
    const { space, peer: own } = peer
    if (space === undefined || own === undefined || !peer.isOn) return
    this.#scene.noteActor(peer)
    const doing = async (): Promise<void> => {
      await this.#scene.app.write({ space, peer: own, name: peer.name, dice })
      if (peer.peer === own) this.#scene.noteActor(peer)
    }
    this.#scene.track(peer, doing())
  }

  /** Its user shows where it is in a document, or goes out of it. */
  #show(peer: SimulatedPeer, dice: Dice): void {
    const handles = [...this.#scene.mirrors.of(peer).values()]
    if (peer.isOn && handles.length > 0)
      dice.pick(handles).presence.set(dice.maybe(0.8) ? { at: dice.below(100) } : undefined)
  }

  /** Invariant 13: who is told that others have stored it can count on them. */
  #settle(peer: SimulatedPeer, others: number): void {
    const { space } = peer
    if (space === undefined) return
    const versions = new Map(peer.documents.map((document) => [document, ownVersion(peer, document)]))
    const settled = space.settled({ peers: others, timeoutMs: 30_000 })
    this.#scene.track(
      peer,
      settled.then(() => this.#scene.chronicle.failIf(falseReturn(peer, versions, others, this.#scene.truth))),
    )
  }

  #compact(peer: SimulatedPeer): void {
    if (peer.isOn && peer.peer !== undefined) this.#scene.track(peer, peer.peer.compact())
  }

  #block(ways: readonly (readonly [SimulatedPeer, SimulatedPeer])[], forMs: number): void {
    for (const [from, to] of ways) this.#scene.weather.block(from.name, to.name)
    this.#scene.clock.after(forMs, () => {
      for (const [from, to] of ways) this.#scene.weather.open(from.name, to.name)
    })
  }

  #partition(groups: readonly number[], silent: boolean, forMs: number): void {
    const all = this.#scene.peers.flatMap((a, i) =>
      this.#scene.peers.map((b, j) => [a, b, groups[i] !== groups[j]] as const),
    )
    const apart = all.filter(([, , isApart]) => isApart)
    this.#block(
      apart.map(([a, b]) => [a, b]),
      forMs,
    )
    if (!silent) for (const [a, b] of apart) this.#scene.hub.cut(a.name, b.name)
  }

  #crash(peer: SimulatedPeer, how: 'process' | 'power', forMs: number): void {
    if (peer.state === 'down') return
    peer.crash(how)
    this.#scene.mirrors.forget(peer)
    if (how === 'power') this.#doubt(peer)
    this.#scene.clock.after(forMs, () => this.#openIfDown(peer))
  }

  #openIfDown(peer: SimulatedPeer): void {
    if (peer.state === 'down') void this.#scene.open(peer)
  }

  /** What it had told others of its store is not so any more, until they meet it again. */
  #doubt(peer: SimulatedPeer): void {
    for (const other of this.#scene.peers) {
      other.mayThinkAgreed.add(peer)
      other.mayThinkStored.add(peer)
    }
  }

  #restore(peer: SimulatedPeer, aloneMs: number): void {
    if (peer.state !== 'up' || !peer.inFiles) return
    for (const actor of peer.actors) this.#scene.declared.add(actor)
    peer.crash('process')
    this.#scene.mirrors.forget(peer)
    peer.setBack()
    this.#doubt(peer)
    this.#openIfDown(peer)
    if (aloneMs === 0) return
    // It writes before it meets anybody.
    const others = this.#scene.peers.filter((other) => other !== peer)
    this.#block([...others.map((one) => [one, peer] as const), ...others.map((one) => [peer, one] as const)], aloneMs)
    const dice = new Dice(this.#scene.dice.seed())
    for (let i = 1; i < 4; i++) this.#unlessOver((aloneMs * i) / 4, () => this.#write(peer, dice))
  }

  /** What goes on for a while ends with the bad weather. */
  #unlessOver(afterMs: number, act: () => void): void {
    this.#scene.clock.after(afterMs, () => {
      if (!this.#scene.weather.isOver) act()
    })
  }

  #pause(peer: SimulatedPeer, forMs: number): void {
    const { peer: own } = peer
    if (peer.state !== 'up' || own === undefined) return
    own.pause()
    this.#scene.clock.after(forMs, () => {
      if (peer.peer === own && peer.state === 'up') own.resume()
    })
  }

  #overwhelm(backwards: boolean, dice: Dice): void {
    const nodes = this.#scene.peers.map(({ name }) => name)
    this.#scene.hostile?.overwhelm(nodes, backwards, dice).catch(() => {}) // Whoever is not there hears nothing of it.
  }

  #peer(index: number): SimulatedPeer {
    const peer = this.#scene.peers[index]
    assert(peer !== undefined, `there is no peer ${index}`)
    return peer
  }
}
