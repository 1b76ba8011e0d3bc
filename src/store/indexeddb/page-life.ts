// What the browser does with a page while it lives: shows it, hides it, puts it to sleep and wakes it. A worker has no page: it counts as visible,
// and never sleeps.

import type { Off } from '../../base/emitter.ts'

export interface PageLife {
  isVisible(): boolean
  /** It was shown or hidden. */
  onVisibility(listener: () => void): Off
  /** It is about to be frozen, or left and perhaps kept for "back" to bring again: what is not done now may be done in an hour, or never. */
  onSleep(listener: (how: 'frozen' | 'left') => void): Off
  /** It may have slept, and missed what others said. */
  onWake(listener: () => void): Off
}

export const pageLife: PageLife = {
  isVisible: () => globalThis.document?.visibilityState !== 'hidden',
  onVisibility: (listener) => listen(globalThis.document, 'visibilitychange', listener),
  onSleep: (listener) =>
    both(
      listen(globalThis.document, 'freeze', () => listener('frozen')),
      listen(globalThis, 'pagehide', () => listener('left')),
    ),
  onWake(listener) {
    const shown = (): void => {
      if (pageLife.isVisible()) listener()
    }
    return both(
      both(listen(globalThis.document, 'resume', listener), listen(globalThis, 'pageshow', listener)),
      listen(globalThis.document, 'visibilitychange', shown),
    )
  },
}

function listen(target: EventTarget | undefined, name: string, listener: () => void): Off {
  target?.addEventListener(name, listener)
  return () => target?.removeEventListener(name, listener)
}

function both(offA: Off, offB: Off): Off {
  return () => {
    offA()
    offB()
  }
}
