// The project's files as text, for tests that read it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string
  readonly text: string
}

export interface Import {
  readonly from: string
  readonly to: string
  readonly isType: boolean
}

/** The files beneath a folder whose names match; those of the folder alone with `depth` 1. */
export function files(folder: string, name: RegExp, depth = Number.POSITIVE_INFINITY): readonly SourceFile[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: depth > 1, encoding: 'utf8' })
    .filter((file) => name.test(file) && !/^output|node_modules/.test(file))
    .map((file) => ({
      path: join(folder, file).split(sep).join('/'),
      text: readFileSync(join(root, folder, file), 'utf8'),
    }))
}

const specifiers = [
  /^(?:import|export)( type)?\b[^'"]*?\bfrom '(\.[^']+)'/gm,
  /^import()? '(\.[^']+)'/gm,
  /\bimport()?\('(\.[^']+)'\)/gm,
]

/** Which file imports which of ours. */
export function imports(list: readonly SourceFile[]): readonly Import[] {
  return list.flatMap(({ path, text }) =>
    specifiers.flatMap((specifier) =>
      [...text.matchAll(specifier)].map(([, type, to = '']) => ({
        from: path,
        to: join(dirname(path), to).split(sep).join('/'),
        isType: type !== undefined,
      })),
    ),
  )
}

/** Where a pattern stands in the code (not in comments) of these files, as `path:line`. */
export function findInCode(list: readonly SourceFile[], pattern: RegExp): readonly string[] {
  return find(list, pattern)
    .filter(({ line }) => !/^\s*(\/\/|\*|\/\*)/.test(line))
    .map(({ place }) => place)
}

/** The same, in comments too, with the lines. */
export function find(list: readonly SourceFile[], pattern: RegExp): readonly { place: string; line: string }[] {
  return list.flatMap(({ path, text }) =>
    text
      .split('\n')
      .map((line, index) => ({ place: `${path}:${index + 1}`, line }))
      .filter(({ line }) => pattern.test(line)),
  )
}
