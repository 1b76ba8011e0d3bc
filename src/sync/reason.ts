// Why something is exchanged, as a type: in traces, in statuses, and where it is decided.

/**
 * 'neighbour': a member was met · 'resumed': it was met again, after a break · 'news': somebody said that it has more · 'gap': something came whose cause
 * is missing · 'overflow': something that waited had to be dropped · 'digest': the beacons showed a difference that lasts · 'asked': the other side asked.
 */
export type SyncReason = 'neighbour' | 'resumed' | 'news' | 'gap' | 'overflow' | 'digest' | 'asked'

const words: Readonly<Record<SyncReason, string>> = {
  neighbour: 'since it was met',
  resumed: 'since it was met again',
  news: 'since it has news',
  gap: 'since something is missing in between',
  overflow: 'since too much was waiting',
  digest: 'since a difference was found',
  asked: 'since it asked',
}

/** The reason in a sentence: 'is being asked, since it has news'. */
export function reasonWords(reason: SyncReason): string {
  return words[reason]
}
