// The other end of LineProcess: answers commands that come as lines on stdin. The program ends with its stdin.

import { createInterface } from 'node:readline'

type Command = (argument: never) => unknown

/** Answers each line by the command it names, until stdin ends. */
export function serveLines(commands: Readonly<Record<string, Command>>): void {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => void answer(commands, line))
  lines.on('close', () => process.exit(0))
}

/** One line of our own accord. */
export function tell(event: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

async function answer(commands: Readonly<Record<string, Command>>, line: string): Promise<void> {
  const { id, command, argument } = JSON.parse(line) as { id: number; command: string; argument: never }
  try {
    const run = commands[command]
    if (run === undefined) throw new Error(`there is no command ${command}`)
    tell({ id, result: (await run(argument)) ?? null })
  } catch (error) {
    tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}
