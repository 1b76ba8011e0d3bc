// One line per event, fixed columns, peers by short name. Off by default and free when off.
//    +12ms  a  edit      a:5   insert 0 "hi"          {a:5 b:2}

/** Takes one event: who, what kind, and words about it. */
export type Trace = (event: string, ...details: readonly unknown[]) => void

export const noTrace: Trace = () => {}
