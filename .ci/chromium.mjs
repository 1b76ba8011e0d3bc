// Where Chromium is on this machine. Used by setup, by the tests' configuration and by the tests that start their own.

import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'chrome.exe']
const places = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** Whether `$CHROMIUM`, the search path or the usual places hold it; else the one that Playwright downloaded, if it did.
 * @returns {Promise<string | undefined>} */
export async function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  const found = onPath(names) ?? places.find((path) => existsSync(path))
  if (found) return found
  const downloaded = await import('playwright').then(({ chromium }) => chromium.executablePath()).catch(() => '')
  return downloaded && existsSync(downloaded) ? downloaded : undefined
}

/** The flags that tests need: no sandbox where we are root, and nothing that talks to the outside on its own. */
export const chromiumArgs = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** The first of these commands on the search path (with the folders of system tools, which root alone may have there).
 * @param {string[]} commands
 * @returns {string | undefined} */
export function onPath(commands) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean)
  return commands.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
