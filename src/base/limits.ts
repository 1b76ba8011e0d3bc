// Every limit of the package, named, with the reason for the number. At a limit we refuse, or drop and pull, and say so.

const KiB = 1024
const MiB = 1024 * KiB

export const limits = {
  /** A document's name in UTF-8 bytes: fits a file name and a line of a screen. */
  documentNameBytes: 256,
  /** A space's local label in UTF-8 bytes. */
  labelBytes: 256,
  /** Containers within containers, and `json()` within itself: deep enough for any outline, shallow enough for any stack. */
  depth: 100,
  /** One value (a string, bytes, json) in encoded bytes: larger things are files, not values. */
  valueBytes: 8 * MiB,
  /** A map key in UTF-8 bytes. */
  keyBytes: 1024,
  /** Unit ops in one change and in one delta. A run is a few bytes, so counts are charged like bytes (FORMAT §2). */
  changeOps: 2 ** 20,
  /** Encoded bytes of one change. */
  changeBytes: 32 * MiB,
  /** Unit ops of one actor in one document, and items in one list. */
  seq: 2 ** 31 - 1,
  /** A snapshot, and what it inflates to: far above any document, and far below what ends a process. */
  snapshotBytes: 256 * MiB,
  /** Continuations of one forked actor in a document: far above any accident with a backup; each is looked at when one of them goes on. */
  branches: 64,
  /** Chains of forked actors that are looked at for what one body names by hashes: each may cost the hash of 256 ops. */
  bodyLookups: 65_536,
  /** Histories of forked actors upon which a body is tried, if it does not say which is meant: so many, or more as long as that reads few bytes. */
  bodyTries: 4,
  bodyTriedBytes: MiB,
  /** How often bodies that wait for one another are read to find out which of them can be held, and besides as many bytes as one may be tried. */
  circleReads: 8,
  /** Parents of one change (FORMAT §2). */
  links: 32,
  /** Bytes waiting in the causal buffer of one document; beyond, what is furthest from the frontier is dropped and pulled again. */
  bufferBytes: 16 * MiB,
  /** What one change says that it follows in other documents, in bytes: as many as any meta op's part has. */
  dependsBytes: 4096,
  /** Writers whose edits wait for other documents of a space: each is looked at when one of these documents changes. */
  crossings: 4096,
  /** Of these, bytes and ranges of one author: nobody alone crowds out the others. */
  bufferAuthorBytes: 8 * MiB,
  bufferAuthorRanges: 2048,
  /** Bytes waiting in all causal buffers of a peer, and of these what one neighbour handed on. */
  bufferTotalBytes: 128 * MiB,
  bufferSourceBytes: 32 * MiB,
  /** Ranges waiting in the causal buffer of one document. */
  bufferRanges: 4096,
  /** Documents of a space in which something is missing that are written down across a restart; of each so many edits, and devices to ask for them. */
  wants: 256,
  wantDots: 64,
  wantDevices: 8,
  /** A gossip message carries at most so many sealed bytes; what is larger is announced and pulled (DESIGN §6). */
  gossipInlineBytes: 16 * KiB,
  /** Own edits that keep coming leave by gossip together, in windows between these; or as soon as so many wait. */
  outboxMinMs: 4,
  outboxMaxMs: 50,
  outboxRanges: 1024,
  /** Changes that name themselves, and that nothing built on yet, kept of a document for when something does; and their bytes. */
  dormant: 64,
  dormantBytes: 4 * MiB,
  /** The one explicit limit of gossipsub's frames. Far above what we send, since one oversized frame makes a receiver deaf to its sender. */
  gossipFrameBytes: 1 * MiB,
  /** One frame on a sync stream. */
  frameBytes: 4 * MiB,
  /** Delta bytes in one frame: a large delta goes in parts, so that progress shows and memory stays bounded. */
  deltaPartBytes: 256 * KiB,
  /** One chunk of a bundle, sealed, and what it inflates to: the largest change there may be, and what stands around it. */
  bundleChunkBytes: 33 * MiB,
  /** Coded symbols taken in one reconciliation: enough for 40,000 differences, a megabyte; what differs more is told whole, or found by ranges. */
  symbols: 65_536,
  /** Ids in a set of which symbols are made. */
  symbolIds: 2 ** 31 - 1,
  /** Messages one reconciliation by ranges may take: ranges are split in sixteen, so nine find one id of 2^32, and are answered. */
  rangeRounds: 16,
  /** Ranges, and ids in all, that one message of it holds: what is beyond is left to the next reconciliation. */
  ranges: 1_024,
  rangeIds: 4_096,
  /** Pulls at once of one member: each is answered in its turn, and a member that asks for more ends the session. */
  pulls: 1_024,
  /** Documents in one space. */
  documents: 100_000,
  /** What documents that were read may take in memory before those used longest ago are let go: some two thousand small ones, or a few large. */
  awakeBytes: 64 * MiB,
  /** Spaces one peer belongs to: a stranger's first frame is tried against the key of each. */
  spaces: 1024,
  /** Hello must complete within this time, or the stranger is disconnected (DESIGN §7). */
  helloMs: 10_000,
  /** An answer within a session must come in this time. */
  answerMs: 20_000,
  /** Sessions are pinged when nothing is heard for so long, and ended after `silenceMs`: three pings unanswered. */
  pingMs: 1_500,
  silenceMs: 5_000,
  /** What gossip brought too early waits this long before it is pulled (DESIGN §4). */
  graceMs: 150,
  /** Redial attempts start this far apart and back off to `redialMaxMs`. */
  redialMinMs: 500,
  redialMaxMs: 2_000,
  /** Beacon interval: Trickle from min to max (DESIGN §6). */
  beaconMinMs: 1_000,
  beaconMaxMs: 60_000,
  /** Sessions a beacon is sent to. */
  beaconPeers: 12,
  /** What one window shows of itself in one document, as JSON: a name, a colour, a cursor or two. Documents in which it may show itself at once. */
  presenceBytes: 1 * KiB,
  presenceDocuments: 12,
  /** Windows of others kept in a space, and of one device; whoever knows of so many before itself says nothing: more than can be looked at. */
  presenceWindows: 64,
  presenceDeviceWindows: 8,
  /** A window says that it is still here this often, and is gone when nothing was heard for so long: two may be lost, and a crash shows within 10 s. */
  presenceBeatMs: 3_000,
  presenceGoneMs: 9_000,
  /** Changes of a state are sent at most this often: a cursor moves smoothly enough. */
  presenceGapMs: 100,
  /** Beats a second taken of one device (twice what an honest one sends), and of one neighbour, each of which costs a check of its signature. */
  presenceDeviceRate: 20,
  presenceNeighbourRate: 250,
  /** Of who is not in contact, beats made at another time than so near ours are recordings; clocks are wrong by less. */
  presenceClockMs: 3_600_000,
  /** Neighbours by BroadcastChannel: tabs and workers of one origin. */
  broadcastPeers: 64,
  /** Members' addresses kept in the address book, and addresses of one member. */
  bookPeers: 1024,
  bookAddresses: 8,
  /** A ticket holds at most so many addresses in all, of at most so many members. */
  ticketAddresses: 4,
  ticketBytes: 2048,
  /** The token of a session in bytes, which travels in a message or an address: some thousand documents. Newest ops of one document in it. */
  sessionBytes: 64 * KiB,
  sessionHeads: 1_024,
  /** A code for meeting by hand, in bytes; the addresses in it; how long it is good (people carry it); and codes that wait at once, with a socket each. */
  meetingCodeBytes: 512,
  meetingCandidates: 8,
  meetingMs: 10 * 60_000,
  meetings: 8,
  /** One record in a store. */
  recordBytes: 64 * MiB,
  /** Bytes one append may hold, and bytes that may wait in a store's queue: a slow disk is told, not buffered without end. */
  storeQueueBytes: 256 * MiB,
  /** A filesystem segment's size at which the next one is begun. */
  segmentBytes: 8 * MiB,
  /** A segment that grows is ended early when compaction leaves it mostly dead, if it has so many bytes: fewer are not worth the syncs. */
  sparseBytes: 64 * KiB,
  /** What one step of the background compaction carries forward: a millisecond or two that an append behind it may wait. */
  carryBytes: 64 * KiB,
  /** An IndexedDB pack. */
  packBytes: 256 * KiB,
  /** A visible tab that waits to lead asks the leader this often, and takes the lead when it was silent for so long: within 3 s in all (DESIGN §8). */
  leaderAskMs: 500,
  leaderSilenceMs: 1_500,
  /** A tab that must close its database for a newer version saves what it can within this time; the newer one waits so long, then says who is in its way. */
  lastCallMs: 1_000,
  blockedMs: 3_000,
  /** A tab looks this often for what others appended, since a hint may be lost with the tab that meant to give it. */
  tailLookMs: 5_000,
} as const
