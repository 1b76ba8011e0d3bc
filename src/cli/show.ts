// Answers in words, for people. Programs get the answers themselves, as JSON.

import type { PeerStatus } from '../node.ts'
import type { Answers, SpaceAnswer, StatusAnswer } from './answers.ts'
import type { Output } from './output.ts'
import { qrCode } from './qr.ts'

export function showSpaces(output: Output, spaces: readonly SpaceAnswer[]): string {
  if (spaces.length === 0) return 'There is no space yet: "joinery serve" makes one, "joinery join" joins one.'
  return spaces.map((space) => showSpace(output, space)).join('\n')
}

function showSpace(output: Output, { id, label, documents }: SpaceAnswer): string {
  const head = `${output.bold(output.safe(label))}  ${output.dim(id)}`
  return [head, ...documents.map((name) => `  ${output.safe(name)}`)].join('\n')
}

export function showDocuments(output: Output, documents: readonly string[]): string {
  return documents.map((name) => output.safe(name)).join('\n')
}

/** A text as it is, everything else as JSON. */
export function showValue(output: Output, value: unknown): string {
  return output.safe(typeof value === 'string' ? value : JSON.stringify(value, null, 2))
}

export function showStatus(output: Output, status: StatusAnswer, folder: string): string {
  const running = status.running ? `runs on ${folder}` : `does not run; this is what ${folder} holds`
  const lines = [`${showSelf(output, { name: status.name, id: status.peer })}  ${running}`]
  if (status.paused) lines.push('  paused: cut off until it is resumed')
  for (const address of status.addresses) lines.push(`  ${output.dim(output.safe(address))}`)
  for (const space of status.spaces) lines.push('', ...showSpaceStatus(output, space, status.running))
  return lines.join('\n')
}

/** A peer by name and id, or by its id alone where it was given no name. */
export function showSelf(output: Output, { name, id }: { readonly name: string; readonly id: string }): string {
  return name === id ? output.bold(id) : `${output.bold(output.safe(name))}  ${output.dim(id)}`
}

function showSpaceStatus(
  output: Output,
  { id, label, documents, status }: StatusAnswer['spaces'][number],
  running: boolean,
): string[] {
  // A peer that was opened for this answer alone has met nobody, which says nothing.
  const pending = status.pending.filter(({ reason }) => running || reason !== 'alone')
  const state = `${status.saved ? 'saved' : 'saving'}, ${status.upToDate ? 'up to date' : 'not known to be up to date'}`
  return [
    `${output.bold(output.safe(label))}  ${output.dim(id)}`,
    `  ${countOf(documents)}, ${state}`,
    ...pending.map(({ message }) => `  ${output.safe(message)}`),
    ...status.peers.map((peer) => `  ${showPeer(output, peer)}`),
  ]
}

function countOf(documents: readonly string[]): string {
  return documents.length === 1 ? '1 document' : `${documents.length} documents`
}

function showPeer(output: Output, { name, connected, transport, why }: PeerStatus): string {
  if (!connected) return `${output.safe(name)}: not in contact`
  return `${output.safe(name)}: in contact by ${transport ?? 'an unknown way'}; ${output.safe(why ?? 'up to date')}`
}

export function showJoin(output: Output, { label, met, documents }: Answers['join'], waited: boolean): string {
  const joined = `Joined ${JSON.stringify(output.safe(label))}.`
  if (met) return `${joined} ${countOf(documents)} here by now.`
  const hint = 'Members are met as soon as one can be reached while "joinery serve" runs here.'
  return waited ? `${joined} No member could be reached yet. ${hint}` : `${joined} ${hint}`
}

export function showCode(output: Output, code: string, wantsQr: boolean): string {
  return `${withQr(output, code, wantsQr)}\nIt is for one other peer, and for ten minutes.`
}

export function showMet(
  output: Output,
  { spaces, agreed }: { spaces: readonly SpaceAnswer[]; agreed: boolean },
): string {
  const labels = spaces.map(({ label }) => JSON.stringify(output.safe(label))).join(', ')
  return `Met. In common: ${labels}; ${agreed ? 'both hold the same.' : 'not known to hold the same yet.'}`
}

/** An invitation or a code, and a QR code of it if asked for or on a terminal. */
export function withQr(output: Output, text: string, wantsQr: boolean): string {
  if (!wantsQr) return text
  const code = qrCode(text, { columns: output.columns, hasColor: output.hasColor })
  return `${text}\n${code ?? output.dim('(A QR code of it needs a wider terminal.)')}`
}
