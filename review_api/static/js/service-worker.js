// Keeps the shell of the app on the tablet (KNOWN, written above this by the station, says which files), and the last
// pages, to be shown, marked as old, while there is no network. It never keeps an answer of the API.

const SHELL = `shell-${KNOWN.version}`;
const PAGES = "pages";
const ANSWER_WITHIN_MS = 8000;
// Refreshed pages are kept too, but not at each refresh.
const KEEP_APART_MS = 10000;
const KEPT_AT = "X-Kept-At";
// Another person, or another language: what was kept is not for them.
const FORGETTING = ["/sign-in", "/sign-out", "/language"];

const keptAt = new Map();

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (FORGETTING.includes(pathname)) event.waitUntil(forget());
  if (request.method !== "GET" || pathname.startsWith("/api/")) return;
  if (pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(event));
  else if (request.headers.has("HX-Request")) event.respondWith(refreshed(event));
});

async function install() {
  const shell = await caches.open(SHELL);
  await shell.addAll([...KNOWN.keeps, KNOWN.networkless]);
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (name !== SHELL) await caches.delete(name);
  await self.clients.claim();
}

async function forget() {
  keptAt.clear();
  await caches.delete(PAGES);
}

async function file(request) {
  const shell = await caches.open(SHELL);
  return (await shell.match(request, { ignoreVary: true })) ?? fetch(request);
}

async function page(event) {
  const { request } = event;
  const answer = fetch(request);
  try {
    const response = await Promise.race([answer, late()]);
    if (isToBeKept(response)) event.waitUntil(keep(request.url, response.clone()));
    return response;
  } catch {
    return (await known(request.url)) ?? (await caches.match(KNOWN.networkless, { ignoreVary: true })) ?? answer;
  }
}

async function refreshed(event) {
  const { url } = event.request;
  const response = await fetch(event.request);
  const isDue = Date.now() - (keptAt.get(url) ?? 0) > KEEP_APART_MS;
  if (isDue && isToBeKept(response)) event.waitUntil(keep(url, response.clone()));
  return response;
}

const late = () =>
  new Promise((_, reject) => { setTimeout(() => reject(new Error("No answer in time.")), ANSWER_WITHIN_MS); });

const isToBeKept = ({ ok, redirected, url, headers }) =>
  ok && !redirected && headers.get("Content-Type")?.startsWith("text/html") && !FORGETTING.includes(new URL(url).pathname);

async function keep(url, response) {
  const text = await response.text();
  if (!/^\s*<!doctype html>/i.test(text)) return;
  keptAt.set(url, Date.now());
  const headers = { "Content-Type": "text/html; charset=utf-8", [KEPT_AT]: new Date().toISOString() };
  const policy = response.headers.get("Content-Security-Policy");
  if (policy) headers["Content-Security-Policy"] = policy;
  await (await caches.open(PAGES)).put(url, new Response(text, { headers }));
}

// A kept page says in its first tag since when it is, and the scripts of the page draw that where nobody misses it.
async function known(url) {
  const found = await (await caches.open(PAGES)).match(url, { ignoreVary: true });
  const at = found?.headers.get(KEPT_AT);
  if (!at || Date.now() - Date.parse(at) > KNOWN.kept_for_s * 1000) return undefined;
  const text = (await found.text()).replace("<html ", `<html data-kept="${at}" `);
  return new Response(text, { headers: found.headers });
}
