// Files and folders of a simulated disk, each as processes see it and as it is on the platter, with what was done since the last sync between the
// two. A file's sync does not make its name durable, nor a folder's sync what its files hold: no more than POSIX promises.

import { concatBytes } from '../base/bytes.ts'

export interface FileNode {
  readonly type: 'file'
  content: Uint8Array
  durable: Uint8Array
  pending: readonly FileChange[]
  /** A sync failed: the system calls clean what never reached the platter, so no later sync writes it. */
  isDoubtful: boolean
}

export type FileChange =
  | { readonly type: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly sizeBytes: number }

export interface FolderNode {
  readonly type: 'folder'
  readonly names: Map<string, DiskNode>
  durable: ReadonlyMap<string, DiskNode>
  pending: readonly FolderChange[]
}

/** What names stand for from now on, undefined for none; a rename is two, at once. */
export type FolderChange = readonly (readonly [name: string, node: DiskNode | undefined])[]

export type DiskNode = FileNode | FolderNode

export function newFile(bytes: Uint8Array = new Uint8Array(0)): FileNode {
  return { type: 'file', content: bytes, durable: bytes, pending: [], isDoubtful: false }
}

export function newFolder(): FolderNode {
  return { type: 'folder', names: new Map(), durable: new Map(), pending: [] }
}

export function changeFile(file: FileNode, change: FileChange): void {
  file.content = applied(file.content, change)
  file.pending = [...file.pending, change]
}

export function changeFolder(folder: FolderNode, change: FolderChange): void {
  for (const [name, node] of change) {
    if (node === undefined) folder.names.delete(name)
    else folder.names.set(name, node)
  }
  folder.pending = [...folder.pending, change]
}

export function syncNode(node: DiskNode): void {
  if (node.type === 'folder') {
    node.durable = new Map(node.names)
    node.pending = []
  } else if (!node.isDoubtful) {
    node.durable = node.content
    node.pending = []
  }
}

/** The bytes of a file after one more change; a gap before a write reads as zeros. */
export function applied(bytes: Uint8Array, change: FileChange): Uint8Array {
  if (change.type === 'truncate')
    return concatBytes(
      bytes.subarray(0, change.sizeBytes),
      new Uint8Array(Math.max(0, change.sizeBytes - bytes.length)),
    )
  const { offset, bytes: written } = change
  if (offset === bytes.length) return concatBytes(bytes, written)
  const result = new Uint8Array(Math.max(bytes.length, offset + written.length))
  result.set(bytes)
  result.set(written, offset)
  return result
}
