// The answers of the commands that care for data, in words.

import type { Compacted, Finding, FolderReport, RepairReport, Restored } from '../node.ts'
import type { SpaceAnswer } from './answers.ts'
import type { Finding as DoctorFinding } from './doctor.ts'
import type { Output } from './output.ts'

export interface BackedUp {
  readonly file: string
  readonly bytes: number
  readonly withKeys: boolean
  readonly isWhole: boolean
  readonly spaces: readonly SpaceAnswer[]
}

export function showBackup(output: Output, { file, bytes, withKeys, isWhole, spaces }: BackedUp): string {
  const labels = spaces.map(({ label }) => JSON.stringify(output.safe(label))).join(', ')
  const documents = spaces.reduce((sum, space) => sum + space.documents.length, 0)
  const advice = withKeys
    ? 'Whoever has this file is a member of what is in it, for ever: keep it as you would a house key.'
    : 'Members alone can read it. Where nothing else is left, an invitation is needed to restore it: keep one elsewhere ("joinery invite SPACE"), or back up with --with-keys.'
  const head = `Wrote ${showBytes(bytes)} to ${file}: ${countOf(documents, 'document')} of ${labels === '' ? 'no space' : labels}.`
  const warning = 'Some of these are damaged here, and so not whole in it: "joinery fsck" says which.'
  return [head, ...(isWhole ? [] : [output.bold(warning)]), advice].join('\n')
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

export function showFindings(output: Output, findings: readonly DoctorFinding[]): string {
  const lines = findings.map(({ about, state, message }) => {
    const mark = state === 'good' ? output.dim(marks[state]) : output.bold(marks[state])
    return `${mark}  ${about.padEnd(8)} ${output.safe(message)}`
  })
  const isBad = findings.some(({ state }) => state === 'bad')
  return [...lines, isBad ? 'Something is wrong: see BAD above.' : 'Nothing is wrong.'].join('\n')
}

/** Thousands of documents may be hurt by one thing: so many are named. */
const findingsShown = 20
const states = { harmless: 'harmless', heals: 'damaged ', lost: 'LOST    ' } as const

export function showReport(output: Output, report: FolderReport | RepairReport): string {
  const { isWhole, findings, segments, bytes, spaces, documents, edits } = report
  // What has to be done something for comes first.
  const ordered = (['lost', 'heals', 'harmless'] as const).flatMap((state) =>
    findings.filter((finding) => finding.state === state),
  )
  const lines = ordered.slice(0, findingsShown).flatMap((finding) => showFinding(output, finding))
  const left = findings.length - findingsShown
  if (left > 0) lines.push(`          … and ${left} more: --json tells all of them.`)
  const read = `Read ${showBytes(bytes)} in ${countOf(segments, 'segment')}: ${countOf(spaces, 'space')}, ${countOf(documents, 'document')}, ${countOf(edits, 'edit')}.`
  const verdict = isWhole ? 'Nothing is damaged.' : 'Some of it is damaged: see above.'
  return [...lines, read, ...showRepair(report), verdict].join('\n')
}

function showFinding(output: Output, { where, damage, follows, state }: Finding): string[] {
  const word = state === 'harmless' ? output.dim(states[state]) : output.bold(states[state])
  return [`${word}  ${output.safe(where)}: ${output.safe(damage)}`, `          ${follows}`]
}

function showRepair(report: FolderReport | RepairReport): string[] {
  if (!('before' in report)) return []
  const { before, findings, kept } = report
  const mended = `Before the repair there were ${countOf(before.length, 'finding')}; now ${findings.length}.`
  return kept.length === 0 ? [mended] : [mended, `Moved away, and kept: ${kept.join(', ')}.`]
}

function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
