// A transaction keeps others out until it ends, and a page that is frozen ends nothing: the other tabs would wait for it, for hours. So what is under
// way when a page is put to sleep is taken back, and done again, from its beginning, when it wakes. What was on its way to disk already goes there.

import type { IDBPTransaction } from 'idb'
import type { Tables } from './database.ts'

type AnyTransaction = Pick<IDBPTransaction<Tables>, 'abort'>

interface Turn {
  readonly transaction: AnyTransaction
  wasTakenBack: boolean
}

export class Turns {
  readonly #open = new Set<Turn>()
  #waking: PromiseWithResolvers<void> | undefined

  /** Runs `act` on a transaction: once, unless sleep comes between. It must do the same when it is run again. */
  async take<T extends AnyTransaction, R>(begin: () => T, act: (transaction: T) => Promise<R>): Promise<R> {
    while (true) {
      await this.#waking?.promise
      const transaction = begin()
      const turn: Turn = { transaction, wasTakenBack: false }
      this.#open.add(turn)
      try {
        return await act(transaction)
      } catch (error) {
        if (!turn.wasTakenBack) throw error
      } finally {
        this.#open.delete(turn)
      }
    }
  }

  sleep(): void {
    this.#waking ??= Promise.withResolvers()
    for (const turn of this.#open) turn.wasTakenBack = abort(turn.transaction)
  }

  wake(): void {
    this.#waking?.resolve()
    this.#waking = undefined
  }
}

/** False where it is past that: it has ended, or goes to disk. */
export function abort(transaction: AnyTransaction): boolean {
  try {
    transaction.abort()
    return true
  } catch {
    return false
  }
}
