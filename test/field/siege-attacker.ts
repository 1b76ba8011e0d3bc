// Those who besiege, as a program, so that what they do costs the others nothing but what comes over the wire.

import { serveLines } from '../e2e/line-server.ts'
import { attacks, type Siege } from './siege-attacks.ts'

const commands = {
  run: ({ name, siege }: { readonly name: string; readonly siege: Siege }) => {
    const attack = attacks.find((each) => each.name === name)
    if (attack === undefined) throw new Error(`there is no attack ${name}`)
    return attack.run(siege)
  },
}

export type AttackerCommands = typeof commands
serveLines(commands)
