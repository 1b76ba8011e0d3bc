// A way into the streams of a real libp2p node: as a service of the node, which is handed its parts.

import type { Connection, Stream } from '@libp2p/interface'

/** Parts of libp2p that services are handed. */
export interface Components {
  readonly registrar: { getMiddleware(protocol: string): Middleware[] }
}

type Middleware = (
  stream: Stream,
  connection: Connection,
  next: (stream: Stream, connection: Connection) => void,
) => void

/** Shows each stream of these protocols (by the start of their names), opened by either side, before anything is read from it. */
export function onStreams(
  { registrar }: Components,
  protocols: readonly string[],
  see: (stream: Stream) => void,
): object {
  const middleware: Middleware = (stream, connection, next) => {
    see(stream)
    next(stream, connection)
  }
  // A list of its own each time: libp2p 3.3 appends the handler of every stream to the one that `use` was given.
  registrar.getMiddleware = (protocol) => (protocols.some((start) => protocol.startsWith(start)) ? [middleware] : [])
  return {}
}
