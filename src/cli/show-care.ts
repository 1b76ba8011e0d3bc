// The answers of the commands that care for data, in words.

import type { Compacted, FolderReport, RepairReport, Restored } from '../node.ts'
import type { SpaceAnswer } from './answers.ts'
import type { Finding } from './doctor.ts'
import type { Output } from './output.ts'

export interface BackedUp {
  readonly file: string
  readonly bytes: number
  readonly withKeys: boolean
  readonly spaces: readonly SpaceAnswer[]
}

export function showBackup(output: Output, { file, bytes, withKeys, spaces }: BackedUp): string {
  const labels = spaces.map(({ label }) => JSON.stringify(output.safe(label))).join(', ')
  const documents = spaces.reduce((sum, space) => sum + space.documents.length, 0)
  const advice = withKeys
    ? 'Whoever has this file is a member of what is in it, for ever: keep it as you would a house key.'
    : 'Members alone can read it. Where nothing else is left, an invitation is needed to restore it: keep one elsewhere ("joinery invite SPACE"), or back up with --with-keys.'
  return `Wrote ${showBytes(bytes)} to ${file}: ${countOf(documents, 'document')} of ${labels === '' ? 'no space' : labels}.\n${advice}`
}

export function showRestored(output: Output, { spaces, sealed }: Restored): string {
  const lines = spaces.map(({ label, documents, edits }) => {
    const news = edits === 0 ? 'nothing was new here' : `${countOf(edits, 'edit')} were new here`
    return `${output.bold(output.safe(label))}: ${countOf(documents, 'document')} read, ${news}.`
  })
  if (sealed > 0)
    lines.push(
      `${countOf(sealed, 'space')} in it cannot be read: this peer does not belong there. Restore again with --invitation.`,
    )
  return lines.length === 0 ? 'There was nothing in it.' : lines.join('\n')
}

export interface Shrunk extends Compacted {
  readonly bytesBefore: number
  readonly bytesAfter: number
}

export function showCompacted({ documents, kept, bytesBefore, bytesAfter }: Shrunk): string {
  const head = `${countOf(documents, 'document')} written anew; the log was ${showBytes(bytesBefore)} and is ${showBytes(bytesAfter)}.`
  if (kept === 0) return head
  return `${head}\n${countOf(kept, 'document')} stay as they are for now: being written in, or not whole ("joinery status" says more).`
}

const marks = { good: 'ok  ', hint: 'hint', bad: 'BAD ' } as const

export function showFindings(output: Output, findings: readonly Finding[]): string {
  const lines = findings.map(({ about, state, message }) => {
    const mark = state === 'good' ? output.dim(marks[state]) : output.bold(marks[state])
    return `${mark}  ${about.padEnd(8)} ${output.safe(message)}`
  })
  const isBad = findings.some(({ state }) => state === 'bad')
  return [...lines, isBad ? 'Something is wrong: see BAD above.' : 'Nothing is wrong.'].join('\n')
}

export function showReport(output: Output, report: FolderReport | RepairReport): string {
  const { isWhole, findings, segments, bytes, spaces, documents, edits } = report
  const lines = findings.flatMap(({ where, damage, follows, state }) => [
    `${state === 'harmless' ? output.dim('harmless') : output.bold(state === 'heals' ? 'damaged ' : 'LOST    ')}  ${output.safe(where)}: ${output.safe(damage)}`,
    `          ${follows}`,
  ])
  const read = `Read ${showBytes(bytes)} in ${countOf(segments, 'segment')}: ${countOf(spaces, 'space')}, ${countOf(documents, 'document')}, ${countOf(edits, 'edit')}.`
  const verdict = isWhole ? 'Nothing is damaged.' : 'Some of it is damaged: see above.'
  const kept = 'kept' in report && report.kept.length > 0 ? [`Moved away, and kept: ${report.kept.join(', ')}.`] : []
  const mended =
    'before' in report
      ? [`Before the repair there were ${countOf(report.before.length, 'finding')}; now ${findings.length}.`]
      : []
  return [...lines, read, ...mended, ...kept, verdict].join('\n')
}

function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
