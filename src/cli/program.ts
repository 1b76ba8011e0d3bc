// The words of the command line: commands, arguments, options, help. What they do is elsewhere.

import { hostname } from 'node:os'
import { Command, Option } from 'commander'
import { JoineryError } from '../base/errors.ts'
import { addCare } from './care-program.ts'
import { answers } from './client.ts'
import { type ExitCode, exitCodes, exitCodesHelp } from './exit-codes.ts'
import { addMeet } from './meet-program.ts'
import type { Output } from './output.ts'
import { packageVersion } from './package-files.ts'
import { parsePath, parsePointer, type Segment } from './path.ts'
import { parsePlace, parseValue, type Request, readSeconds } from './requests.ts'
import { serve } from './serve.ts'
import { showDocuments, showJoin, showSpaces, showStatus, showValue, withQr } from './show.ts'

export interface ProgramContext {
  readonly output: Output
  /** Fires when the program is to end. */
  readonly signal: AbortSignal
  /** Told when a command ends well but with another exit code than 0. */
  readonly onExitCode: (code: ExitCode) => void
}

export interface CommonOptions {
  readonly path: string
  readonly json?: true
}

interface PathOptions extends CommonOptions {
  readonly pointer?: true
}

interface ServeFlags extends CommonOptions {
  readonly port: number
  readonly name?: string
  readonly mdns: boolean
  readonly qr?: true
}

const examples = `
Examples:
  joinery serve                                   run a peer here; prints an invitation and the page's address
  joinery join joinery:AAEC…                      join the space of an invitation
  joinery meet                                    connect with one device of this network and nothing else, by codes
  joinery ls                                      spaces and their documents
  joinery set Home/groceries 'items[-]' '{"name":"milk","done":false}'
  joinery set Home/groceries 'items[0].done' true
  joinery cat Home/groceries 'items[0].name'
  joinery cat Home/groceries --pointer /items/0/name
  joinery backup ~/family.joinery                 all edits in one file; "joinery restore" merges it, here or elsewhere
  joinery watch Home/groceries --json | while read -r value; do echo "$value"; done

A command asks the peer that runs on the folder; when none runs it opens the folder itself.

${exitCodesHelp}`

/** The whole command line. Its parse rejects with CommanderError for what it does not understand. */
export function makeProgram(context: ProgramContext): Command {
  const program = new Command('joinery')
    .description('Shared documents, peer to peer and offline first: no server.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--path <folder>', 'where the data is', '.joinery')
    .option('--json', 'lines of JSON for programs; errors too, on stderr')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} }) // main says it, with its code.
    .exitOverride()
    .addHelpText('after', examples)
  program.hook('preAction', (_program, command) => {
    context.output.json = command.optsWithGlobals<CommonOptions>().json === true
  })
  addServe(program, context)
  addJoin(program, context)
  addMeet(program, context)
  addReading(program, context)
  addEditing(program, context)
  addStatus(program, context)
  addCare(program, context)
  return program
}

function addServe(program: Command, { output, signal }: ProgramContext): void {
  program
    .command('serve')
    .description('run a peer on the folder, and serve its page on this computer, until Ctrl+C')
    .option(
      '--port <number>',
      'port of the page; another one is another origin, where the page has no data yet',
      readPort,
      4680,
    )
    .option('--name <name>', 'how members of your spaces see this peer', hostname())
    .option('--no-mdns', 'do not look for peers on the local network')
    .option('--qr', 'print invitations as QR codes even where the output is no terminal')
    .action(async (_options, command: Command) => {
      const { path, port, name, mdns, qr } = command.optsWithGlobals<ServeFlags>()
      await serve({ folder: path, port, name, mdns, qr: qr === true }, output, signal)
    })
}

function addJoin(program: Command, { output, signal, onExitCode }: ProgramContext): void {
  program
    .command('join')
    .argument('<ticket>', 'an invitation: joinery:…')
    .description('join the space of an invitation, and fetch what is in it')
    .option('--label <label>', 'your own word for the space; else the one the invitation suggests')
    .option('--timeout <seconds>', 'how long to wait for a member; 0 does not wait', readSeconds, 15)
    .action(async (ticket: string, _options, command: Command) => {
      const { path, label, timeout } = command.optsWithGlobals<CommonOptions & { label?: string; timeout: number }>()
      const request: Request = { command: 'join', ticket, label, timeoutMs: timeout * 1000 }
      for await (const answer of answers<'join'>(request, { folder: path, signal })) {
        await (output.json ? output.value(answer) : output.line(showJoin(output, answer, timeout > 0)))
        if (!answer.met && timeout > 0) onExitCode(exitCodes.timeout)
      }
    })
}

