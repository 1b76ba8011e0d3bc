// Serves the page from this browser when the peer that served it is gone. Each build has a cache of its own, filled whole or not at all; while the peer
// answers, what it serves is shown, so that nobody sees an old page after an upgrade. All but index.html bears its hash in its name: no page is ever
// made of two builds.

/** What TypeScript's types of a page do not know of a service worker. */
interface WorkerScope {
  readonly location: Location
  addEventListener(
    name: 'install' | 'activate',
    listener: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void
  addEventListener(
    name: 'fetch',
    listener: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void
  skipWaiting(): Promise<void>
}

/** Put in by the build: its name, which stands in index.html too, and its files beside that. */
declare const BUILD: string
declare const FILES: readonly string[]

const scope = globalThis as unknown as WorkerScope
const prefix = 'joinery-notes-'
const cacheName = prefix + BUILD
/** A peer that gives no answer is as good as gone. */
const patienceMs = 3_000

scope.addEventListener('install', (event) => {
  // No page of an older build loads anything later, so nothing is taken from it.
  event.waitUntil(fill().then(() => scope.skipWaiting()))
})

scope.addEventListener('activate', (event) => event.waitUntil(clear()))

scope.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== scope.location.origin) return
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (FILES.includes(`.${pathname}`)) event.respondWith(file(request))
})

async function fill(): Promise<void> {
  const index = await fetch('./', { cache: 'no-store' })
  // The peer may have been upgraded this very moment: then the next visit brings the next worker.
  if (!index.ok || !(await index.clone().text()).includes(BUILD)) throw new Error('The page is of another build.')
  const cache = await caches.open(cacheName)
  await cache.addAll(FILES.map((path) => new Request(path, { cache: 'no-store' })))
  await cache.put('./', index)
}

async function clear(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith(prefix) && name !== cacheName).map((name) => caches.delete(name)),
  )
}

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(patienceMs) })
  } catch {
    // The peer is gone, which is what we are here for.
    return (await kept('./')) ?? Response.error()
  }
}

async function file(request: Request): Promise<Response> {
  return (await kept(request)) ?? fetch(request)
}

async function kept(request: Request | string): Promise<Response | undefined> {
  const cache = await caches.open(cacheName)
  return cache.match(request)
}
