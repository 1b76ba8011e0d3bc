// Folders for tests, removed at the end.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const parent = mkdtempSync(join(tmpdir(), 'joinery-store-'))
let count = 0

/** A path that nothing stands at. */
export function freshFolder(): string {
  return join(parent, `s${count++}`)
}

export function removeFolders(): void {
  rmSync(parent, { recursive: true, force: true })
}
