// What `npm run bench:sync` asks of an engine: documents that are one text each, opened on several sides that reach one another over real sockets.

export interface OpenOptions {
  /** 'a' makes the documents; 'b' takes them, and is the one behind the counting proxy. */
  readonly role: 'a' | 'b'
  /** Where a side without a server listens, and else where the server does. */
  readonly port: number
  /** Where others are to reach what listens at `port`: the proxy. */
  readonly publicPort: number
  /** A folder of its own. */
  readonly folder: string
  /** What `invitation` gave on the other side. */
  readonly invitation?: string
}

/** One side: a replica of each document. */
export interface Engine {
  /** What another side needs in order to open; empty where an address is enough. */
  invitation(): Promise<string>
  /** Makes documents with an empty text; gives the ids by which others take them. */
  make(names: readonly string[]): Promise<readonly string[]>
  /** Resolves when they are here, whatever they hold yet. */
  take(ids: readonly string[]): Promise<void>
  /** One change. */
  insert(id: string, index: number, text: string): void
  /** Many changes, one for each character, made as fast as this engine makes them where nobody listens; absent where that is the same as `insert`. */
  text(id: string): string
  length(id: string): number
  /** Is called after a document altered, by whomever. */
  onEdit(id: string, listener: () => void): void
  /** What was made is on disk, where this engine can say so. */
  settled(): Promise<void>
  /** Bytes in which what was made since the last call of this leaves, each edit with what proves it; ours alone. */
  news?(): number
}

export interface EngineModule {
  /** Where the sides meet at a server. */
  serve?(options: { readonly port: number; readonly folder: string }): Promise<void>
  open(options: OpenOptions): Promise<Engine>
}

export const engineNames = ['joinery', 'gossipsub', 'yjs', 'loro', 'automerge-repo', 'tinybase'] as const

/** What others rest on, not one that is compared with: it keeps no documents. */
export const floor = 'gossipsub'
