// Scenes to try. Each begins in a world at rest, and is a few beats: when something is so, something is done, and a sentence says what to look at. No screen is
// known here; the page plays them as its time goes on, and so do the tests.

import { type Name, usual, type World } from './world.ts'

export interface Beat {
  /** When it is due; at once if not given. */
  readonly when?: (world: World) => boolean
  readonly act?: (world: World) => void
  /** What to look at from here on. */
  readonly say: string
  /** Time stands still here, so that it can be looked at. */
  readonly stops?: boolean
}

export interface Scene {
  readonly id: string
  readonly title: string
  /** What it shows, in a few words. */
  readonly about: string
  readonly beats: readonly Beat[]
}

export const scenes: readonly Scene[] = [
  {
    id: 'cut',
    title: 'Both sides of a cut',
    about: 'Nobody waits for the network, and nothing is lost.',
    beats: [
      {
        act: (world) => {
          isolate(world, 'Cy')
          world.edit('Ada', (page) => page.note.append(' Bring towels!'))
          world.edit('Cy', (page) => {
            page.note.insert(0, 'Saturday. ')
            page.votes.add(2)
          })
          world.edit('Bo', (page) => page.votes.add(1))
        },
        say: 'Cy is cut off, and all three have written. Write more if you like, then mend both links to Cy.',
      },
      {
        when: (world) => !world.links.state('Ada', 'Cy').isCut || !world.links.state('Bo', 'Cy').isCut,
        say: 'The two greet each other and compare what they hold; then only what is missing travels.',
      },
      {
        when: (world) => isAlike(world),
        say: 'All alike: both texts stand, the votes add up to three. Nobody decided who wins, and nobody was asked.',
      },
    ],
  },
  {
    id: 'cause',
    title: 'An answer too early',
    about: 'What comes too early waits in the causal buffer.',
    beats: [
      {
        act: (world) => {
          world.links.set('Ada', 'Cy', { isSlow: true })
          world.links.loseNext('Bo', 'Cy')
          world.edit('Ada', (page) => page.note.append(' Who swims?'))
        },
        say: 'Ada asks. Her own way to Cy is slow, and the copy that Bo hands on to Cy gets lost.',
      },
      {
        when: (world) => world.inside('Bo').contents?.note.includes('swims?') === true,
        act: (world) => world.edit('Bo', (page) => page.note.append(' I do!')),
        say: 'Bo answers. Watch the answer fly to Cy, who does not know the question.',
      },
      {
        when: (world) => world.inside('Cy').waiting.length > 0,
        stops: true,
        say: 'Time stands still. The answer waits in Cy’s causal buffer, and Cy shows nothing of it. Press play: Cy asks Bo for what is missing.',
      },
      {
        when: (world) => world.inside('Cy').contents?.note.includes('I do!') === true,
        say: 'Question and answer appeared in one go: an effect is never seen before its cause.',
      },
    ],
  },
  {
    id: 'power',
    title: 'Pull the plug',
    about: 'Nothing leaves a replica before it is on its disk.',
    beats: [
      {
        act: (world) => {
          world.at('Bo').hasSlowDisk = true
          world.edit('Bo', (page) => page.note.append(' I bring cake.'))
        },
        say: 'Bo’s disk is slow. Bo sees the cake, but says “Saving …”, and no message sets out. Cut Bo’s power now, before the disk is done.',
      },
      {
        when: (world) => world.at('Bo').peer.state === 'down',
        act: (world) => {
          world.at('Bo').hasSlowDisk = false
        },
        say: 'Bo is off. Nobody has heard of any cake, so nobody can be promised one that is gone. Switch Bo on again.',
      },
      {
        when: (world) => world.inside('Bo').contents !== undefined,
        say: 'Bo has what the disk kept, and catches up. What was never saved was never seen by anybody else.',
      },
    ],
  },
  {
    id: 'titles',
    title: 'Two titles at once',
    about: 'A register keeps both until somebody chooses.',
    beats: [
      {
        act: (world) => {
          isolate(world, 'Cy')
          world.edit('Ada', (page) => page.title.set('Trip to the sea'))
          world.edit('Cy', (page) => page.title.set('Trip to the hills'))
        },
        say: 'Ada and Cy have each set another title, with no link between them. Mend the links to Cy.',
      },
      {
        when: (world) => world.inside('Ada').contents?.titles.length === 2,
        say: 'Everybody shows the same title, and the other one beneath: set by somebody who could not know. Click it, or type one: that settles it.',
      },
      {
        when: (world) => isAlike(world) && world.inside('Ada').contents?.titles.length === 1,
        say: 'Whoever chose had seen both, so the choice replaces both.',
      },
    ],
  },
  {
    id: 'tags',
    title: 'Removed here, added there',
    about: 'A removal takes away only what it saw.',
    beats: [
      {
        act: (world) => {
          isolate(world, 'Cy')
          world.edit('Ada', (page) => void page.tags.delete('lake'))
          world.edit('Cy', (page) => page.tags.add('lake'))
        },
        say: 'Ada has removed the tag “lake”. Cy, cut off, has added it once more. Mend the links to Cy.',
      },
      {
        when: (world) => isAlike(world) && !world.links.state('Ada', 'Cy').isCut,
        say: 'The tag is there: Ada’s removal could not have seen what Cy added, so it does not take it away.',
      },
    ],
  },
  {
    id: 'loss',
    title: 'Every second one is lost',
    about: 'Gossip is a hint; reconciliation is the promise.',
    beats: [
      {
        act: (world) => {
          world.links.climate = { ...usual, loss: 0.5 }
          for (const word of ['Ada', 'Bo', 'Cy'] as const)
            world.edit(word, (page) => page.note.append(` ${word} is in.`))
        },
        say: 'Every second message is lost. Keep typing somewhere: gossip may fail, but replicas say what they hold, and ask for what they lack.',
      },
      {
        when: (world) => isAlike(world) && everybodyIsIn(world),
        say: 'All alike all the same. What gossip lost was noticed when they compared, and pulled.',
      },
    ],
  },
]

/** Cuts all links of one replica. */
function isolate(world: World, name: Name): void {
  for (const [a, b] of world.pairs) if (a === name || b === name) world.cut(a, b)
}

function isAlike(world: World): boolean {
  return new Set(world.replicas.map(({ name }) => JSON.stringify(world.inside(name).contents))).size === 1
}

function everybodyIsIn(world: World): boolean {
  return ['Ada', 'Bo', 'Cy'].every((word) => world.inside('Ada').contents?.note.includes(`${word} is in.`))
}

/** Plays the beats of a scene, one after the other, as the world goes on. */
export class Playing {
  readonly #world: World
  readonly #left: Beat[]

  constructor(scene: Scene, world: World) {
    this.#world = world
    this.#left = [...scene.beats]
  }

  get isOver(): boolean {
    return this.#left.length === 0
  }

  /** Does what is due now; the beat that is on from here, if another one is. */
  look(): Beat | undefined {
    let due: Beat | undefined
    for (let next = this.#left[0]; next !== undefined && (next.when?.(this.#world) ?? true); next = this.#left[0]) {
      this.#left.shift()
      next.act?.(this.#world)
      due = next
      if (next.stops) break
    }
    return due
  }
}
