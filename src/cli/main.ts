#!/usr/bin/env node
// The `joinery` command: runs one command line and ends with a code that means something. Nobody ever sees a stack here.

import { CommanderError } from 'commander'
import { JoineryError } from '../base/errors.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import { isReaderGone, Output } from './output.ts'
import { makeProgram } from './program.ts'

const output = new Output(process)
output.json = process.argv.includes('--json') // Known before the arguments are, since they may be what is wrong.
const interrupted = new AbortController()
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    const code = 128 + signalNumbers[name]
    if (interrupted.signal.aborted) process.exit(code) // Asked twice: at once.
    interrupted.abort(code)
  })
}
process.on('uncaughtException', (error) => void fail(error))
// What libraries leave unhandled (a stream of a peer that has gone) is told, and does not end a peer that others rely on.
process.on('unhandledRejection', (error) => void output.error(error))

process.exit(await run(process.argv))

async function run(argv: readonly string[]): Promise<number> {
  const signal = AbortSignal.any([interrupted.signal, output.gone])
  let code: ExitCode = exitCodes.ok
  const onExitCode = (other: ExitCode): void => {
    code = other
  }
  try {
    await makeProgram({ output, signal, onExitCode }).parseAsync([...argv])
  } catch (error) {
    code = await explain(error)
    if (interrupted.signal.aborted) return Number(interrupted.signal.reason)
  }
  if (!output.gone.aborted) return code
  return isReaderGone(output.gone.reason) ? exitCodes.ok : exitCodes.failed
}

async function explain(error: unknown): Promise<ExitCode> {
  if (interrupted.signal.aborted || output.gone.aborted) return exitCodes.failed
  if (!(error instanceof CommanderError)) {
    await output.error(error)
    return exitCodeOf(error)
  }
  if (error.exitCode === 0) return exitCodes.ok // --help or --version.
  if (error.code !== 'commander.help') {
    await output.error(new JoineryError('bad-option', `${sentence(error.message)} See "joinery --help".`))
  }
  return exitCodes.usage
}

/** Commander's "error: unknown option '--foo'" as a sentence. */
function sentence(message: string): string {
  const text = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?)]$/.test(text) ? '' : '.'}`
}

async function fail(error: unknown): Promise<void> {
  await output.error(error)
  process.exit(exitCodes.failed)
}