function addReading(program: Command, { output, signal }: ProgramContext): void {
  program
    .command('ls')
    .argument('[space]', 'a label, or an id: space:…')
    .description('list spaces and their documents, or the documents of one space')
    .action(async (space: string | undefined, _options, command: Command) => {
      const where = { folder: command.optsWithGlobals<CommonOptions>().path, signal }
      if (space === undefined) {
        for await (const spaces of answers<'ls'>({ command: 'ls', space }, where)) {
          await (output.json ? output.value(spaces) : output.line(showSpaces(output, spaces)))
        }
        return
      }
      for await (const names of answers<'ls SPACE'>({ command: 'ls', space }, where)) {
        if (output.json) await output.value(names)
        else if (names.length > 0) await output.line(showDocuments(output, names))
      }
    })
  for (const name of ['cat', 'watch'] as const) {
    withPlace(program.command(name))
      .argument('[path]', 'where in it, such as items[0].done; the whole document if left out', '')
      .description(
        name === 'cat' ? 'print a document, or a value in it' : 'print a value now and after each change, until Ctrl+C',
      )
      .addOption(pointerOption())
      .action(async (place: string, path: string, _options, command: Command) => {
        const options = command.optsWithGlobals<PathOptions>()
        const request: Request = { command: name, ...parsePlace(place), path: readPath(path, options) }
        for await (const value of answers<'cat' | 'watch'>(request, { folder: options.path, signal })) {
          await (output.json ? output.value(value) : output.line(showValue(output, value)))
        }
      })
  }
}

function addEditing(program: Command, { output, signal }: ProgramContext): void {
  withPlace(program.command('set'))
    .argument(
      '<path>',
      "where in it, such as items[0].done; [-] is the place after a list's last entry, '' the whole document",
    )
    .argument('<value>', 'JSON; what is not JSON is taken as a text')
    .description('set a value; makes the document, and maps on the way, where they are missing')
    .addOption(pointerOption())
    .option('--text', 'take the value as a text even if it is JSON')
    .action(async (place: string, path: string, value: string, _options, command: Command) => {
      const options = command.optsWithGlobals<PathOptions & { text?: true }>()
      const parsed = options.text === true ? value : parseValue(value)
      const request: Request = { command: 'set', ...parsePlace(place), path: readPath(path, options), value: parsed }
      for await (const answer of answers<'set'>(request, { folder: options.path, signal })) {
        if (output.json) await output.value(answer)
      }
    })
}

function addStatus(program: Command, { output, signal }: ProgramContext): void {
  program
    .command('status')
    .description('tell who this peer is, what is saved, and who is up to date')
    .action(async (_options, command: Command) => {
      const folder = command.optsWithGlobals<CommonOptions>().path
      for await (const status of answers<'status'>({ command: 'status' }, { folder, signal })) {
        await (output.json ? output.value(status) : output.line(showStatus(output, status, folder)))
      }
    })
  program
    .command('invite')
    .argument('<space>', 'a label, or an id: space:…')
    .description('print an invitation to a space; whoever has it reads and writes for ever')
    .option('--qr', 'print it as a QR code even where the output is no terminal')
    .action(async (space: string, _options, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { qr?: true }>()
      for await (const answer of answers<'invite'>({ command: 'invite', space }, { folder: options.path, signal })) {
        const wantsQr = options.qr === true || output.isTerminal
        await (output.json ? output.value(answer) : output.line(withQr(output, answer.invitation, wantsQr)))
      }
    })
  program
    .command('export')
    .description('print all data as JSON')
    .action(async (_options, command: Command) => {
      const folder = command.optsWithGlobals<CommonOptions>().path
      for await (const data of answers<'export'>({ command: 'export' }, { folder, signal })) {
        await (output.json ? output.value(data) : output.line(JSON.stringify(data, null, 2)))
      }
    })
}

function withPlace(command: Command): Command {
  return command.argument('<space/doc>', 'a space, "/", and the name of a document in it')
}

function pointerOption(): Option {
  return new Option('--pointer', 'the path is a JSON pointer (RFC 6901): /items/0/done')
}

function readPath(text: string, { pointer }: PathOptions): Segment[] {
  return pointer === true ? parsePointer(text) : parsePath(text)
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new JoineryError('bad-option', `--port ${text}: a port is a number from 1 to 65535, or 0 for any free one.`)
}
