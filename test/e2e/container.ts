// Runs a program in a container of network namespaces (net.sh) that is gone when the program is, whatever happens to us.

import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findChromium, onPath } from '../../.ci/chromium.mjs'
import { nodeCommand } from './line-process.ts'

const net = fileURLToPath(new URL('net.sh', import.meta.url))

/** The command that runs the rest of its line in fresh namespaces; undefined where a tool for it is missing. */
function containerCommand(): readonly string[] | undefined {
  const [setpriv, unshare, ip] = ['setpriv', 'unshare', 'ip'].map((name) => onPath([name]))
  if (setpriv === undefined || unshare === undefined || ip === undefined) return undefined
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const apart = ['--net', '--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc']
  return [setpriv, '--pdeathsig', 'KILL', unshare, ...asRoot, ...apart, net]
}

/** Why no container with browsers can be made here; undefined where one can. */
export async function whyNoContainer(): Promise<string | undefined> {
  return (await findChromium()) === undefined ? 'Chromium was not found' : whyNoNamespaces()
}

/** Why no container can be made here; undefined where one can. */
export function whyNoNamespaces(): string | undefined {
  const command = containerCommand()
  if (command === undefined) return 'the commands ip, unshare and setpriv (Linux) are needed'
  const [program = '', ...args] = command
  const { status, stderr } = spawnSync(program, [...args, 'true'], {
    encoding: 'utf8',
    timeout: 20_000,
    env: environment(),
  })
  return status === 0 ? undefined : `network namespaces are not allowed: ${stderr.trim()}`
}

/** Runs a program of ours inside and hands each line of its report to `onReport`. Rejects unless it ends well. */
export async function runInContainer(
  program: string,
  args: readonly string[],
  onReport: (report: Record<string, unknown>) => void,
  { namespaces = 5 }: { readonly namespaces?: number } = {},
): Promise<void> {
  const [first = '', ...rest] = [...(containerCommand() ?? []), ...nodeCommand(program), ...args]
  const chromium = await findChromium()
  const child = spawn(first, rest, {
    env: {
      ...environment(),
      NAMESPACES: String(namespaces),
      ...(chromium === undefined ? {} : { CHROMIUM: chromium }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-20_000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => onReport(JSON.parse(line)))
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`${program} ended with ${code}. ${stderr}`)
}

/** System tools may be where only root looks. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
}
