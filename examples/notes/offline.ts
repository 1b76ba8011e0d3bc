// Keeps the page itself in this browser, so that it opens when the peer that served it is gone (service-worker.ts).

/** Begins to keep it; `updated` is called when a newer build of the page is there. */
export async function keepPage(updated: () => void): Promise<void> {
  // Some browsers have none in private windows. Then the page works as long as it is served.
  if (!('serviceWorker' in navigator)) return
  const registration = await navigator.serviceWorker.register('./service-worker.js', { updateViaCache: 'none' })
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'activated') void isOtherBuild().then((isOther) => isOther && updated())
    })
  })
}

/** Whether what is served now is another build than this page. */
async function isOtherBuild(): Promise<boolean> {
  const own = document.querySelector('meta[name="build"]')?.getAttribute('content') ?? ''
  const served = await fetch('./', { cache: 'no-store' }).then((answer) => answer.text())
  return !served.includes(own)
}
