// Traces and conformance suites stand beside the project, not in it. Tests that need them are skipped where they are absent.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = process.env.JOINERY_DATA ?? resolve(root, '../shared')

/** Where a file of the test data is, by its path inside the data folder: `dataPath('traces/README.md')`. */
export function dataPath(path: string): string {
  return join(folder, path)
}

/** Whether the test data, or this file or folder of it, is there. */
export function hasData(path = ''): boolean {
  return existsSync(dataPath(path))
}
