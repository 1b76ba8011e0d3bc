// A tab that is frozen as browsers freeze what nobody looks at, and wakes an hour later by its clocks: how long until it agrees with the member outside.

import { setTimeout as sleep } from 'node:timers/promises'
import { pageProgram } from './bundle.ts'
import { Outside } from './outside.ts'
import { OwnChromium } from './own-chromium.ts'
import { PlainTab } from './plain-tab.ts'

export interface Thawed {
  /** From the thaw until both have what the other wrote, and say that they agree. */
  readonly agreedMs: number
  /** How far the page's clocks went beyond the machine's. */
  readonly leapMs: number
  /** Codes of what went wrong. */
  readonly errors: readonly string[]
}

const hourMs = 3_600_000

/** Freezes a tab, alone in its browser, for so long. */
export async function thaw(frozenMs: number): Promise<Thawed> {
  const outside = await Outside.open()
  const browser = await OwnChromium.open(await pageProgram('tab-page.ts'), { plain: true })
  try {
    const tab = await openTab(browser, outside)
    const agree = (): Promise<boolean> => tab.evaluate(() => globalThis.tab.status().upToDate)
    await until(async () => outside.upToDate && (await agree()), 'they agree')
    await PlainTab.open(browser.protocol, 'about:blank') // Nobody looks: only hidden tabs are frozen.
    await tab.send('Page.setWebLifecycleState', { state: 'frozen' })
    outside.write('while it was frozen')
    await sleep(frozenMs)
    const thawedAt = performance.now()
    await tab.send('Page.setWebLifecycleState', { state: 'active' })
    await tab.show()
    await tab.evaluate(() => globalThis.tab.write('after the thaw'))
    const items = (): Promise<readonly string[]> => tab.evaluate(() => globalThis.tab.items())
    await until(async () => (await items()).includes('while it was frozen'), 'the tab has what it missed')
    await until(() => outside.items.includes('after the thaw'), 'the member outside has what the tab wrote')
    await until(async () => outside.upToDate && (await agree()), 'they agree again')
    const agreedMs = performance.now() - thawedAt
    const leapMs = (await tab.evaluate(() => Date.now())) - Date.now()
    const errors = [...(await tab.evaluate(() => globalThis.tab.errors)), ...outside.errors]
    return { agreedMs, leapMs, errors }
  } finally {
    await browser.close()
    await outside.close()
  }
}

async function openTab(browser: OwnChromium, outside: Outside): Promise<PlainTab> {
  const tab = await PlainTab.open(browser.protocol, 'about:blank')
  await tab.send('Page.enable')
  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${leapAtThaw})(${hourMs})` })
  await tab.send('Page.navigate', { url: browser.url })
  await until(() => tab.evaluate(() => globalThis.tab !== undefined).catch(() => false), 'the page is there')
  await tab.evaluate((argument) => globalThis.tab.open(argument), { ticket: outside.ticket, name: 'browser' })
  return tab
}

/** In the page, before anything else: when it thaws, its clocks have moved on, as those of a computer that was asleep. */
function leapAtThaw(ms: number): void {
  let leptMs = 0
  for (const clock of [Date, performance]) {
    const now = clock.now.bind(clock)
    clock.now = () => now() + leptMs
  }
  document.addEventListener('resume', () => {
    leptMs += ms
  })
}

async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`)
    await sleep(10)
  }
}
