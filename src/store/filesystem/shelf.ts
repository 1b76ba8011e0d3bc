// The shelf in files: one small file for each key, 0600. Slashes become '_', which no key holds, so the folder is flat and a key such as
// '../x' stays inside. Synchronous: values are small, writes are rare, and so the order of the calls is the order on disk.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { present } from '../../base/assert.ts'
import { createSmall, makeFolder, readSmall, removeDrafts, removeFile, writeSmall } from './files.ts'

const suffix = '.value'

export class Shelf {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    makeFolder(folder)
    removeDrafts(folder)
  }

  get(key: string): Uint8Array | undefined {
    return readSmall(this.#path(key))
  }

  set(key: string, value: Uint8Array): void {
    writeSmall(this.#path(key), value)
  }

  setOnce(key: string, value: Uint8Array): Uint8Array {
    if (createSmall(this.#path(key), value)) return value.slice()
    return present(this.get(key), `the value of ${key} stands, since it could not be made anew`)
  }

  delete(key: string): void {
    removeFile(this.#path(key))
  }

  keys(prefix: string): string[] {
    const names = fs.readdirSync(this.#folder).filter((name) => name.endsWith(suffix))
    const keys = names.map((name) => name.slice(0, -suffix.length).replaceAll('_', '/'))
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  #path(key: string): string {
    return join(this.#folder, key.replaceAll('/', '_') + suffix)
  }
}
