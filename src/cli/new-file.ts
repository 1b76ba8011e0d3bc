// A file that is whole or not there: written beside its place, for its owner alone, synced, and only then given its name.

import { constants } from 'node:fs'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { JoineryError, messageOf } from '../base/errors.ts'

export class NewFile {
  readonly path: string
  /** Bytes written so far. */
  sizeBytes = 0
  readonly #draft: string
  readonly #replace: boolean
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle, options: { readonly replace: boolean }) {
    this.path = path
    this.#draft = draftOf(path)
    this.#handle = handle
    this.#replace = options.replace
  }

  /** Begins a file. Errors: 'bad-option' if there is one that is not to be replaced, or none can be made there. */
  static async begin(name: string, options: { readonly replace: boolean }): Promise<NewFile> {
    const path = resolve(name)
    if (!options.replace && (await isThere(path))) throw exists(path)
    try {
      await rm(draftOf(path), { force: true }) // Of a process with our id, that was killed.
      return new NewFile(path, await open(draftOf(path), 'wx', 0o600), options)
    } catch (cause) {
      throw cannot(path, cause)
    }
  }

  /** Errors: 'store-full', 'bad-option'. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes)
      this.sizeBytes += bytes.length
    } catch (cause) {
      throw cannot(this.path, cause)
    }
  }

  /** The file is on the platter under its name when this resolves. */
  async finish(): Promise<void> {
    try {
      await this.#handle.sync()
      await this.#handle.close()
      if (this.#replace) await rename(this.#draft, this.path)
      else await link(this.#draft, this.path)
    } catch (cause) {
      throw isCode(cause, 'EEXIST') ? exists(this.path) : cannot(this.path, cause)
    } finally {
      await rm(this.#draft, { force: true })
    }
    await syncFolder(dirname(this.path))
  }

  /** As if it had never begun. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => {}) // Closed already, where finishing failed.
    await rm(this.#draft, { force: true })
  }
}

function draftOf(path: string): string {
  return `${path}.${process.pid}.draft`
}

async function isThere(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}

/** A name is durable only when its folder is. Windows cannot sync one, and need not. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

function exists(path: string): JoineryError {
  return new JoineryError('bad-option', `${path} is there already. Name another file, or replace it with --force.`)
}

function cannot(path: string, cause: unknown): JoineryError {
  if (isCode(cause, 'ENOSPC') || isCode(cause, 'EDQUOT'))
    return new JoineryError('store-full', `No room is left for ${path}.`, { cause })
  return new JoineryError('bad-option', `${path} cannot be written: ${messageOf(cause)}.`, { cause })
}

function isCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code
}
