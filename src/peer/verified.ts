// Invariant 12, in one place: of ranges that come from outside, those that are news here, each with its signature checked.

import { docTag, type SpaceKeys } from '../auth/keys.ts'
import type { Signing } from '../auth/signing.ts'
import { verifyRange } from '../auth/tip.ts'
import type { SignedRange } from '../core/range.ts'
import type { DocName } from '../sync/messages.ts'
import type { Document } from './document.ts'

// Some at a time: a key seen for the first time costs milliseconds, and a message may name tens of thousands.
const VERIFY_AT_ONCE = 32

/** The ranges of a document that say more than what is held. One that is not good refuses all of them. Errors: 'bad-message'. */
export async function verifiedNews(
  { spaceId, nameKey }: SpaceKeys,
  { name, generation }: DocName,
  document: Pick<Document, 'holds'> | undefined,
  ranges: readonly SignedRange[],
  signing: Signing,
): Promise<readonly SignedRange[]> {
  const news = document === undefined ? ranges : ranges.filter((range) => !document.holds(range))
  if (news.length === 0) return news
  const at = { spaceId, docTag: docTag(nameKey, name, generation) }
  for (let from = 0; from < news.length; from += VERIFY_AT_ONCE)
    await Promise.all(news.slice(from, from + VERIFY_AT_ONCE).map((range) => verifyRange(at, range, signing)))
  return news
}
