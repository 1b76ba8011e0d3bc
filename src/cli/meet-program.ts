// The words of `joinery meet`: shows our code, asks for the other's until one can be taken, and stays until both hold the same.

import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import type { Answers } from './answers.ts'
import { answers, type Where } from './client.ts'
import { exitCodes } from './exit-codes.ts'
import type { Output } from './output.ts'
import type { CommonOptions, ProgramContext } from './program.ts'
import { showCode, showMet } from './show.ts'

export function addMeet(program: Command, { output, signal, onExitCode }: ProgramContext): void {
  program
    .command('meet')
    .argument('[code]', "the other peer's code: joinery-meet:…; read from the input if left out")
    .description('meet another peer of this network with nobody in between: each takes the code that the other shows')
    .option('--qr', 'print our code as a QR code even where the output is no terminal')
    .action(async (code: string | undefined, _options, command: Command) => {
      const { path, qr } = command.optsWithGlobals<CommonOptions & { qr?: true }>()
      const met = new AbortController()
      const where = { folder: path, signal: AbortSignal.any([signal, met.signal]) }
      const meeting = answers<'meet'>({ command: 'meet' }, where)
      try {
        const { value: own } = await meeting.next()
        if (own === undefined) return
        const wantsQr = qr === true || output.isTerminal
        await (output.json ? output.value(own) : output.line(showCode(output, own.code, wantsQr)))
        const answer = await takeFirst(code === undefined ? lines(output, signal) : [code], own.code, output, where)
        await (output.json ? output.value(answer) : output.line(showMet(output, answer)))
        if (!answer.agreed) onExitCode(exitCodes.timeout)
      } finally {
        met.abort()
        await meeting.return(undefined)
      }
    })
}

type Met = Exclude<Answers['take'], { readonly began: true }>

/** The first of these codes that can be taken. Errors: that of the last one. */
async function takeFirst(
  codes: Iterable<string> | AsyncIterable<string>,
  own: string,
  output: Output,
  where: Where,
): Promise<Met> {
  let refused: unknown = new JoineryError('bad-code', 'The input ended, and no code came. Start both peers anew.')
  for await (const code of codes) {
    try {
      for await (const answer of answers<'take'>({ command: 'take', own, code }, where)) {
        if (!('began' in answer)) return answer
      }
    } catch (error) {
      if (!isJoineryError(error, 'bad-code') && !isJoineryError(error, 'code-newer')) throw error
      refused = error
      if (output.isTerminal) await output.error(error)
    }
  }
  throw refused
}

async function* lines(output: Output, signal: AbortSignal): AsyncGenerator<string> {
  const input = createInterface({ input: process.stdin, signal })
  try {
    if (output.isTerminal) await output.note('Paste the code of the other peer, and press Enter:')
    for await (const line of input) if (line.trim() !== '') yield line
  } finally {
    input.close()
  }
}
