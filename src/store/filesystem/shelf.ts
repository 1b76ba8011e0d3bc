// The shelf in files: one small file for each key, 0600. Slashes become '_', which no key holds, so the folder is flat and a key such as
// '../x' stays inside. Synchronous: values are small, writes are rare, and so the order of the calls is the order on disk.

import { present } from '../../base/assert.ts'
import type { Host } from './disk.ts'
import { createSmall, makeFolder, readSmall, removeDrafts, removeFile, writeSmall } from './files.ts'

const suffix = '.value'

export class Shelf {
  readonly #host: Host
  readonly #folder: string

  constructor(host: Host, folder: string) {
    this.#host = host
    this.#folder = folder
    makeFolder(host.disk, folder)
    removeDrafts(host.disk, folder)
  }

  get(key: string): Uint8Array | undefined {
    return readSmall(this.#host, this.#path(key))
  }

  set(key: string, value: Uint8Array): void {
    writeSmall(this.#host, this.#path(key), value)
  }

  setOnce(key: string, value: Uint8Array): Uint8Array {
    if (createSmall(this.#host, this.#path(key), value)) return value.slice()
    return present(this.get(key), `the value of ${key} stands, since it could not be made anew`)
  }

  delete(key: string): void {
    removeFile(this.#host.disk, this.#path(key))
  }

  keys(prefix: string): string[] {
    const names = this.#host.disk.list(this.#folder).filter((name) => name.endsWith(suffix))
    const keys = names.map((name) => name.slice(0, -suffix.length).replaceAll('_', '/'))
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  #path(key: string): string {
    return this.#host.disk.join(this.#folder, key.replaceAll('/', '_') + suffix)
  }
}
