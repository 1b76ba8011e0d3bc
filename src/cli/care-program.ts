// The words of the commands that care for data: backup, restore, compact, doctor.

import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { JoineryError, messageOf } from '../base/errors.ts'
import type { Compacted } from '../node.ts'
import type { Answers, StatusAnswer } from './answers.ts'
import { answers, type Where } from './client.ts'
import { examine, type Finding, findingsOf } from './doctor.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import { NewFile } from './new-file.ts'
import type { CommonOptions, ProgramContext } from './program.ts'
import { type Request, readSeconds } from './requests.ts'
import { type BackedUp, showBackup, showCompacted, showFindings, showReport, showRestored } from './show-care.ts'

export function addCare(program: Command, context: ProgramContext): void {
  addBackup(program, context)
  addRestore(program, context)
  addCompact(program, context)
  addFsck(program, context)
  addDoctor(program, context)
}

function addBackup(program: Command, { output, signal, onExitCode }: ProgramContext): void {
  program
    .command('backup')
    .argument('<file>', 'the file to write')
    .description('write all edits of all spaces to one file, sealed, which "joinery restore" merges at any member')
    .option('--space <space...>', 'only these: labels, or ids')
    .option(
      '--with-keys',
      'put invitations in, so that it can be restored where nothing else is left; such a file is a key',
    )
    .option('--force', 'replace the file if there is one')
    .action(async (file: string, _options, command: Command) => {
      type Flags = CommonOptions & { space?: string[]; withKeys?: true; force?: true }
      const { path, space = [], withKeys, force } = command.optsWithGlobals<Flags>()
      const request = { command: 'backup', spaces: space, withKeys: withKeys === true } as const
      const done = await writeBackup(file, force === true, answers<'backup'>(request, { folder: path, signal }))
      const answer: BackedUp = { ...done, withKeys: request.withKeys }
      await (output.json ? output.value(answer) : output.line(showBackup(output, answer)))
      if (!answer.isWhole) onExitCode(exitCodes.unreadable)
    })
}

async function writeBackup(
  name: string,
  replace: boolean,
  pieces: AsyncIterable<Answers['backup']>,
): Promise<Omit<BackedUp, 'withKeys'>> {
  const file = await NewFile.begin(name, { replace })
  try {
    let contents: Pick<BackedUp, 'spaces' | 'isWhole'> | undefined
    for await (const answer of pieces) {
      if ('piece' in answer) await file.write(Buffer.from(answer.piece, 'base64'))
      else contents = answer
    }
    if (contents === undefined) throw new JoineryError('aborted', 'The backup was interrupted: no file was written.')
    await file.finish()
    return { file: file.path, bytes: file.sizeBytes, ...contents }
  } catch (error) {
    await file.abandon()
    throw error
  }
}

function addRestore(program: Command, { output, signal, onExitCode }: ProgramContext): void {
  program
    .command('restore')
    .argument('<file>', 'a file that "joinery backup" wrote, here or at another member')
    .description('merge a backup: what is here stays, and a second time changes nothing')
    .option('--invitation <ticket>', 'to a space in it that this peer does not belong to: joinery:…')
    .action(async (name: string, _options, command: Command) => {
      const { path, invitation } = command.optsWithGlobals<CommonOptions & { invitation?: string }>()
      const file = resolve(name)
      await expectFile(file)
      const request: Request = { command: 'restore', file, invitation }
      for await (const answer of answers<'restore'>(request, { folder: path, signal })) {
        if ('began' in answer) continue
        await (output.json ? output.value(answer) : output.line(showRestored(output, answer)))
        if (answer.sealed > 0) onExitCode(exitCodes.notFound)
      }
    })
}

/** A slip in the file's name is told before a folder is made for what is in it. */
async function expectFile(file: string): Promise<void> {
  const facts = await stat(file).catch(() => undefined)
  if (facts === undefined) throw new JoineryError('bad-option', `There is no file ${file}.`)
  if (!facts.isFile()) throw new JoineryError('bad-option', `${file} is no file.`)
  await access(file, constants.R_OK).catch((cause: unknown) => {
    throw new JoineryError('bad-option', `${file} may not be read: ${messageOf(cause)}.`, { cause })
  })
}

function addCompact(program: Command, { output, signal }: ProgramContext): void {
  program
    .command('compact')
    .description('write every document anew in as little room as it takes; nothing is lost')
    .action(async (_options, command: Command) => {
      const folder = command.optsWithGlobals<CommonOptions>().path
      const bytesBefore = await logBytes(folder)
      let done: Compacted | undefined
      for await (const answer of answers<'compact'>({ command: 'compact' }, { folder, signal }))
        if (!('began' in answer)) done = answer
      if (done === undefined) return // Interrupted; what was written anew is.
      const shrunk = { ...done, bytesBefore, bytesAfter: await logBytes(folder) }
      await (output.json ? output.value(shrunk) : output.line(showCompacted(shrunk)))
    })
}

async function logBytes(folder: string): Promise<number> {
  const log = join(folder, 'log')
  const names = await readdir(log).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(log, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

function addFsck(program: Command, { output, signal, onExitCode }: ProgramContext): void {
  program
    .command('fsck')
    .description('read every file and every document of the folder, and say what is damaged and what follows')
    .option('--repair', 'mend what can be mended without others; what is moved away is kept in the folder')
    .action(async (_options, command: Command) => {
      const { path, repair } = command.optsWithGlobals<CommonOptions & { repair?: true }>()
      const request: Request = { command: 'fsck', repair: repair === true }
      for await (const answer of answers<'fsck'>(request, { folder: path, signal })) {
        if ('began' in answer) continue
        await (output.json ? output.value(answer) : output.line(showReport(output, answer)))
        if (!answer.isWhole) onExitCode(exitCodes.unreadable)
      }
    })
}

function addDoctor(program: Command, { output, signal, onExitCode }: ProgramContext): void {
  program
    .command('doctor')
    .description('tell what may be wrong: folder, disk, clock, network, who can be reached, and what waits')
    .option('--timeout <seconds>', 'how long to wait for members; 0 does not wait', readSeconds, 5)
    .action(async (_options, command: Command) => {
      const { path, timeout } = command.optsWithGlobals<CommonOptions & { timeout: number }>()
      const { findings, code } = await diagnose({ folder: path, signal }, timeout * 1000)
      const isHealthy = findings.every(({ state }) => state !== 'bad')
      await (output.json ? output.value({ isHealthy, findings }) : output.line(showFindings(output, findings)))
      if (!isHealthy) onExitCode(code)
    })
}

interface Diagnosis {
  readonly findings: readonly Finding[]
  readonly code: ExitCode
}

/** What stands around the peer first, which alters nothing; then the peer, as far as it opens. */
async function diagnose(where: Where, timeoutMs: number): Promise<Diagnosis> {
  const around = await examine(where.folder)
  try {
    const status = await statusAfter(where, timeoutMs)
    return { findings: [...around, ...(status === undefined ? [] : findingsOf(status))], code: exitCodes.failed }
  } catch (error) {
    const finding: Finding = { about: 'peer', state: 'bad', message: messageOf(error) }
    return { findings: [...around, finding], code: exitCodeOf(error) }
  }
}

async function statusAfter(where: Where, timeoutMs: number): Promise<StatusAnswer | undefined> {
  let status: StatusAnswer | undefined
  for await (const answer of answers<'doctor'>({ command: 'doctor', timeoutMs }, where))
    if (!('began' in answer)) status = answer
  return status
}
