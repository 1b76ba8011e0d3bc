// Faults that other engines had, or have, each as a patch to a copy of this one: none of them stands in src. A simulated world must find each.

export interface Fault {
  readonly name: string
  readonly edits: readonly Edit[]
}

/** `from` stands in the file once. */
interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

export const faults: readonly Fault[] = [
  {
    name: 'what builds on edits that are not here is not kept until they come',
    edits: [
      {
        file: 'src/replica/admission.ts',
        from: 'if (dot !== ready) return waiting(dot)',
        to: '',
      },
    ],
  },
  {
    name: 'what comes again is taken again',
    edits: [
      {
        file: 'src/peer/verified.ts',
        from: 'ranges.filter((range) => !document.holds(range))',
        to: 'ranges',
      },
      {
        file: 'src/replica/admission.ts',
        from: "return this.#isKnown(range, branch, table) ? { type: 'known' } : undefined",
        to: 'return undefined',
      },
    ],
  },
  {
    name: 'of two who write at once, the one goes first who came here first',
    edits: [
      {
        file: 'src/crdt/fugue-max.ts',
        from: 'return branch === theirs ? id < other : makers.compare(branch, theirs) < 0',
        to: 'return id < other',
      },
    ],
  },
  {
    name: 'an edit is published before it is on disk',
    edits: [
      {
        file: 'src/peer/writer.ts',
        from: 'await this.#append(taken)\n      for (const part of taken) this.#settle(part)',
        to: 'for (const part of taken) this.#settle(part)\n      await this.#append(taken)',
      },
    ],
  },
  {
    name: 'what waited is delivered by recursion',
    edits: [
      {
        file: 'src/replica/intake.ts',
        from: 'for (const range of this.#buffer.take(actor, this.#host.heldOf(actor), stays).reverse()) work.push(range)',
        to: 'for (const range of this.#buffer.take(actor, this.#host.heldOf(actor), stays)) this.#step(range, work)',
      },
    ],
  },
  {
    name: 'a full buffer drops the oldest, which is what all the rest waits for',
    edits: [
      {
        file: 'src/core/buffer.ts',
        from: 'furthest?.ranges.splice(furthest.at, 1)',
        to: 'furthest?.ranges.splice(0, 1)',
      },
    ],
  },
  {
    name: 'members say what they hold when they meet, and never again',
    edits: [
      {
        file: 'src/peer/states.ts',
        from: 'if (contacts.agreedWith(contact)) this.#agree(contact)\n        this.#say(contact)',
        to: 'if (contacts.agreedWith(contact)) this.#agree(contact)',
      },
      {
        file: 'src/peer/states.ts',
        from: 'for (const contact of told) this.#say(contact)',
        to: '',
      },
    ],
  },
  {
    name: 'digests are joined by XOR, so that what is noted twice is as if it had never been',
    edits: [
      {
        file: 'src/sync/inventory.ts',
        from: 'this.#sum += MODULUS - toBigInt(old.term)',
        to: '',
      },
      {
        file: 'src/sync/inventory.ts',
        from: 'this.#sum += toBigInt(term)',
        to: 'this.#sum ^= toBigInt(term)',
      },
    ],
  },
  {
    name: 'a snapshot is deleted with what it replaces',
    edits: [
      {
        file: 'src/store/filesystem/stream-index.ts',
        from: 'this.#streams.set(snapshot.stream, [snapshot, ...kept])\n    count(snapshot, 1)',
        to: 'this.#streams.set(snapshot.stream, [snapshot, ...kept])',
      },
    ],
  },
  {
    name: 'whose disk was set back goes on with the numbers that it used before',
    edits: [
      {
        file: 'src/peer/doubts.ts',
        from: 'if (instances.size === 0) return false\n    this.#context.retire(instances).catch((cause: unknown) => this.#failed(cause))',
        to: 'if (instances.size === 0) return false',
      },
      {
        file: 'src/peer/doubts.ts',
        from: 'this.#context.doubt(news)',
        to: '',
      },
    ],
  },
  {
    name: 'whoever is sent something has it',
    edits: [
      {
        file: 'src/peer/gossip.ts',
        from: 'void this.#send(plain, document.id.name)',
        to: 'void this.#send(plain, document.id.name)\n    for (const { holdings } of this.#options.contacts) holdings.take([{ document: document.id, version: document.stated }], false)',
      },
    ],
  },
  {
    name: 'who crashed is seen for ever',
    edits: [
      {
        file: 'src/peer/attendance.ts',
        from: 'now - heardAt >= limits.presenceGoneMs)',
        to: 'now - heardAt >= 86_400_000)',
      },
      {
        file: 'src/peer/attendance.ts',
        from: '({ heardAt }) => heardAt)) + limits.presenceGoneMs',
        to: '({ heardAt }) => heardAt)) + 86_400_000',
      },
    ],
  },
]
