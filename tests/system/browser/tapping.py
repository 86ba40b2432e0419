"""What a test does on a tablet beside touching it: signing in quickly, deciding by the page's own script, looking
into its store."""

from typing import Any

from playwright.sync_api import BrowserContext, Page

SEND = """async ([decision, title, options]) => {
  const never = new Promise((_, reject) => setTimeout(() => reject(new Error("the page has no scripts")), 10_000));
  const outbox = await Promise.race([import(document.querySelector('script[src*="/js/outbox.js"]').src), never]);
  return outbox.send(decision, title, options);
}"""
KEPT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("jidoka");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction("outbox").objectStore("outbox").getAll();
    all.onsuccess = () => { opening.result.close(); resolve(all.result); };
  };
})"""


def sign_in(context: BrowserContext, address: str, name: str, password: str) -> None:
    """Opens a session without the page for it."""
    answer = context.request.post(f"{address}/api/v1/session", data={"name": name, "password": password})
    assert answer.ok, answer.text()


def tap(page: Page, decision: dict[str, Any], title: str = "Decision", deadline: str | None = None) -> str:
    """Decides as the sheet does at its second touch; the decision's id, once the tablet has it for certain."""
    tapped: str = page.evaluate(SEND, [decision, title, {"deadline": deadline} if deadline else {}])
    return tapped


def outbox(page: Page) -> list[dict[str, Any]]:
    """What the tablet keeps."""
    kept: list[dict[str, Any]] = page.evaluate(KEPT)
    return kept
